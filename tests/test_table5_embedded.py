"""Table 5 on the embedded corpus: rows, controls and differences of its small variant, and what the whole one asks."""

from statistics import fmean

import pytest

from tod_bench.experiments.config import load_config
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run
from tod_bench.reports.page import table_of
from tod_bench.reports.runs import read_runs, save_run

IMAGE, UTTERANCE, SHUFFLED = "+ image", "+ utterance", "+ image of another user"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table5") / "runs"
    config = load_config("table5_embedded", small=True)
    save_run(folder, config, run(build(config), Store(folder)))
    return folder


@pytest.fixture(scope="module")
def finished(store):
    return read_runs(["table5_embedded_small"], store)[0]


def values(finished, system, metric):
    return [
        score.value
        for result in finished.results
        for score in result.scores
        if result.experiment.system == system and score.metric == metric and not score.slice
    ]


def test_rows_are_means_over_seeds_and_the_differences_are_between_them(finished):
    table = table_of(finished)
    rows = {row.system: dict(zip(table.columns, row.numbers, strict=True)) for row in table.results}
    assert rows["corpus's own"]["BLEU"].value == 100
    assert rows["corpus's own"]["slots said"].value > 50
    for system in (IMAGE, UTTERANCE, SHUFFLED):
        of_seeds = values(finished, system, "slots_said")
        assert len(of_seeds) == 2
        assert rows[system]["slots said"].value == pytest.approx(fmean(of_seeds))
    differences = {row.system: dict(zip(table.columns, row.numbers, strict=True)) for row in table.between_systems}
    assert list(differences) == ["image - image of another user", "image - none", "what there is to gain"]
    gain = differences["what there is to gain"]["BLEU"]
    assert gain.value == pytest.approx(100 - rows[IMAGE]["BLEU"].value)
    assert gain.low <= gain.value <= gain.high
    assert any("say nothing of other seeds" in note for note in table.notes)


def test_published_values_stand_in_rows_of_other_models(finished):
    table = table_of(finished)
    published = [row for row in table.results if any(number.published is not None for number in row.numbers)]
    assert {row.system for row in published} == set(load_config("table5").systems)
    assert all(number.value is None for row in published for number in row.numbers)
    assert any("published values are of other models" in note for note in table.notes)


def test_a_control_shares_the_training_of_its_row(store, finished):
    trainings = list(store.glob("models/*/fit.json"))
    assert len(trainings) == 4  # with picture and without, two seeds each
    control = [result for result in finished.results if result.experiment.system == SHUFFLED]
    row = [result for result in finished.results if result.experiment.system == IMAGE]
    assert {result.key for result in control}.isdisjoint(result.key for result in row)


def test_the_whole_table_has_every_row_its_controls_and_the_comparisons_that_the_gate_is_on():
    config = load_config("table5_embedded")
    plan = build(config)
    trained = [one for one in plan.experiments if plan.shared_training(one) and one.system.startswith(("+", "policy"))]
    assert {one.seed for one in trained} == {1, 2, 3}
    rows = {(one.system, one.corpus) for one in trained}
    for system in (UTTERANCE, IMAGE, SHUFFLED, "+ impression (Pictor)"):
        assert {corpus for name, corpus in rows if name == system} == {"restyled", "plain user"}
    params = {label: section.params for label, section in config.systems.items() if section.system == "pictor"}
    assert {label for label, one in params.items() if one.get("control", "none") != "none"} == {
        *(SHUFFLED, "+ impression of another user", "+ the corpus's impression"),
    }
    assert all(one["max_steps"] >= 1700 for one in params.values())
    compared = {(one.system, one.minus): config.compared_on(one) for one in config.table.differences}
    for pair in ((IMAGE, SHUFFLED), (IMAGE, UTTERANCE), ("+ impression (Pictor)", IMAGE)):
        assert compared[pair] == ("restyled", "plain user")
    assert set(config.tested) == {"restyled", "plain user", "restyled, trained on plain"}
