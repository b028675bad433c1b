"""Rows that subtract one corpus from another: their interval and p-value, or why they have none."""

from dataclasses import replace
from random import Random

import pytest

from tod_bench.corpora.base import open_corpus
from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run
from tod_bench.predictions import read_predictions, write_predictions
from tod_bench.records import Prediction, first_values
from tod_bench.reports import table_of
from tod_bench.reports.page import page_data, render
from tod_bench.reports.runs import save_run
from tod_bench.scoring import Settings, compare, score_rows
from tod_bench.splits import read_all
from tod_bench.statistics import holm, paired_bootstrap

SIZES = {"train": 20, "dev": 5, "test": 30}
STYLES = {"restyled": "personalised", "plain": "original"}
CONFIG = {
    "name": "pair",
    "corpora": {
        label: {"corpus": "simulated", "options": {"style": style, "dialogues": SIZES}}
        for label, style in STYLES.items()
    },
    "systems": {"rule_match": {"system": "rule_match"}, "oracle": {"system": "oracle"}},
    "tasks": {"dst": {"metrics": ["jga", "domain_jga_all"]}, "policy": {"metrics": ["act_f1"]}},
    "table": {
        "columns": [
            {"label": "JGA", "task": "dst", "metric": "jga"},
            {"label": "hotel", "task": "dst", "metric": "domain_jga_all", "domain": "hotel"},
            {"label": "F1", "task": "policy", "metric": "act_f1"},
        ],
        "difference": {"corpus": "restyled", "minus": "plain"},
    },
    "bootstrap": {"draws": 200, "seed": 3},
}


def finished(store, **changes):
    config = EvalConfig.model_validate({**CONFIG, **changes})
    return save_run(store, config, run(build(config), Store(store)))


@pytest.fixture(scope="module")
def paired(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("pair"))


def differences(table):
    return {row.system: row.numbers for row in table.rows if row.difference}


def test_scores_of_pooled_units_are_tested_as_they_are_compared(tmp_path):
    """AUROC has no statistics to sum; its difference row has the interval and p-value of `tod-bench compare`."""
    files = {}
    for label, style in STYLES.items():
        dialogues = read_all(open_corpus("simulated", style=style, dialogues=SIZES), "test")
        files[label] = tmp_path / f"{label}.jsonl"
        write_predictions(files[label], unsure(dialogues, seed=len(label)))
    column = {"task": "dst", "metric": "auroc"}
    table = {
        "columns": [{"label": "AUROC", **column}, {"label": "hotel", **column, "domain": "hotel"}],
        "difference": CONFIG["table"]["difference"],
    }
    systems = {"theirs": {"predictions": f"{tmp_path}/{{corpus}}.jsonl", "tasks": ["dst"]}}
    done = finished(tmp_path / "runs", systems=systems, tasks={"dst": {"metrics": ["auroc"]}}, table=table)
    whole, hotel = differences(table_of(done))["theirs"]
    corpus = open_corpus("simulated", dialogues=SIZES)
    compared = compare(
        *("dst", read_all(corpus, "test"), by_turn(files["restyled"]), by_turn(files["plain"])),
        **{"corpus_name": "c", "split": "test", "schema": corpus.schema},
        metrics=["auroc"],
        by_domain=True,
        settings=Settings(draws=200, seed=3),
    )
    expected = {str(one.slice or ""): one for one in compared}
    of_hotel = next(one for name, one in expected.items() if "hotel" in name)
    for number, one in ((whole, expected[""]), (hotel, of_hotel)):
        assert number.value == pytest.approx(one.difference)
        assert (number.low, number.high) == pytest.approx((one.low, one.high))
        assert number.p is not None
    same = {**systems, "theirs": {"predictions": str(files["plain"]), "tasks": ["dst"]}}
    done = finished(tmp_path / "same", systems=same, tasks={"dst": {"metrics": ["auroc"]}}, table=table)
    assert "same score on both corpora, dialogue by dialogue" in differences(table_of(done))["theirs"][0].note


def unsure(dialogues, seed):
    """Gold states with values that are wrong as often as their confidence says."""
    random = Random(seed)
    for dialogue in dialogues:
        for turn in dialogue.turns:
            state, confidence = first_values(turn.state), {}
            for domain, slots in state.items():
                sure = {slot: round(random.random() ** 0.3, 1) for slot in slots}
                state[domain] = {slot: "zzz" if random.random() > sure[slot] else slots[slot] for slot in slots}
                confidence[domain] = sure
            yield Prediction(dialogue.id, turn.index, state=state, confidence=confidence)


def by_turn(path):
    return {(one.dialogue_id, one.turn): one for one in read_predictions(path)}


def test_differences_are_tested_over_the_dialogues_of_both(paired):
    jga, hotel, f1 = differences(table_of(paired))["rule_match"]
    tests = []
    for metric, part in (("jga", ""), ("domain_jga_all", "hotel")):
        rows = []
        for label, style in STYLES.items():
            corpus = open_corpus("simulated", style=style, dialogues=SIZES)
            result = next(
                one
                for one in paired.results
                if (one.experiment.system, one.experiment.corpus, one.experiment.task) == ("rule_match", label, "dst")
            )
            scored = score_rows(
                "dst",
                read_all(corpus, "test"),
                list(read_predictions(paired.predictions(result))),
                corpus_name=corpus.name,
                split="test",
                schema=corpus.schema,
                metrics=[metric],
            )
            rows.append(next(row for row in scored if row.score.is_of(part)))
        tests.append(paired_bootstrap(rows[0].sums, rows[1].sums, rows[0].aggregate, draws=200, seed=3))
    corrected = holm([test.p_value for test in tests])
    for number, test, p in zip((jga, hotel), tests, corrected, strict=True):
        assert number.value == pytest.approx(test.effect)
        assert (number.low, number.high, number.p) == (test.interval.low, test.interval.high, p)
        assert number.low <= number.value <= number.high
    assert (f1.value, f1.low, f1.p) == (None, None, None)


def test_rows_that_are_not_shown_correct_nothing(paired, monkeypatch):
    corrected = []
    monkeypatch.setattr("tod_bench.reports.differences.holm", lambda p: corrected.append(len(p)) or p)
    for row in ({"label": "of one corpus alone", "corpora": ["plain"]}, {"label": "of both"}):
        value = {**CONFIG, "table": {**CONFIG["table"], "rows": [{"label": "shown"}, row]}}
        table_of(replace(paired, config=EvalConfig.model_validate(value)))
    assert corrected == [2, 4]  # JGA of all domains and of one; nothing else can be tested


def test_what_cannot_be_tested_says_why(paired, tmp_path):
    oracle = differences(table_of(paired))["oracle"]
    assert [(number.value, number.low, number.p) for number in oracle] == [(0.0, None, None)] * 3
    assert all("the same score on both corpora, dialogue by dialogue" in number.note for number in oracle)
    gone = replace(paired, stores=dict.fromkeys(paired.stores, tmp_path))
    notes = {number.note for number in differences(table_of(gone))["rule_match"] if number.value is not None}
    assert len(notes) == 1
    assert "predictions" in notes.pop()
    assert any(note.startswith("differences without interval and p-value: ") for note in table_of(gone).notes)


def test_two_equal_seeds_are_as_one_and_other_dialogues_have_no_test(paired, tmp_path):
    again = [replace(one, experiment=replace(one.experiment, seed=2)) for one in paired.results]
    seeds = replace(paired, results=(*paired.results, *again))
    one, two = (differences(table_of(run))["rule_match"][0] for run in (paired, seeds))
    assert two == replace(one, spread=0.0)
    assert two.low == one.low is not None
    corpora = {**CONFIG["corpora"], "plain": {**CONFIG["corpora"]["plain"], "splits": {"test": "test[:20]"}}}
    other = finished(tmp_path / "other", corpora=corpora)
    assert {number.note for number in differences(table_of(other))["oracle"]} == {
        "restyled and plain do not have the same test dialogues"
    }


def test_every_form_has_interval_and_p_and_the_rest_stays(paired):
    table = table_of(paired)
    number = differences(table)["rule_match"][0]
    text = f"p = {number.p:.4f}"
    assert text in table.to_markdown()
    assert text in table.to_latex()
    assert text in render(page_data(paired, dialogues=2))
    assert text in table._repr_html_()
    frame = table.to_pandas()
    assert len(frame) == len(table.rows) * len(table.columns)
    row = frame[
        (frame["system"] == "rule_match") & (frame["corpus"] == "restyled - plain") & (frame["column"] == "JGA")
    ]
    assert row["p"].tolist() == [number.p]
    assert row["value"].tolist() == [number.value]
    assert (
        "differences: 95% intervals and two-sided p-values of a paired bootstrap over dialogues" in table.to_markdown()
    )


def test_a_notebook_shows_the_best_bold_and_hostile_text_as_text(paired):
    table = table_of(paired)
    rows = (*table.rows, replace(table.rows[0], system="<script>", shown_gold=False))
    html = replace(table, rows=rows)._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert html.count("<strong>") == len(replace(table, rows=rows).best()) > 0


THEIRS_OVER_FLOOR = {"system": "theirs", "minus": "rule_match", "label": "theirs over the floor"}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    """A system of two seeds, of which the second answers nothing, beside a floor of one."""
    folder = tmp_path_factory.mktemp("seeded")
    for label, style in STYLES.items():
        dialogues = read_all(open_corpus("simulated", style=style, dialogues=SIZES), "test")
        for seed in (1, 2):
            said = unsure(dialogues, seed=len(label))
            answers = said if seed == 1 else (replace(one, state={}, confidence=None) for one in said)
            write_predictions(folder / f"{label}_{seed}.jsonl", answers)
    theirs = {"predictions": f"{folder}/{{corpus}}_{{seed}}.jsonl", "tasks": ["dst"], "seeds": [1, 2]}
    return finished(
        folder / "runs",
        systems={"rule_match": {"system": "rule_match"}, "theirs": theirs},
        tasks={"dst": {"metrics": ["jga"]}},
        table={
            "columns": [{"label": "JGA", "task": "dst", "metric": "jga"}],
            "differences": [
                THEIRS_OVER_FLOOR,
                {"system": "rule_match", "minus": "theirs", "corpus": "plain"},
                {"system": "theirs", "minus": "theirs", "corpus": "plain", "label": "none"},
            ],
        },
    )


def test_a_difference_of_systems_is_between_their_means_over_seeds(seeded):
    table = table_of(seeded)
    values = {(row.system, row.corpus): row.numbers[0].value for row in table.results}
    assert [(row.system, row.corpus) for row in table.between_systems] == [
        ("theirs over the floor", "restyled"),
        ("theirs over the floor", "plain"),
        ("rule_match - theirs", "plain"),
        ("none", "plain"),
    ]
    assert table.rows == (*table.results, *table.between_systems)
    restyled, plain, turned, none = (row.numbers[0] for row in table.between_systems)
    for corpus, number in (("restyled", restyled), ("plain", plain)):
        assert number.value == pytest.approx(values["theirs", corpus] - values["rule_match", corpus])
        assert number.low < number.value < number.high
        assert number.spread is None  # the floor has one seed
    assert (turned.value, turned.low, turned.high) == pytest.approx((-plain.value, -plain.high, -plain.low), abs=0.3)
    assert (none.value, none.low) == (0, None) or none.low == none.high == 0
    seeds = [
        one.scores[0].value
        for one in seeded.results
        if (one.experiment.system, one.experiment.corpus) == ("theirs", "plain")
    ]
    assert values["theirs", "plain"] == pytest.approx(sum(seeds) / 2)
    assert seeds[0] != seeds[1]


def test_differences_of_systems_are_set_apart_in_every_form(seeded):
    table = table_of(seeded)
    number = table.between_systems[0].numbers[0]
    markdown = table.to_markdown()
    above, below = markdown.split("### Differences between systems")
    assert "theirs over the floor" in below
    assert "theirs over the floor" not in above
    assert f"p = {number.p:.4f}" in below or "p < 0.0001" in below
    assert "say nothing of other seeds" in below
    assert table.to_latex().count(r"\midrule") == 2
    for html in (render(page_data(seeded, dialogues=2)), table._repr_html_()):
        assert html.index("Differences between systems") < html.index("theirs over the floor")
    assert "theirs over the floor" in table.to_csv()


def test_differences_of_systems_that_cannot_be_are_errors_all_at_once():
    wanted = [
        {"system": "rulematch", "minus": "oracle"},
        {"system": "oracle", "minus": "rule_match", "corpus": "plane"},
        {"system": "here", "minus": "there"},
    ]
    places = {
        label: {"system": "rule_match", "corpora": [corpus]}
        for label, corpus in (("here", "plain"), ("there", "restyled"))
    }
    changes = {"systems": {**CONFIG["systems"], **places}, "table": {**CONFIG["table"], "differences": wanted}}
    with pytest.raises(UserError) as caught:
        build(EvalConfig.model_validate({**CONFIG, **changes}))
    for sentence in (
        "'rulematch' is not a system of this config; did you mean 'rule_match'?",
        "'plane' is not a corpus of this config; did you mean 'plain'?",
        "here and there are not both tested on any corpus together",
    ):
        assert sentence in str(caught.value)
