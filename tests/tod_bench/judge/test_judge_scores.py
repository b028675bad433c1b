"""Judge numbers of an experiment are rows like any other: sums by dialogue that give the score."""

from pathlib import Path

import numpy as np
import pytest

from tod_bench.corpora.base import open_corpus
from tod_bench.errors import UserError
from tod_bench.experiments.access import store_access
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.judge_scores import JUDGED, judged, judged_rows
from tod_bench.experiments.results import Experiment, Store
from tod_bench.predictions import write_predictions
from tod_bench.records import Prediction
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
