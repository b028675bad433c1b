"""Trainings by two processes, as `accelerate launch` starts them.

Starting takes far longer than training a toy, so that the toys of all tests are trained by one pair of processes, one
after the other.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from toys import TINY

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
# `--cpu` would start one process; `--multi_gpu` is accelerate's name for several processes on one machine.
LAUNCH = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
LAUNCH += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]

BY_TOKENS = {"batching": "tokens", "batch_tokens": 80}
COUNTED = ((8, {"batch_size": 4}), (9, {"batch_size": 4}), (10, BY_TOKENS), (11, BY_TOKENS))
"""Number of dialogues, each of one turn, and how they are batched: trainings whose uses of an example are counted."""

TURNS: dict[str, Any] = {**TINY, "dropout": 0.0, "epochs": 3, "batch_size": 4}
PACKED: dict[str, Any] = {**TINY, "packing": "dialogue", "dropout": 0.0, "select_by": "last", "batch_size": 3}

COMMAND = ["--corpus", "simulated", "--task", "policy", "--train", "train[:8]", "--dev", "dev[:2]", "--params"]
COMMAND += ["{model: t5-tiny, init: scratch, epochs: 1, select_by: last, dims: {d_model: 32, d_ff: 64}}"]
"""Arguments of the training script, which comes last and runs as `python -m` runs it."""

SCRIPT = f"""
import json, os, runpy, sys
from dataclasses import replace
from pathlib import Path
sys.path[:0] = [{str(ROOT)!r}, {str(HERE)!r}]
from toys import TINY, TOY_SCHEMA, toy_dialogues
from tod_baselines.pptod import examples
from tod_baselines.pptod.system import PPTOD
from tod_bench.systems import FitContext

def trained(name, settings, dialogues, dev=()):
    context = FitContext("dst", TOY_SCHEMA, 1, Path(sys.argv[1], name))
    PPTOD(**settings).fit(dialogues, list(dev), context)
    return context.folder

trained("turns", {TURNS!r}, toy_dialogues(12), toy_dialogues(4, "dev"))
trained("packed", {PACKED!r}, toy_dialogues(12))
used, plain = [], examples.Examples.__getitem__
examples.Examples.__getitem__ = lambda self, index: used.append(index) or plain(self, index)
for count, batching in {COUNTED!r}:
    used.clear()
    one_turn = [replace(dialogue, turns=dialogue.turns[:1]) for dialogue in toy_dialogues(count)]
    folder = trained(str(count), {{**TINY, "select_by": "last", **batching}}, one_turn)
    Path(folder, "used" + os.environ["RANK"]).write_text(json.dumps(used))
sys.argv[1:] = [*{COMMAND!r}, "--folder", str(Path(sys.argv[1], "command"))]
runpy.run_module("tod_baselines.pptod.train", run_name="__main__")
"""


def train(folder: Path) -> None:
    """Trains all toys below a folder: ``turns``, ``packed``, those that are counted by their number, and ``command``.

    What the processes print is in ``said``.
    """
    script = folder / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [*LAUNCH, str(script), str(folder)],
        cwd=ROOT,
        env={**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (folder / "said").write_text(done.stdout, encoding="utf-8")


def record(folder: Path) -> dict[str, Any]:
    """The record of a training."""
    found: dict[str, Any] = json.loads((folder / "fit.json").read_text(encoding="utf-8"))
    return found
