"""Two CPU processes through `accelerate launch`, a thread each, against one process of one thread.

Both train the same model on the same dialogues for an epoch; a step's batches have 4,096 source tokens on one process
and 2,048 on each of two. The clock runs inside, from the first batch to the last step, so that imports are left out.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.bench_training import Epochs
from benchmarks.data import new_model, recipe_of, works
from benchmarks.report import Row, rates

REPEATS = 3
DIALOGUES = 24
TOKENS = 4096
TARGET = 1.7
"""Near double."""

LAUNCH = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1")
LAUNCH += ("--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0")


def run(*, smoke: bool, out: Path) -> list[Row]:
    """One row."""
    del out
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(1 if smoke else REPEATS):
        for processes, found in seconds.items():
            found.append(training_seconds(processes, smoke))
    dialogues = 4 if smoke else DIALOGUES
    what = "training, t5-mini, simulated, two processes of one thread"
    one, two = (rates(dialogues, seconds[processes]) for processes in (1, 2))
    return [Row(what, "dialogues/s", two, one, "one process of one thread", TARGET)]


def training_seconds(processes: int, smoke: bool) -> float:
    """Seconds of an epoch in processes of their own."""
    command = [sys.executable, *(LAUNCH if processes == 2 else ()), "-m", __name__, str(processes), str(int(smoke))]
    done = subprocess.run(
        command,
        env={**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(json.loads(done.stdout.splitlines()[-1]))


def train(processes: int, smoke: bool) -> None:
    """One process's part; the first prints the seconds."""
    from tod_baselines.pptod.models import processes as group

    work = next(works(smoke))
    recipe = recipe_of("t5-mini", smoke, batching="tokens", batch_tokens=TOKENS // processes, precision="fp32")
    epoch = Epochs(*new_model(recipe, work), work.sample(4 if smoke else DIALOGUES), work.schema, recipe)
    epoch.run()
    if group().is_main_process:
        print(json.dumps(epoch.seconds[0]))


if __name__ == "__main__":
    train(int(sys.argv[1]), bool(int(sys.argv[2])))
