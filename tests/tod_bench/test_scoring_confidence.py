"""Confidence and notes of prediction files, from file to table: calibration, what could not be read, what it took."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import tod_bench
from tod_bench.cli.main import command
from tod_bench.corpora.base import open_corpus
from tod_bench.errors import DataError, UserError
from tod_bench.predictions import to_json, usage_in, write_predictions
from tod_bench.records import Prediction, first_values
from tod_bench.scoring import compare_files, score
from tod_bench.scoring.comparison import Settings
from tod_bench.scoring.metrics import OF_NOTES
from tod_bench.scoring.pairing import noted_item
from tod_bench.statistics import bootstrap_interval, pooled_interval, pooled_tests
from tod_bench.statistics.paired import approximate_randomization, paired_bootstrap, standard_error
from tod_bench.updates import accumulated

SPLIT = "test[:40]"


@pytest.fixture(scope="module")
def corpus():
    return open_corpus("simulated")


@pytest.fixture(scope="module")
def dialogues(corpus):
    return list(corpus.dialogues("test"))[:40]


def answers(dialogues, seed, *, spread=1.0):
    """Gold states in which values are wrong as often as their confidence says, for `spread` 1."""
    rng, found = random.Random(seed), []
    for dialogue in dialogues:
        for turn in dialogue.turns:
            state, confidence = first_values(turn.state), {}
            for domain, slots in state.items():
                for slot in list(slots):
                    sure = round(rng.random() ** 0.3, 2)
                    slots[slot] = "zzz" if rng.random() > sure else slots[slot]
                    confidence.setdefault(domain, {})[slot] = sure**spread
            found.append(Prediction(dialogue.id, turn.index, state=state, confidence=confidence))
    return found


@pytest.fixture(scope="module")
def predictions(dialogues):
    return answers(dialogues, 0)


@pytest.fixture(scope="module")
def file(tmp_path_factory, predictions):
    path = tmp_path_factory.mktemp("confidence") / "predictions.jsonl"
    write_predictions(path, predictions)
    return path


def scored(corpus, dialogues, predictions, *metrics, **request):
    where = {"corpus_name": "toy", "split": "test", "schema": corpus.schema, "draws": 0}
    return score("dst", dialogues, predictions, metrics=metrics, **{**where, **request})


def test_values_are_those_of_scikit_learn_and_slot_precision(corpus, dialogues, predictions):
    sklearn = pytest.importorskip("sklearn.metrics")
    sheet = scored(corpus, dialogues, predictions, "auroc", "brier", "slot_precision")
    values = {one.metric: one for one in sheet if not one.slice}
    pool = sheet.pooled[0].pool
    assert values["auroc"].value == pytest.approx(100 * sklearn.roc_auc_score(pool.right, pool.confidence))
    assert values["brier"].value == pytest.approx(100 * sklearn.brier_score_loss(pool.right, pool.confidence))
    assert values["slot_precision"].value == pytest.approx(100 * pool.right.mean())
    assert values["auroc"].n == len(pool) == sum(len(slots) for one in predictions for slots in one.state.values())


def test_a_domain_has_the_values_of_its_own(corpus, dialogues, predictions):
    sheet = scored(corpus, dialogues, predictions, "auroc", "brier", "auroc(unit=turn)")
    whole, *domains = [row for row in sheet.pooled if row.score.metric == "auroc"]
    assert {row.score.slice.name for row in domains} == set(corpus.schema)
    assert sum(len(row.pool) for row in domains) == len(whole.pool)
    assert not any(row.score.slice for row in sheet.pooled if row.score.metric == "auroc(unit=turn)")
    hotel = next(row for row in sheet.pooled if row.score.metric == "brier" and row.score.is_of("hotel"))
    gold = {(dialogue.id, turn.index): turn.state for dialogue in dialogues for turn in dialogue.turns}
    squared = [
        (sure - (prediction.state["hotel"][slot] in gold[prediction.dialogue_id, prediction.turn]["hotel"][slot])) ** 2
        for prediction in predictions
        for slot, sure in prediction.confidence.get("hotel", {}).items()
    ]
    assert hotel.score.n == len(squared)
    assert hotel.value == pytest.approx(100 * np.mean(squared))
    # A value without a confidence is counted where it is.
    first = next(one for one in predictions if one.confidence.get("hotel"))
    bare = replace(first, confidence={**first.confidence, "hotel": {}})
    others = [one for one in predictions if one is not first]
    lacking = scored(corpus, dialogues, [bare, *others], "auroc")
    assert {row.score.slice.name for row in lacking.pooled[1:] if row.pool.without} == {"hotel"}
    assert lacking.pooled[0].pool.without == len(first.state["hotel"])


def test_turns_are_right_where_jga_says_so(corpus, dialogues, predictions):
    sheet = scored(corpus, dialogues, predictions, "auroc(unit=turn)", "jga")
    pool = sheet.pooled[0].pool
    empty = sum(not any(one.state.values()) for one in predictions)
    assert (len(pool), pool.without) == (len(predictions) - empty, empty)
    jga = next(one for one in sheet if one.metric == "jga")
    # An empty state is right here: gold is empty too.
    assert pool.right.sum() + empty == pytest.approx(jga.value * jga.n / 100)


def test_intervals_resample_dialogues(corpus, dialogues, predictions):
    sheet = scored(corpus, dialogues, predictions, "auroc", "brier", draws=200)
    for one in sheet:
        assert one.low < one.value < one.high
    brier = next(one for one in sheet if one.metric == "brier" and not one.slice)
    # The Brier score is a mean, so its interval must be that of its sums.
    row = next(row for row in sheet.pooled if row.score.metric == "brier")
    squared = (row.pool.confidence - row.pool.right) ** 2
    sums = np.column_stack(
        [np.bincount(row.pool.cluster, weights=column, minlength=40) for column in (squared, np.ones(len(squared)))]
    )
    interval = bootstrap_interval(sums, lambda total: 100 * total[..., 0] / total[..., 1], draws=200)
    assert (brier.low, brier.high) == pytest.approx((interval.low, interval.high))


def test_the_interval_of_a_biased_score_is_reflected():
    """The draws of |mean| of noise around 0 are larger than it: reflected, they reach down to the truth."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=60) + 0.1

    def score_of(counts):
        return np.abs(counts @ noise / counts.sum(axis=1))

    drawn = pooled_interval(score_of, 60, draws=500, method="percentile")
    reflected = pooled_interval(score_of, 60, draws=500, method="basic")
    value = abs(noise.mean())
    assert reflected.low < 2 * value - drawn.high + 1e-9
    assert reflected.low < value


def test_tests_of_pooled_scores_are_those_of_sums():
    """A ratio can be tested both ways: p-values and intervals are the same."""
    rng = np.random.default_rng(1)
    a, b = (np.column_stack([rng.poisson(mean, 12), np.full(12, 9)]).astype(float) for mean in (4, 6))

    def aggregate(sums):
        return sums[..., 0] / sums[..., 1]

    both = np.vstack([a, b])
    tests = pooled_tests(lambda counts: aggregate(counts @ both), 12, draws=5000)
    for ours, theirs in (
        (tests.randomization, approximate_randomization(a, b, aggregate, draws=5000)),
        (tests.bootstrap, paired_bootstrap(a, b, aggregate, draws=5000)),
    ):
        assert ours.p_value == pytest.approx(theirs.p_value)
        assert ours.effect == pytest.approx(theirs.effect)
        assert (ours.interval.low, ours.interval.high) == pytest.approx((theirs.interval.low, theirs.interval.high))
    assert tests.randomization.exact
    assert tests.error == pytest.approx(
        standard_error(np.hstack([a, b]), lambda sums: aggregate(sums[..., :2]) - aggregate(sums[..., 2:]))
    )


def test_two_files_are_compared(tmp_path, corpus, dialogues, predictions, file):
    other = tmp_path / "b.jsonl"
    write_predictions(other, answers(dialogues, 1, spread=3.0))
    settings = Settings(draws=200)
    found = compare_files(corpus, SPLIT, (file, other), metrics=["ece", "jga", "auroc"], settings=settings)
    assert [one.metric for one in found] == ["ece", "jga", "auroc"]
    assert found[0].verdict == "A"
    assert found[0].difference == pytest.approx(found[0].a - found[0].b)
    assert found[0].low < found[0].difference < found[0].high
    assert found[0].detectable > 0
    same = compare_files(corpus, SPLIT, (file, file), metrics=["auroc"], settings=settings)[0]
    assert (same.difference, same.verdict, same.detectable) == (0, "undecided", None)


def test_a_system_without_confidence_is_undefined_in_a_comparison(tmp_path, corpus, predictions, file):
    silent = tmp_path / "silent.jsonl"
    write_predictions(silent, [replace(one, confidence=None) for one in predictions])
    one = compare_files(corpus, SPLIT, (file, silent), metrics=["auroc"], settings=Settings(draws=50))[0]
    assert (one.b, one.difference, one.p_bootstrap, one.verdict) == (None, None, None, "undecided")
    assert any("none of" in note and "has a confidence" in note for note in one.notes)


def test_calibration_from_python(tmp_path, corpus, file):
    report = tod_bench.score(file, corpus, split=SPLIT, metrics=["jga"], calibration=True, draws=50)
    values, turns = report.calibration
    assert (values.unit, turns.unit, values.protocol) == ("slot", "turn", "tod_bench")
    assert values.coverage == 1.0
    assert report.find("auroc").value > 60
    assert report.find("ece").value < 12
    content = report.to_json()["calibration"][0]
    assert content["risk_coverage"][-1]["coverage"] == 100
    assert sum(one["units"] for one in content["reliability"]) == content["n"] == values.n
    assert "calibration" in report.to_markdown()
    with pytest.raises(UserError, match="has to end in"):
        report.write_calibration(tmp_path / "x.txt")
    bare = tod_bench.score(file, corpus, split=SPLIT, metrics=["jga"], draws=0)
    with pytest.raises(UserError, match="calibration=True"):
        bare.write_calibration(tmp_path / "x.svg")


def test_protocols_that_are_named_are_those_of_the_calibration(corpus, file):
    report = tod_bench.score(
        file, corpus, split=SPLIT, metrics=["jga"], protocols=["trade", "mwzeval"], calibration=True, draws=0
    )
    assert [(one.protocol, one.unit) for one in report.calibration] == [
        *(("trade", "slot"), ("trade", "turn"), ("mwzeval", "slot"), ("mwzeval", "turn"))
    ]
    with pytest.raises(UserError, match="not defined under pptod"):
        tod_bench.score(file, corpus, split=SPLIT, metrics=["jga"], protocols=["pptod"], calibration=True, draws=0)


def run(*line):
    return CliRunner().invoke(command, list(map(str, line)))


@pytest.mark.parametrize("ending", ["svg", "png", "html"])
def test_the_command_writes_plots_and_numbers(tmp_path, file, ending):
    out = tmp_path / f"calibration.{ending}"
    line = ["score", file, "--corpus", "simulated", "--split", SPLIT, "-m", "jga", "-p", "tod_bench", "--draws", 20]
    done = run(*line, "--calibration", "-o", out)
    assert done.exit_code == 0, done.output
    assert "n with confidence" in done.output
    content = out.read_bytes()
    assert {"svg": b"<svg", "png": b"\x89PNG", "html": b"Calibration under tod_bench"}[ending] in content
    assert b"nan" not in content.lower() or ending == "png"
    numbers = json.loads((tmp_path / "calibration.json").read_text())["calibration"]
    assert [one["unit"] for one in numbers] == ["slot", "turn"]


def test_a_plot_is_refused_without_calibration_before_anything_is_scored(tmp_path):
    done = run("score", tmp_path / "none.jsonl", "--corpus", "simulated", "-o", tmp_path / "x.svg")
    assert isinstance(done.exception, UserError)
    assert "add --calibration" in str(done.exception)


@pytest.mark.parametrize("asked", [["--calibration"], ["-m", "auroc"], ["-m", "jga", "-m", "ece(unit=turn)"]])
def test_refused_in_a_sentence_where_no_prediction_has_confidence(tmp_path, predictions, asked):
    path = tmp_path / "silent.jsonl"
    write_predictions(path, [replace(one, confidence=None) for one in predictions])
    done = run("score", path, "--corpus", "simulated", "--split", SPLIT, *asked)
    assert isinstance(done.exception, UserError)
    assert "needs the field 'confidence' of predictions" in str(done.exception)


def test_groups_have_rows(corpus, dialogues, predictions):
    people = [
        replace(one, persona=tod_bench.records.Persona(age=("child", "senior")[number % 2]))
        for number, one in enumerate(dialogues)
    ]
    sheet = scored(corpus, people, predictions, "auroc", "brier", groups=["age"])
    whole, child, senior = (
        one for one in sheet if one.metric == "brier" and (not one.slice or one.slice.kind == "age")
    )
    assert child.n + senior.n == whole.n
    assert child.value * child.n + senior.value * senior.n == pytest.approx(whole.value * whole.n)


def test_updates_keep_the_confidence_that_values_came_with():
    updates = [
        Prediction("d", 0, state={"hotel": {"area": "east"}}, confidence={"hotel": {"area": 0.9}}),
        Prediction("d", 1, state={"hotel": {"stars": "4"}}, confidence={"hotel": {"stars": 0.5}}),
        Prediction("d", 2, state={"hotel": {"area": "west"}}),
        Prediction("d", 3, state={"hotel": {"stars": "none"}}, confidence={"hotel": {"stars": 0.8}}),
    ]
    states = [(one.state, one.confidence) for one in accumulated(updates)]
    assert states[1] == ({"hotel": {"area": "east", "stars": "4"}}, {"hotel": {"area": 0.9, "stars": 0.5}})
    assert states[2] == ({"hotel": {"area": "west", "stars": "4"}}, {"hotel": {"stars": 0.5}})
    assert states[3] == ({"hotel": {"area": "west"}}, None)


NOTES = {"usage": {"requests": 1, "prompt_tokens": 100, "completion_tokens": 9, "seconds": 0.5, "usd": 0.0004}}


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ({}, (None, None, None, {})),
        ({"unreadable": True}, (True, 1, None, {})),
        ({"unreadable": True, "unread": ["a", "b"]}, (True, 2, None, {})),
        ({"unread": ["a"], "unknown": []}, (None, 1, 0, {})),
        ({"unread": 3, "unknown": "x", "unreadable": "yes", "usage": 4}, (None, None, None, {})),
        (
            NOTES,
            (False, 0, 0, {"requests": 1, "prompt_tokens": 100, "completion_tokens": 9, "seconds": 0.5, "usd": 0.0004}),
        ),
        ({"usage": {"usd": True, "seconds": -1, "requests": "2", "tokens": 5}}, (None, None, None, {})),
    ],
)
def test_notes_are_read_as_far_as_they_have_the_form(dialogues, notes, expected):
    turn = dialogues[0].turns[0]
    found = noted_item(dialogues[0], turn, Prediction(dialogues[0].id, turn.index, state={}, notes=notes))
    assert (found.unreadable, found.unread, found.unknown, found.usage) == expected


def test_usage_of_a_response_says_nothing_of_the_schema(dialogues):
    turn = dialogues[0].turns[0]
    found = noted_item(dialogues[0], turn, Prediction(dialogues[0].id, turn.index, response="x", notes=NOTES))
    assert (found.unread, found.unknown) == (0, None)
    assert usage_in({"usage": {"seconds": float("inf")}}) == {}


@pytest.mark.parametrize("task", ["dst", "policy", "response"])
def test_notes_are_scored_for_every_task(corpus, dialogues, task):
    few = dialogues[:3]
    made = [
        replace(tod_bench.tasks.gold_prediction(dialogue, turn), notes={**NOTES, "unreadable": turn.index == 0})
        for dialogue in few
        for turn in dialogue.turns
    ]
    report = tod_bench.score(made, corpus, split="test[:3]", task=task, metrics=OF_NOTES, draws=20)
    assert report.find("unread_rate").value == pytest.approx(100 * len(few) / report.find("unread_rate").n)
    assert report.find("usd_per_turn").value == pytest.approx(0.0004)
    assert "0.00040" in report.to_markdown()
    assert report.find("tokens_per_turn").value == 109
    unnoted = [replace(one, notes={}) for one in made]
    silent = tod_bench.score(unnoted, corpus, split="test[:3]", task=task, metrics=["unread_rate"], draws=0)
    assert silent.find("unread_rate").value is None
    assert "so unread_rate is undefined" in silent.to_markdown()


def test_notes_are_shown_where_there_are_some(corpus, predictions):
    noting = [replace(one, notes={"unread": ["area"] if one.turn else []}) for one in predictions]
    shown = {one.metric for one in tod_bench.score(noting, corpus, split=SPLIT, draws=0)}
    assert shown & set(OF_NOTES) == {"unread_pieces"}
    assert not {one.metric for one in tod_bench.score(predictions, corpus, split=SPLIT, draws=0)} & set(OF_NOTES)


def test_metrics_of_every_task_are_compared_for_the_task_that_is_answered(tmp_path, corpus, dialogues):
    files = []
    for number, unreadable in enumerate((True, False)):
        files.append(tmp_path / f"{number}.jsonl")
        made = [
            Prediction(dialogue.id, turn.index, response="x", notes={"unreadable": unreadable})
            for dialogue in dialogues
            for turn in dialogue.turns
        ]
        write_predictions(files[-1], made)
    one = compare_files(corpus, SPLIT, (files[0], files[1]), metrics=["unread_rate"], settings=Settings(draws=50))[0]
    assert (one.a, one.b, one.verdict) == (100, 0, "B")


def test_a_confidence_that_is_none_is_refused_with_its_line(tmp_path, corpus, predictions):
    path = tmp_path / "bad.jsonl"
    lines = [to_json(one) for one in predictions]
    lines[1]["confidence"] = {"hotel": {"area": 1.5}}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(DataError, match="line 2"):
        tod_bench.score(path, corpus, split=SPLIT, metrics=["auroc"])
