"""A training and a prediction tell a log how far they are, steps of a training that goes on counted once."""

import re
from typing import Any

import pytest

from tod_baselines.pptod import training
from tod_baselines.pptod.system import PPTOD
from tod_bench import progress
from tod_bench.records import Dialogue
from tod_bench.systems import FitContext
from tod_bench.tasks import turn_inputs


def test_a_log_tells_steps_and_decoded_turns(
    tiny: dict[str, Any],
    context: FitContext,
    toy_train: list[Dialogue],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(progress, "SECONDS", 0.001)
    system = PPTOD(**{**tiny, "epochs": 10, "select_by": "last"})
    steps = system.fit(toy_train, [], context)["steps"]
    seen = [int(number) for number in re.findall(rf"training: (\d+) of {steps} steps", capsys.readouterr().err)]
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[-1] >= steps // 2
    system.load(context)
    list(system.predict("dst", turn_inputs(toy_train, "dst")))
    assert re.search(r"decoding: \d+ of \d+ (turns|batches)", capsys.readouterr().err)


def test_progress_counts_the_steps_of_the_trainer(
    tiny: dict[str, Any], context: FitContext, toy_train: list[Dialogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []

    class Watched(progress.Progress):
        def reach(self, done: int) -> None:
            shown.append((done, self.total))

    monkeypatch.setattr(progress, "Progress", Watched)
    monkeypatch.setattr(training, "progress", progress.progress)
    steps = PPTOD(**{**tiny, "epochs": 3, "select_by": "last"}).fit(toy_train, [], context)["steps"]
    assert shown == [(number, steps) for number in range(1, steps + 1)]
