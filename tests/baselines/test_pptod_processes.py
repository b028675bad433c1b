"""Training with two processes: every example once an epoch, one model, and the loss curve of one process."""

import json
from collections import Counter
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from two_processes import COUNTED, TURNS, record

from tod_baselines.pptod.system import PPTOD
from tod_bench.records import Dialogue
from tod_bench.systems import FitContext


@pytest.mark.slow
def test_two_processes_use_every_example_once_an_epoch(by_two: Path) -> None:
    for count, _ in COUNTED:
        shares = [json.loads((by_two / str(count) / f"used{rank}").read_text()) for rank in (0, 1)]
        assert all(shares)
        assert Counter(shares[0] + shares[1]) == dict.fromkeys(range(count), 2)


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(
    context: FitContext, toy_train: list[Dialogue], toy_dev: list[Dialogue], by_two: Path
) -> None:
    """Batches of 4 on two processes are batches of 8 on one: the same steps, and the same weights without dropout."""
    two = record(by_two / "turns")
    one = PPTOD(**{**TURNS, "batch_size": 8}).fit(toy_train, toy_dev, context)
    assert (two["processes"], one["processes"]) == (2, 1)
    assert two["steps"] == one["steps"] == 9
    assert two["losses"] == pytest.approx(one["losses"], abs=1e-4)
    assert two["dev_scores"] == one["dev_scores"]
    folders = (context.folder, by_two / "turns")
    ours, theirs = (load_file(folder / "model" / "model.safetensors") for folder in folders)
    for name, tensor in ours.items():
        assert torch.allclose(tensor, theirs[name], atol=1e-4), name


@pytest.mark.slow
def test_the_training_script(by_two: Path) -> None:
    found = record(by_two / "command")
    assert (found["dialogues"], found["processes"]) == (8, 2)
    assert f"{found['steps']} steps" in (by_two / "said").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--params", "{epochs: -1}"], "epochs must not be below 0"),
        (["--params", "{epochs: 0}", "--train", "train[:1]", "--dev", "dev[:1]"], "there is nothing to train"),
        (["--params", "[1]"], "--params must be a mapping"),
        (["--params", "{epochs: {"], "--params is not YAML"),
        (["--params", "{epoch: 1}"], "epoch"),
        (["--train", "trian"], "has no split 'trian'"),
    ],
)
def test_mistakes_on_the_command_line(arguments: list[str], message: str, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from tod_baselines.pptod.train import main

    result = CliRunner().invoke(main, ["--corpus", "simulated", "--folder", str(tmp_path), *arguments])
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
