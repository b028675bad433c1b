"""Packing: training on whole dialogues uses each once, goes on after a break, and does not depend on its batches."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import timeless
from test_pptod_packing import LENGTHS, dialogues_of
from two_processes import PACKED, record

from tod_baselines.pptod.fast.packing import Dialogues
from tod_baselines.pptod.system import PPTOD
from tod_bench.records import Dialogue
from tod_bench.systems import FitContext
from tod_bench.tasks import turn_inputs


@pytest.mark.parametrize(
    "changes",
    [
        {"select_by": "score", "multitask": True, "batch_size": 5},
        {"select_by": "loss", "batching": "tokens", "batch_tokens": 200, "max_source_tokens": 170},
    ],
)
def test_a_model_is_trained_on_dialogues_and_asked(
    changes: dict[str, Any], toy_train: list[Dialogue], tiny: dict[str, Any], context: FitContext
) -> None:
    dialogues = dialogues_of(toy_train)
    record = PPTOD(**tiny | {"packing": "dialogue"} | changes).fit(dialogues, dialogues, context)
    tasks = 3 if "multitask" in changes else 1
    assert record["examples"] == sum(LENGTHS) * tasks
    assert record["packed_source_tokens"] < record["source_tokens"]  # type: ignore[operator]
    assert (record["windows"] > len(LENGTHS) * tasks) == ("max_source_tokens" in changes)  # type: ignore[operator]
    config = json.loads((context.folder / "model" / "config.json").read_text())
    assert config["architectures"] == ["T5ForConditionalGeneration"]
    fresh = PPTOD(**tiny | {"packing": "dialogue"} | changes)
    fresh.load(context)
    shown = list(turn_inputs(dialogues, "dst"))
    answers = list(fresh.predict("dst", shown))
    assert [(answer.dialogue_id, answer.turn) for answer in answers] == [
        (turn.dialogue_id, turn.turn) for turn in shown
    ]


def test_it_learns(toy_train: list[Dialogue], tiny: dict[str, Any], context: FitContext) -> None:
    settings = {"packing": "dialogue", "epochs": 30, "evaluate_every": 30, "learning_rate": 1e-2, "dropout": 0.0}
    settings |= {"dims": {**tiny["dims"], "d_model": 64}, "batch_size": 6}
    (last,) = PPTOD(**tiny | settings).fit(toy_train, toy_train, context)["dev_scores"]  # type: ignore[misc]
    assert last["dst_jga"] > 90


@pytest.mark.parametrize("count", [8, 9])
def test_every_dialogue_is_used_once_an_epoch(
    count: int, toy_train: list[Dialogue], tiny: dict[str, Any], context: FitContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: Counter[int] = Counter()
    plain = Dialogues.__getitem__

    def counted(self: Dialogues, index: int) -> Any:
        used[index] += 1
        return plain(self, index)

    monkeypatch.setattr(Dialogues, "__getitem__", counted)
    settings = {"packing": "dialogue", "batch_size": 4, "select_by": "last", "epochs": 2}
    PPTOD(**tiny | settings).fit(toy_train[:count], [], context)
    assert used == dict.fromkeys(range(count), 2)


def test_the_steps_gradient_does_not_depend_on_its_batches(
    toy_train: list[Dialogue], tiny: dict[str, Any], context: FitContext, tmp_path: Path
) -> None:
    """Two batches of three dialogues accumulated are one of six: the same losses."""
    dialogues = dialogues_of(toy_train)
    shared = tiny | {"packing": "dialogue", "select_by": "last", "epochs": 3, "dropout": 0.0}
    one = PPTOD(**shared | {"batch_size": 6}).fit(dialogues, [], context)
    two = PPTOD(**shared | {"batch_size": 3, "accumulation": 2}).fit(
        dialogues, [], replace(context, folder=tmp_path / "two")
    )
    assert one["steps"] == two["steps"] == 3
    assert two["losses"] == pytest.approx(one["losses"], abs=1e-4)


def test_a_training_that_broke_off_goes_on(
    toy_train: list[Dialogue],
    tiny: dict[str, Any],
    context: FitContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dialogues = dialogues_of(toy_train)
    settings = tiny | {"packing": "dialogue", "batch_size": 2, "epochs": 4, "select_by": "last"}
    whole = PPTOD(**settings).fit(dialogues, [], replace(context, folder=tmp_path / "whole"))
    used: list[int] = []
    plain = Dialogues.__getitem__

    def breaking(self: Dialogues, index: int) -> Any:
        used.append(index)
        if len(used) == 11:  # in the third epoch of four dialogues
            raise OSError("broken off")
        return plain(self, index)

    monkeypatch.setattr(Dialogues, "__getitem__", breaking)
    with pytest.raises(OSError, match="broken off"):
        PPTOD(**settings).fit(dialogues, [], context)
    assert timeless(PPTOD(**settings).fit(dialogues, [], context)) == timeless(whole)
    assert len(used) == 11 + 2 * 4


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(toy_train: list[Dialogue], context: FitContext, by_two: Path) -> None:
    """Batches of 3 dialogues on two processes are batches of 6 on one."""
    two = record(by_two / "packed")
    one = PPTOD(**PACKED | {"batch_size": 6}).fit(toy_train, [], context)
    assert (two["processes"], two["steps"], one["steps"]) == (2, 4, 4)
    assert two["losses"] == pytest.approx(one["losses"], abs=1e-4)
