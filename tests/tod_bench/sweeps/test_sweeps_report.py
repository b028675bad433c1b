"""Trials of a sweep as runs that ``tod-bench report`` finds, merges and lays out."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tod_bench.cli.report import command
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run
from tod_bench.reports.page import page_data, table_of
from tod_bench.reports.runs import read_runs
from tod_bench.sweeps import Trial, expand, parts, run_all

RAW = {
    "name": "floors",
    "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": {"train": 4, "dev": 2, "test": 8}}}},
    "systems": {"sys": {"system": "carry_over"}, "top": {"system": "oracle"}},
    "tasks": {"dst": {"metrics": ["jga"]}},
    "bootstrap": {"draws": 20},
    "table": {"columns": [{"label": "JGA", "task": "dst", "metric": "jga"}]},
}
FACTORS = {
    "system": {"key": "systems.sys.system", "values": ["carry_over", "oracle"]},
    "size": {"levels": {"half/part": {"corpora.plain.splits.test": "test[:4]"}, "whole": {}}},
}


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    return expand(EvalConfig.model_validate({**RAW, "sweep": {"factors": FACTORS}}))


@pytest.fixture(scope="module")
def swept(trials: list[Trial], tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("swept")
    run_all(trials, store)
    return store


def test_the_trials_of_a_sweep_make_one_table(swept):
    (merged,) = read_runs(["floors"], swept)
    table = table_of(merged)
    values = {row.system: row.numbers[0].value for row in table.rows}
    assert len(values) == 8
    assert values["sys (system=oracle, size=whole)"] == values["top (system=carry_over, size=whole)"] == 100
    assert values["sys (system=carry_over, size=whole)"] < 100
    assert table.warnings == ("corpora.plain is not the same in all runs of floors",)
    assert read_runs([], swept)[0].results == merged.results


def test_a_trial_alone_can_be_reported_and_runs_can_be_chosen(swept):
    alone, other = "floors/system=oracle,size=whole", "floors/system=oracle,size=half%2Fpart"
    (one,) = read_runs([alone], swept)
    assert {result.experiment.system for result in one.results} == {
        "sys (system=oracle, size=whole)",
        "top (system=oracle, size=whole)",
    }
    (two,) = read_runs([alone, other], swept)
    assert len(two.results) == 4


def test_the_numbers_are_those_of_the_trials(trials, swept, tmp_path):
    (merged,) = read_runs(["floors"], swept)
    reported = {result.experiment.system: [score.value for score in result.scores] for result in merged.results}
    for number, trial in enumerate(trials):
        for result in run(build(trial.config), Store(tmp_path / str(number))):
            label = ", ".join(f"{factor}={level}" for factor, level in trial.levels.items())
            assert reported[f"{result.experiment.system} ({label})"] == [score.value for score in result.scores]


def test_every_row_of_the_page_has_its_own_predictions(swept):
    (merged,) = read_runs(["floors"], swept)
    assert {merged.predictions(result).is_file() for result in merged.results} == {True}
    assert len(page_data(merged, dialogues=2).table.rows) == 8


def test_report_prints_a_swept_store(swept):
    done = CliRunner().invoke(command, ["floors", "--store", str(swept), "--format", "json"])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.output)["floors"]["rows"]
    assert [row["system"] for row in rows][:2] == [
        "sys (system=carry_over, size=half/part)",
        "top (system=carry_over, size=half/part)",
    ]


def test_parts_of_a_run_are_no_runs_of_their_own(tmp_path):
    config = EvalConfig.model_validate(RAW)
    run_all(parts(config), tmp_path)
    assert list(tmp_path.glob("tables/**/run.json")) == []
    assert len(list(tmp_path.glob("results/*.json"))) == 2
