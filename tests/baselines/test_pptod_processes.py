"""Training with two processes: every example once an epoch, one model, and the loss curve of one process."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tod_baselines.pptod.system import PPTOD
from tod_bench.records import Dialogue
from tod_bench.systems import FitContext

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
# `--cpu` would start one process; `--multi_gpu` is accelerate's name for several processes on one machine.
LAUNCH = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
LAUNCH += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]

COUNTING = """
import json, os, sys
from pathlib import Path
sys.path[:0] = [{root!r}, {here!r}]
from conftest import TINY, TOY_SCHEMA, toy_dialogues
from tod_baselines.pptod import examples
from tod_baselines.pptod.system import PPTOD
from dataclasses import replace
from tod_bench.systems import FitContext

used, plain = [], examples.Examples.__getitem__
examples.Examples.__getitem__ = lambda self, index: used.append(index) or plain(self, index)
for count, batching in {runs!r}:
    used.clear()
    one_turn = [replace(dialogue, turns=dialogue.turns[:1]) for dialogue in toy_dialogues(count)]
    context = FitContext("dst", TOY_SCHEMA, 1, Path({folder!r}, str(count)))
    PPTOD(**TINY | {{"select_by": "last"}} | batching).fit(one_turn, [], context)
    Path(context.folder, "used" + os.environ["RANK"]).write_text(json.dumps(used))
"""


def launch(arguments: list[str]) -> str:
    """Runs something in two processes; what they print."""
    done = subprocess.run(
        [*LAUNCH, *arguments],
        cwd=ROOT,
        env={**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def trained_by_two(settings: dict[str, Any], folder: Path, dev: str = "[]") -> dict[str, Any]:
    """The record of a training on the toy dialogues by two processes; `dev` is the code of its dev dialogues."""
    script = folder.with_suffix(".py")
    script.write_text(
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(HERE)!r}]\n"
        "from pathlib import Path\n"
        "from conftest import TOY_SCHEMA, toy_dialogues\n"
        "from tod_baselines.pptod.system import PPTOD\n"
        "from tod_bench.systems import FitContext\n"
        f"context = FitContext('dst', TOY_SCHEMA, 1, Path({str(folder)!r}))\n"
        f"PPTOD(**{settings!r}).fit(toy_dialogues(12), {dev}, context)\n"
    )
    launch([str(script)])
    record: dict[str, Any] = json.loads((folder / "fit.json").read_text())
    return record


@pytest.mark.slow
def test_two_processes_use_every_example_once_an_epoch(tmp_path: Path) -> None:
    by_tokens = {"batching": "tokens", "batch_tokens": 80}
    runs = [(8, {"batch_size": 4}), (9, {"batch_size": 4}), (10, by_tokens), (11, by_tokens)]
    script = tmp_path / "script.py"
    script.write_text(COUNTING.format(root=str(ROOT), here=str(HERE), runs=runs, folder=str(tmp_path)))
    launch([str(script)])
    for count, _ in runs:
        shares = [json.loads((tmp_path / str(count) / f"used{rank}").read_text()) for rank in (0, 1)]
        assert all(shares)
        assert Counter(shares[0] + shares[1]) == dict.fromkeys(range(count), 2)


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(
    tiny: dict[str, Any], context: FitContext, toy_train: list[Dialogue], toy_dev: list[Dialogue], tmp_path: Path
) -> None:
    """Batches of 4 on two processes are batches of 8 on one: the same steps, and the same weights without dropout."""
    settings = {**tiny, "dropout": 0.0, "epochs": 3, "batch_size": 4}
    two = trained_by_two(settings, tmp_path / "two", dev="toy_dialogues(4, 'dev')")
    whole = replace(context, folder=tmp_path / "one")
    one = PPTOD(**{**settings, "batch_size": 8}).fit(toy_train, toy_dev, whole)
    assert (two["processes"], one["processes"]) == (2, 1)
    assert two["steps"] == one["steps"] == 9
    assert two["losses"] == pytest.approx(one["losses"], abs=1e-4)
    assert two["dev_scores"] == one["dev_scores"]
    ours, theirs = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two"))
    for name, tensor in ours.items():
        assert torch.allclose(tensor, theirs[name], atol=1e-4), name


@pytest.mark.slow
def test_the_training_script(tmp_path: Path) -> None:
    params = "{model: t5-tiny, init: scratch, epochs: 1, select_by: last, dims: {d_model: 32, d_ff: 64}}"
    arguments = ["--corpus", "simulated", "--task", "policy", "--train", "train[:8]", "--dev", "dev[:2]"]
    said = launch(
        ["-m", "tod_baselines.pptod.train", *arguments, "--params", params, "--folder", str(tmp_path / "model")]
    )
    record = json.loads((tmp_path / "model" / "fit.json").read_text())
    assert (record["dialogues"], record["processes"]) == (8, 2)
    assert f"{record['steps']} steps" in said


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
