"""Jobs: what they depend on, what is missing for them, and when two of them are the same."""

from pathlib import Path
from typing import Any

import pytest

import tod_bench.experiments.plan
from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.jobs import Predict, PredictionFile, Train, predictions_job
from tod_bench.experiments.plan import Plan, build
from tod_bench.experiments.result_jobs import CountCorpus, RatePeople, ScorePredictions, all_jobs, result_job
from tod_bench.experiments.results import Experiment, Store
from tod_bench.experiments.runner import Runner, run
from tod_bench.predictions import write_predictions
from tod_bench.records import Prediction

SMALL = {"corpus": "simulated", "options": {"dialogues": {"train": 4, "dev": 2, "test": 3}}}


def plan(systems: dict[str, Any], **changes: Any) -> Plan:
    value = {
        "name": "jobs",
        "corpora": {"plain": SMALL},
        "systems": systems,
        "tasks": {"dst": {"metrics": ["jga"]}, "policy": {"metrics": ["act_f1"]}, "corpus": {"metrics": ["dialogues"]}},
        "bootstrap": {"draws": 0},
        **changes,
    }
    return build(EvalConfig.model_validate(value), incomplete=True)


def test_every_job_comes_after_those_that_it_depends_on() -> None:
    jobs = all_jobs(plan({"majority": "majority", "oracle": "oracle"}))
    made: set[str] = set()
    for job in jobs:
        assert {other.lock for other in job.depends_on} <= made
        made.add(job.lock)
    assert [type(job) for job in jobs].count(CountCorpus) == 1
    # Majority is trained once for its two tasks, and the oracle not at all.
    assert {job.experiment.system for job in jobs if isinstance(job, Train)} == {"majority"}
    assert len({job.lock for job in jobs if isinstance(job, Train)}) == 1


def test_a_task_depends_on_the_predictions_that_its_system_is_shown() -> None:
    tiny = {"t5": {"system": "pptod", "params": {"init": "scratch", "model": "t5-tiny"}}}
    laid_out = plan(tiny)
    dst, policy = (Predict(laid_out, Experiment("plain", "t5", task, 1)) for task in ("dst", "policy"))
    assert dst.lock in {job.lock for job in policy.depends_on}
    assert policy.lock not in {job.lock for job in dst.depends_on}
    assert [job.lock for job in result_job(laid_out, policy.experiment).depends_on] == [policy.lock]
    gold = plan(tiny, tasks={"dst": ["jga"], "policy": {"metrics": "act_f1", "state": "gold"}})
    assert [type(job) for job in Predict(gold, policy.experiment).depends_on] == [Train]


def test_a_file_that_has_gone_is_said_before_anything_is_made(tmp_path: Path) -> None:
    path = tmp_path / "theirs.jsonl"
    write_predictions(path, [Prediction("d", 0, state={})])
    laid_out = plan({"theirs": {"predictions": str(path), "tasks": ["dst"]}}, tasks={"dst": {"metrics": ["jga"]}})
    (experiment,) = laid_out.experiments
    job = predictions_job(laid_out, experiment)
    assert isinstance(job, PredictionFile)
    assert job.missing() == ()
    assert not job.forget(Store(tmp_path / "store"))
    assert path.is_file()
    path.unlink()
    assert [str(requirement) for requirement in job.missing()] == [
        f"systems.theirs.predictions: there is no file {path}"
    ]
    with pytest.raises(UserError, match=r"systems\.theirs\.predictions: there is no file"):
        Runner(laid_out, Store(tmp_path / "store")).prediction_file(experiment)


def test_ratings_that_are_not_there_are_missing(tmp_path: Path) -> None:
    tasks = {"people": {"ratings": str(tmp_path / "{system}.csv"), "judge": [{"task": "likert"}]}}
    laid_out = plan({"oracle": "oracle"}, tasks=tasks)
    assert [requirement.place for requirement in laid_out.missing] == ["tasks.people.ratings"]
    job = result_job(laid_out, Experiment("plain", "oracle", "people", 1))
    assert isinstance(job, RatePeople)
    assert [requirement.sentence for requirement in job.missing()] == [f"there is no file {tmp_path / 'oracle.csv'}"]


def test_a_prediction_file_is_read_for_its_gold_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = plan({"majority": "majority"}, tasks={"dst": {"metrics": ["jga"]}})
    (made,) = run(source, Store(tmp_path / "a"))
    read: list[Path] = []
    noted = tod_bench.experiments.plan.gold_noted
    monkeypatch.setattr(tod_bench.experiments.plan, "gold_noted", lambda path: (read.append(path), noted(path))[1])
    path = tmp_path / "a" / made.predictions
    laid_out = plan({"theirs": {"predictions": str(path)}}, tasks={"dst": {"metrics": ["jga"]}})
    run(laid_out, Store(tmp_path / "b"))
    laid_out.remarks()
    assert read == [path]


def test_a_key_is_the_same_in_a_part_of_the_config() -> None:
    whole = plan({"majority": "majority", "oracle": "oracle"})
    part = plan({"oracle": "oracle"}, tasks={"dst": {"metrics": ["jga"]}})
    experiment = Experiment("plain", "oracle", "dst", 1)
    assert ScorePredictions(whole, experiment).key == ScorePredictions(part, experiment).key
    assert Predict(whole, experiment).key != ScorePredictions(whole, experiment).key
