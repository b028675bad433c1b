"""Judge numbers of an experiment are rows like any other: sums by dialogue that give the score."""

from pathlib import Path

import numpy as np
import pytest

from tod_bench.corpora.base import open_corpus
from tod_bench.errors import UserError
from tod_bench.experiments.access import store_access
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.judge_scores import JUDGED, judged, judged_rows
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Experiment, Store
from tod_bench.experiments.runner import run
from tod_bench.predictions import write_predictions
from tod_bench.records import Prediction
from tod_bench.reports.table import make_table
from tod_bench.scoring.metrics import check_metric

PAIRS = (
    "name: pairs\ntask: pairwise\ncorpus: {corpus: simulated}\nversions: {a: {}, b: {}}\n"
    "sample: {items: 12, seed: 1}\njudge: {model: scripted}\nbootstrap: {draws: 100}\n"
)


def test_rows_of_a_judge_sum_to_its_scores(tmp_path: Path) -> None:
    (tmp_path / "pairs.yaml").write_text(PAIRS, encoding="utf-8")
    config = EvalConfig.model_validate(
        {
            "name": "judged",
            "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": {"test": 40}}}},
            "systems": {"shouter": {"system": "oracle"}},
            "tasks": {"response": {"metrics": ["bleu"], "judge": [str(tmp_path / "pairs.yaml")]}},
        }
    )
    predictions = tmp_path / "shouter.jsonl"
    corpus = open_corpus("simulated", dialogues={"test": 40})
    said = (
        Prediction(dialogue.id, turn.index, response=f"Hey, super cool! {turn.system}")
        for dialogue in corpus.dialogues("test")
        for turn in dialogue.turns
    )
    write_predictions(predictions, said)
    experiment, store = Experiment("plain", "shouter", "response", 0), Store(tmp_path / "runs")
    asked = (config, experiment, predictions, store, store_access(store))
    scores = {(score.metric, score.slice): score for score in judged(*asked)}
    rows = judged_rows(*asked)
    assert {row.score.metric for row in rows} <= JUDGED
    whole = next(row for row in rows if row.score.metric == "win_rate" and row.score.slice is None)
    assert len(whole.sums) == 12
    for row in rows:
        value = float(row.aggregate(row.sums.sum(axis=0)))
        expected = scores[row.score.metric, row.score.slice].value
        assert np.isnan(value) if expected is None else value == expected


def test_scoring_a_file_refuses_what_only_a_judge_can_say() -> None:
    with pytest.raises(UserError, match=r"win_rate needs a judge or people: run `tod-bench judge CONFIG`"):
        check_metric("response", "win_rate")


COURTESY = """
name: courtesy
instruction: You judge how a system treats its user.
questions:
  courtesy: {text: "How courteous is the system?", scale: {1: rude, 2: brusque, 3: polite}}
  tone: {text: "Which tone does it take?", scale: {warm: friendly, cold: distant}}
"""


def own_columns(folder: Path, *metrics: str) -> EvalConfig:
    (folder / "courtesy.yaml").write_text(COURTESY, encoding="utf-8")
    asked = {
        "task": "questions",
        "question_file": str(folder / "courtesy.yaml"),
        "sample": {"items": 4, "seed": 1},
        "bootstrap": {"draws": 100},
    }
    return EvalConfig.model_validate(
        {
            "name": "own",
            "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": {"test": 8}}}},
            "systems": {"oracle": {"system": "oracle"}},
            "tasks": {"response": {"metrics": ["bleu"], "judge": [asked]}},
            "judge": {"model": "scripted"},
            "bootstrap": {"draws": 100},
            "table": {"columns": [{"label": name, "task": "response", "metric": name} for name in metrics]},
        }
    )


def test_own_questions_are_columns(tmp_path: Path) -> None:
    made = own_columns(tmp_path, "bleu", "own_courtesy", "own_tone_warm", "own_tone_cold")
    (row,) = make_table(made, run(build(made), Store(tmp_path / "runs"))).rows
    _, courtesy, warm, cold = (number.value for number in row.numbers)
    assert 1 <= courtesy <= 3
    assert warm + cold == pytest.approx(100)


def test_a_column_of_a_question_that_is_not_asked_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"shows own_courtsy, which is not among tasks.response.metrics.*own_courtesy"):
        build(own_columns(tmp_path, "own_courtsy"))
