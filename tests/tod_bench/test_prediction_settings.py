"""Settings that only decide how a trained model predicts: no new training, new predictions, the right model loaded."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

import tod_bench.experiments.plan
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run
from tod_bench.records import Dialogue, Prediction, TaskName
from tod_bench.systems import FitContext, System, TurnInput


class Logged(System):
    """A system that notes what is done with it."""

    tasks: ClassVar[frozenset[TaskName]] = frozenset({"dst", "policy"})
    gold_access: ClassVar[frozenset[str]] = frozenset()
    prediction_settings: ClassVar[frozenset[str]] = frozenset({"engine"})
    log: ClassVar[list[str]] = []

    def __init__(self, engine: str = "slow", size: int = 1) -> None:
        self.engine, self.size = engine, size

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:
        return ("dst", "policy")

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:
        self.log.append(f"fit {self.size} seed {context.seed}")
        return {}

    def load(self, context: FitContext) -> None:
        self.log.append(f"load {self.engine} seed {context.seed}")

    def predict(self, task: TaskName, inputs: Iterable[TurnInput]) -> Iterator[Prediction]:
        self.log.append(task)
        for item in inputs:
            yield Prediction(item.dialogue_id, item.turn, {} if task == "dst" else None, () if task != "dst" else None)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(tod_bench.experiments.plan, "system_class", lambda name: Logged)
    Logged.log.clear()
    return Logged.log


def ran(store: Path, *systems: dict[str, Any], seeds: tuple[int, ...] = (1,)) -> list[str]:
    value = {
        "name": "test",
        "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": {"train": 4, "dev": 2, "test": 2}}}},
        "systems": {f"s{number}": {"system": "logged", "params": params} for number, params in enumerate(systems)},
        "tasks": {"dst": {"metrics": ["jga"]}, "policy": {"metrics": ["act_f1"]}},
        "seeds": seeds,
        "bootstrap": {"draws": 0},
    }
    results = run(build(EvalConfig.model_validate(value)), Store(store))
    return [f"{result.experiment.system} {result.experiment.task} {result.experiment.seed}" for result in results]


def test_a_trained_model_serves_every_prediction_setting(log: list[str], tmp_path: Path) -> None:
    ran(tmp_path, {"engine": "slow"})
    assert log == ["fit 1 seed 1", "load slow seed 1", "dst", "policy"]
    log.clear()
    ran(tmp_path, {"engine": "fast"})
    assert log == ["load fast seed 1", "dst", "policy"]
    log.clear()
    ran(tmp_path, {"engine": "fast"}, {"engine": "slow"})
    assert log == []
    ran(tmp_path, {"engine": "fast", "size": 2})
    assert log[0] == "fit 2 seed 1"


def test_two_engines_in_one_run_are_not_taken_for_each_other(log: list[str], tmp_path: Path) -> None:
    ran(tmp_path, {"engine": "slow"}, {"engine": "fast"})
    assert log == ["fit 1 seed 1", "load slow seed 1", "dst", "policy", "load fast seed 1", "dst", "policy"]


def test_both_tasks_of_a_model_are_asked_after_one_load(log: list[str], tmp_path: Path) -> None:
    results = ran(tmp_path, {}, seeds=(1, 2))
    assert [line for line in log if not line.startswith("fit")] == [
        *("load slow seed 1", "dst", "policy"),
        *("load slow seed 2", "dst", "policy"),
    ]
    # The results stand in the plan's order all the same.
    assert results == ["s0 dst 1", "s0 dst 2", "s0 policy 1", "s0 policy 2"]
