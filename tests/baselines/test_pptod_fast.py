"""`pptod.fast` changes how long a training takes: without it, the plain loop gives the same losses and answers."""

from typing import Any

import pytest
import torch
from conftest import TOY_SCHEMA

from tod_baselines.pptod import fast, training
from tod_baselines.pptod.system import PPTOD
from tod_baselines.pptod.trainer import token_loss
from tod_bench.records import Dialogue, Prediction
from tod_bench.systems import FitContext
from tod_bench.tasks import turn_inputs


def trained(
    settings: dict[str, Any], train: list[Dialogue], dev: list[Dialogue], folder: Any
) -> tuple[dict[str, object], list[Prediction]]:
    folder.mkdir()
    context = FitContext("dst", TOY_SCHEMA, 1, folder)
    system = PPTOD(**settings)
    record = system.fit(train, dev, context)
    system.load(context)
    return record, list(system.predict("dst", turn_inputs(dev, "dst")))


@pytest.mark.parametrize("packing", ["turn", "dialogue"])
def test_a_training_without_it_has_the_same_losses_and_answers(
    packing: str,
    toy_train: list[Dialogue],
    toy_dev: list[Dialogue],
    tiny: dict[str, Any],
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {**tiny, "dropout": 0.0, "packing": packing, "precision": "fp32"}
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    losses: list[Any] = []
    accelerated = fast.accelerated
    monkeypatch.setattr(training, "accelerated", lambda *given: losses.append(accelerated(*given)) or losses[-1])
    fast_record, fast_answers = trained(settings, toy_train, toy_dev, tmp_path / "fast")
    assert hasattr(torch.nn, "LinearCrossEntropyOptions") == (losses != [token_loss])
    monkeypatch.setattr(training, "accelerated", lambda *_: token_loss)
    plain_record, plain_answers = trained(settings, toy_train, toy_dev, tmp_path / "plain")
    assert plain_record["losses"] == pytest.approx(fast_record["losses"], abs=1e-4)
    assert plain_answers == fast_answers


def test_it_leaves_a_model_alone_where_it_would_not_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "device", lambda: "cuda")
    model = torch.nn.Sequential(torch.nn.Dropout(0.5))
    assert fast.accelerated(model, PPTOD().recipe) is token_loss
    assert type(model[0]) is torch.nn.Dropout
