"""What of a recipe cannot work is said before a training, and an unreachable hub is said at once."""

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from tod_baselines.pptod.checking import OPTIM_ARGS, SCHEDULERS, problems
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.system import PPTOD
from tod_bench.errors import UserError
from tod_bench.hub import source_options

SCRATCH = {"init": "scratch", "model": "t5-tiny"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ""),
        ({"optim": "adafactor", "optim_args": "scale_parameter=True, clip_threshold=2.0"}, ""),
        ({"optim": "sgd", "optim_args": "momentum=0.9,nesterov=true"}, ""),
        ({"model": "some-one/their_model.v2"}, ""),
        ({**SCRATCH, "dims": {"d_model": 32, "feed_forward_proj": "gated-gelu"}}, ""),
        ({"optim": "adamwww"}, "optim: transformers has no optimizer 'adamwww'"),
        ({"optim": "adafactr"}, "did you mean 'adafactor'?"),
        ({"optim_args": "betas"}, "optim_args: 'betas' should be name=value"),
        ({"optim_args": "scale_parameter=True"}, "optim_args.scale_parameter: adamw_torch_fused takes none"),
        ({"optim": "adafactor", "optim_args": "scale_parameters=True"}, "did you mean 'scale_parameter'?"),
        ({"optim": "adafactor", "optim_args": "scale_parameter=Yes"}, "'Yes' is no number, True, False or None"),
        ({"optim": "adafactor", "optim_args": "relative_step=True"}, "learning_rate sets it here"),
        ({"scheduler": "cosin"}, "did you mean 'cosine'?"),
        ({"scheduler": "cosine_with_min_lr"}, "needs settings that pptod does not have"),
        ({"scheduler": "reduce_lr_on_plateau"}, ""),
        ({"scheduler": "reduce_lr_on_plateau", "select_by": "last"}, "select_by: last computes none"),
        ({"model": "./nofolder"}, "there is no folder ./nofolder"),
        ({"model": "a/b/c"}, "there is no folder a/b/c"),
        ({"model": "t5-tiny"}, "take it with init: scratch"),
        ({"init": "scratch", "model": "t5-tinny"}, "did you mean 't5-tiny'?"),
        ({**SCRATCH, "dims": {"d_mode": 3}}, "dims.d_mode: T5 has no such dimension; did you mean 'd_model'?"),
    ],
)
def test_settings_that_would_stop_a_training_are_named(settings: dict[str, Any], expected: str) -> None:
    found = PPTOD(**settings).check()
    assert len(found) == bool(expected)
    assert expected in "".join(found)


def test_several_problems_are_told_at_once() -> None:
    assert len(list(problems(Recipe(optim="adamwww", scheduler="lin", model="./nofolder")))) == 3


def test_folders_must_hold_a_model(tmp_path: Path) -> None:
    def told() -> str:
        return "".join(problems(Recipe(model=str(tmp_path))))

    assert "has no config.json" in told()
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    assert "no weights in safetensors" in told()
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert told() == ""
    assert "is a file" in "".join(problems(Recipe(model=str(tmp_path / "config.json"))))


def test_the_common_names_are_those_of_transformers() -> None:
    from inspect import signature

    from transformers.optimization import Adafactor
    from transformers.trainer_utils import SchedulerType
    from transformers.training_args import OptimizerNames

    assert {str(one.value) for one in SchedulerType} >= SCHEDULERS
    assert {str(one.value) for one in OptimizerNames} >= OPTIM_ARGS.keys()
    assert signature(Adafactor).parameters.keys() >= OPTIM_ARGS["adafactor"]


def test_a_hub_that_cannot_be_reached_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", f"http://127.0.0.1:{port}")
    began = time.monotonic()
    with pytest.raises(UserError, match=r"hub cannot be reached .*params\.model=FOLDER, or download it once"):
        source_options("nobody/no-such-model")
    assert time.monotonic() - began < 20


def test_a_model_that_was_downloaded_is_used_without_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="HF_HUB_OFFLINE is set"):
        source_options("nobody/no-such-model")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: "/somewhere/config.json")
    assert source_options("nobody/no-such-model") == {"local_files_only": True}


def test_a_folder_asks_no_hub(tmp_path: Path) -> None:
    assert source_options(tmp_path) == {}
