"""Comparing two systems: hand-made predictions whose verdict is known, and every way to get it wrong."""

import json
import random
from dataclasses import replace

import pytest
from click.testing import CliRunner

from tod_bench.cli.compare import command
from tod_bench.corpora.base import Corpus
from tod_bench.errors import DataError, UserError
from tod_bench.predictions import write_predictions
from tod_bench.records import Act, Dialogue, Prediction, SlotSpec, Turn
from tod_bench.reports.comparison import sentence
from tod_bench.scoring import score
from tod_bench.scoring.comparison import Settings, compare, compare_files, task_of
from tod_bench.statistics import holm

SCHEMA = {"hotel": {"area": SlotSpec(), "stars": SlotSpec()}, "taxi": {"destination": SlotSpec()}}
WHERE = {"corpus_name": "toy", "split": "test", "schema": SCHEMA}
QUICK = Settings(draws=500)


def gold(count=60):
    def state(turn):
        return {"hotel": {"area": ("east",)}} | ({"taxi": {"destination": ("museum",)}} if turn else {})

    return [
        Dialogue(
            f"d{number}",
            "toy",
            "test",
            ("hotel", "taxi"),
            tuple(
                Turn(turn, "hi", "ho", state=state(turn), acts=(Act("hotel", "inform", "area", "east"),))
                for turn in range(3)
            ),
        )
        for number in range(count)
    ]


def predictions(wrong, seed=0, count=60):
    """Gold, but for a share of dialogues whose hotel is wrong throughout."""
    rng = random.Random(seed)
    found = {}
    for dialogue in gold(count):
        area = "west" if rng.random() < wrong else "east"
        for turn in dialogue.turns:
            state = {domain: {slot: v[0] for slot, v in slots.items()} for domain, slots in turn.state.items()}
            state["hotel"]["area"] = area
            found[dialogue.id, turn.index] = Prediction(dialogue.id, turn.index, state=state, acts=turn.acts)
    return found


def test_the_better_system_is_named_with_its_lead():
    (one,) = compare("dst", gold(), predictions(0.1), predictions(0.6, 1), **WHERE, settings=QUICK)
    assert (one.metric, one.protocol, one.verdict, one.dialogues) == ("jga", "tod_bench", "A", 60)
    assert one.difference == pytest.approx(one.a - one.b)
    assert one.low < one.difference < one.high
    assert 0 < one.p_randomization <= 0.01
    assert one.detectable < one.difference
    assert sentence(one, QUICK).startswith(f"jga@tod_bench: A is better by {one.difference:.2f} points, 95% interval")
    (turned,) = compare("dst", gold(), predictions(0.6, 1), predictions(0.1), **WHERE, settings=QUICK)
    assert (turned.verdict, turned.difference) == ("B", pytest.approx(-one.difference))


def test_the_scores_are_those_of_scoring():
    a, b = predictions(0.1), predictions(0.6, 1)
    compared = compare("dst", gold(), a, b, **WHERE, metrics=["slot_f1", "jga@trade"], settings=QUICK)
    for side, given in (("a", a), ("b", b)):
        scored = score("dst", gold(), given, **WHERE, metrics=["slot_f1", "jga@trade"], draws=0)
        assert [getattr(one, side) for one in compared] == [one.value for one in scored if not one.slice]
    assert [f"|n:{one.n}|" in str(one.signature) for one in scored] == [True] * len(scored)
    assert "|n:" not in str(compared[0].signature)


def test_no_difference_says_how_large_a_one_could_have_hidden():
    (one,) = compare("dst", gold(), predictions(0.30), predictions(0.33, 2), **WHERE, settings=QUICK)
    assert one.verdict == "undecided"
    assert one.detectable > abs(one.difference)
    assert "no difference was shown" in sentence(one, QUICK)
    assert f"show differences from {one.detectable:.2f} points on with 80% power" in sentence(one, QUICK)


def test_a_system_against_itself():
    (one,) = compare("dst", gold(), predictions(0.3), predictions(0.3), **WHERE, settings=QUICK)
    assert (one.difference, one.p_randomization, one.p_bootstrap, one.detectable) == (0.0, 1.0, 1.0, None)
    assert (one.verdict, one.exact) == ("undecided", True)
    assert "score alike on every dialogue" in sentence(one, QUICK)


def test_p_values_are_corrected_over_all_that_was_compared():
    a, b = predictions(0.2), predictions(0.4, 3)
    alone = [compare("dst", gold(), a, b, **WHERE, metrics=[name], settings=QUICK)[0] for name in ("jga", "slot_f1")]
    together = compare("dst", gold(), a, b, **WHERE, metrics=["jga", "slot_f1"], settings=QUICK)
    assert [one.p_randomization for one in together] == holm([one.p_randomization for one in alone])
    assert [one.p_bootstrap for one in together] == holm([one.p_bootstrap for one in alone])
    assert all(one.detectable > other.detectable for one, other in zip(together, alone, strict=True))


def test_domains_apart():
    found = compare("dst", gold(), predictions(0.1), predictions(0.6, 1), **WHERE, metrics=["slot_f1"], by_domain=True)
    by_name = {str(one.slice or ""): one for one in found}
    assert sorted(by_name) == ["", "hotel", "taxi"]
    assert (by_name["taxi"].verdict, by_name["hotel"].verdict) == ("undecided", "A")


def test_other_tasks():
    assert (task_of("jga@trade"), task_of("act_f1"), task_of("bleu")) == ("dst", "policy", "response")
    (one,) = compare("policy", gold(), predictions(0.1), predictions(0.6), **WHERE, settings=QUICK)
    assert (one.metric, one.a, one.b, one.verdict) == ("act_f1", 100.0, 100.0, "undecided")
    with pytest.raises(UserError, match="there is no metric 'jgaa'; did you mean 'jga'"):
        task_of("jgaa")


def test_what_does_not_fit_gold_is_refused_with_the_file():
    a, b = predictions(0.1), predictions(0.2)
    strange = {**b, ("d99", 0): Prediction("d99", 0, state={})}
    with pytest.raises(DataError, match=r"b.jsonl, dialogue d99: there is no such dialogue"):
        compare("dst", gold(), a, strange, **WHERE, names=("a.jsonl", "b.jsonl"))
    lacking = {key: one for key, one in a.items() if key != ("d3", 1)}
    with pytest.raises(DataError, match=r"a.jsonl, dialogue d3, turn 1: .*--partial"):
        compare("dst", gold(), lacking, b, **WHERE, names=("a.jsonl", "b.jsonl"))


def test_partial_files_must_lack_the_same_turns():
    a, b = predictions(0.1), predictions(0.6, 1)
    lacking = [{key: one for key, one in side.items() if key != ("d3", 1)} for side in (a, b)]
    (one,) = compare("dst", gold(), *lacking, **WHERE, partial=True, settings=QUICK)
    assert one.coverage == pytest.approx(179 / 180)
    assert one.notes == ("179 of 180 turns are predicted; the others count as wrong",)
    unasked = {**b, ("d3", 1): replace(b["d3", 1], state=None)}
    for other in (lacking[1], unasked):
        with pytest.raises(DataError, match="d3, turn 1: a has a predicted state for this turn and b has none"):
            compare("dst", gold(), a, other, **WHERE, partial=True, names=("a", "b"))


def test_one_dialogue_and_undefined_scores_are_not_compared():
    (one,) = compare("dst", gold(1), predictions(0, count=1), predictions(1, count=1), **WHERE)
    assert (one.difference, one.p_randomization, one.verdict) == (100.0, None, "undecided")
    assert sentence(one, QUICK).startswith("jga@tod_bench: not comparable (an interval needs at least two dialogues")


def test_what_no_test_over_dialogues_fits_is_refused():
    with pytest.raises(UserError, match="distinct_ngrams looks at the whole corpus at once"):
        compare("response", gold(), predictions(0.1), predictions(0.1), **WHERE, metrics=["distinct_ngrams"])
    with pytest.raises(UserError, match="there is no metric 'jgaa'"):
        compare("dst", gold(), predictions(0.1), predictions(0.1), **WHERE, metrics=["jgaa"])


def test_comparisons_are_json():
    (one,) = compare("dst", gold(), predictions(0.1), predictions(0.6), **WHERE, settings=QUICK)
    assert json.loads(json.dumps(one.to_json(), allow_nan=False))["verdict"] == "A"


@pytest.fixture
def files(tmp_path):
    paths = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    for path, found in zip(paths, (predictions(0.1), predictions(0.6, 1)), strict=True):
        write_predictions(path, found.values())
    return paths


class Toy(Corpus):
    """The corpus of `gold`."""

    name, splits, schema, database, skipped, fingerprint = "toy", ("test",), SCHEMA, None, (), "0"

    def __init__(self, path=None):
        pass

    def dialogues(self, split):
        return iter(gold())


def test_files_give_what_their_predictions_give(files):
    (one,) = compare_files(Toy(), "test", files, metrics=["jga"], protocol="trade", settings=QUICK)
    (other,) = compare(
        "dst", gold(), predictions(0.1), predictions(0.6, 1), **WHERE, metrics=["jga@trade"], settings=QUICK
    )
    assert one == other
    assert compare_files(Toy(), "test", files, settings=QUICK)[0].metric == "jga"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"metrics": ["jga", "act_f1"]}, "one task at a time: jga scores dst, act_f1 scores policy"),
        ({"metrics": ["jga"], "protocol": "trad"}, "trad"),
        ({"split": "dev"}, "toy has no split 'dev'; it has test"),
    ],
)
def test_what_cannot_be_compared_is_refused(files, arguments, problem):
    with pytest.raises(UserError, match=problem):
        compare_files(Toy(), arguments.pop("split", "test"), files, **arguments)


def test_files_without_a_task_in_common(files):
    write_predictions(files[0], [Prediction("d0", 0, state={})])
    write_predictions(files[1], [Prediction("d0", 0, response="yes")])
    with pytest.raises(UserError, match="answer no task in common"):
        compare_files(Toy(), "test", files)


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setattr("tod_bench.corpora.opening.corpus_class", lambda name: Toy)


def run(*arguments):
    return CliRunner().invoke(command, [*map(str, arguments)])


def test_the_command_prints_table_sentence_and_signature(files, toy):
    result = run(*files, "--corpus", "toy", "-m", "jga", "-m", "slot_f1", "--draws", 300)
    assert result.exit_code == 0, result.output
    assert f"A: {files[0]}" in result.output
    assert "jga@tod_bench: A is better by" in result.output
    assert "jga|corpus:toy|split:test|" in result.output
    assert "detectable (80% power)" in result.output
    assert "p-values are two-sided, over 60 dialogues, Holm-corrected over 2 comparisons." in result.output


def test_the_command_prints_json(files, toy):
    result = run(*files, "--corpus", "toy", "--json", "--draws", 300)
    assert [one["verdict"] for one in json.loads(result.output)] == ["A"]


def test_the_command_refuses_in_a_sentence(files, toy, capsys):
    from tod_bench.cli.main import main

    with pytest.raises(SystemExit) as stopped:
        main(["compare", str(files[0]), "nowhere.jsonl", "--corpus", "toy"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "tod-bench: nowhere.jsonl: there is no such file\n"
