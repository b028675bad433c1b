"""`decoder` as the harness uses it: trained, loaded and asked."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from conftest import TOY_SCHEMA, toy_dialogues

from tod_baselines.decoder.system import Decoder
from tod_bench.errors import UserError
from tod_bench.records import TaskName
from tod_bench.systems import FitContext
from tod_bench.tasks import turn_inputs

TINY: dict[str, Any] = {
    "model": "llama-tiny",
    "init": "scratch",
    "vocab_size": 320,
    "dims": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4},
    "max_tokens": 512,
    "max_new_tokens": 12,
    "max_steps": 2,
    "select_by": "last",
}


def test_one_training_serves_every_task_and_every_turn_is_answered_once(tmp_path: Path) -> None:
    context = FitContext("dst", TOY_SCHEMA, 0, tmp_path)
    system = Decoder(**TINY, multitask=True)
    assert system.fits_together("policy") == ("dst", "policy", "response")
    system.fit(toy_dialogues(8), [], context)
    tested = toy_dialogues(3, "test")
    asked = [(dialogue.id, turn.index) for dialogue in tested for turn in dialogue.turns]
    loaded = Decoder(**TINY, multitask=True)
    loaded.load(context)
    tasks: tuple[TaskName, ...] = ("dst", "policy", "response")
    for task, field in zip(tasks, ("state", "acts", "response"), strict=True):
        answers = list(loaded.predict(task, turn_inputs(tested, task, states="gold", acts="gold")))
        assert sorted((answer.dialogue_id, answer.turn) for answer in answers) == sorted(asked)
        assert all(getattr(answer, field) is not None for answer in answers)
    assert loaded._answerer is not None
    assert loaded._answerer._answered, "answers are kept for an agent, who asks for a dialogue turn by turn"


def test_it_is_not_asked_before_it_is_loaded_or_loaded_before_it_is_trained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="before it was loaded"):
        next(Decoder(**TINY).predict("dst", ()))
    with pytest.raises(UserError, match="no finished training"):
        Decoder(**TINY).load(FitContext("dst", TOY_SCHEMA, 0, tmp_path))


def test_settings_that_cannot_work_are_named_before_a_training() -> None:
    assert Decoder(**TINY).check() == []
    (problem,) = Decoder(model="nowhere/a.gguf").check()
    assert "there is no file nowhere/a.gguf" in problem
    assert Decoder.prediction_settings == {"decode_rows"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"optim": "adafactor", "optim_args": "scale_parameter=True"}, ""),
        ({"optim": "adafactr"}, "did you mean 'adafactor'?"),
        ({"optim_args": "betas"}, "optim_args: 'betas' should be name=value"),
        ({"optim": "adafactor", "optim_args": "scale_parameters=True"}, "did you mean 'scale_parameter'?"),
        ({"scheduler": "cosin"}, "did you mean 'cosine'?"),
        ({"scheduler": "cosine_with_min_lr"}, "needs settings that decoder does not have"),
        ({"scheduler": "reduce_lr_on_plateau", "select_by": "last"}, "select_by: last computes none"),
    ],
)
def test_optimizer_and_schedule_are_checked_as_those_of_pptod(settings: dict[str, Any], expected: str) -> None:
    found = Decoder(**{**TINY, **settings}).check()
    assert len(found) == bool(expected)
    assert expected in "".join(found)
