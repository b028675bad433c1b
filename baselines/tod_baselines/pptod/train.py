"""Training from the command line, on one device or many.

    accelerate launch --multi_gpu --num_processes 4 -m tod_baselines.pptod.train --corpus multiwoz --folder models/dst

Several CPU processes are started in the same way, with ACCELERATE_USE_CPU=true in the environment where there is a GPU.
`PPTOD.fit` calls the same function. A later `tod-bench run` takes the model over if the folder is the one that the run
would train in and the parameters, splits and seed are the same.
"""

import sys
from pathlib import Path
from typing import Any

import click

from tod_baselines.pptod.system import PPTOD, TASKS
from tod_bench.errors import UserError
from tod_bench.records import TaskName
from tod_bench.systems import FitContext


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--corpus", required=True, help="Name of an installed corpus.")
@click.option("--options", default="{}", help="Options of the corpus as YAML, e.g. '{version: \"2.1\"}'.")
@click.option("--train", default="train", help="Split expression of the training dialogues.")
@click.option("--dev", default="dev", help="Split expression of the dev dialogues.")
@click.option("--task", type=click.Choice(TASKS), default="dst", help="Task to train for.")
@click.option("--params", default="{}", help="Settings of the recipe as YAML, e.g. '{model: t5-base, epochs: 5}'.")
@click.option("--seed", default=1, help="Seed of everything random.")
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Where the model goes.")
def main(
    *, corpus: str, options: str, train: str, dev: str, task: TaskName, params: str, seed: int, folder: Path
) -> None:
    """Trains a PPTOD-style model, or goes on with a training that was killed.

    Example: accelerate launch --multi_gpu --num_processes 2 -m tod_baselines.pptod.train --corpus simulated --task
    policy --params '{model: t5-tiny, init: scratch}' --folder models/policy
    """
    from tod_bench.corpora.base import open_corpus
    from tod_bench.splits import read_all

    try:
        opened = open_corpus(corpus, **_mapping(options, "--options"))
        system = PPTOD(**_mapping(params, "--params"))
        folder.mkdir(parents=True, exist_ok=True)
        context = FitContext(task, opened.schema, seed, folder, opened.database)
        record = system.fit(read_all(opened, train), read_all(opened, dev), context)
    except (UserError, TypeError) as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    click.echo(f"{folder}: trained for {record['steps']} steps")


def _mapping(text: str, option: str) -> dict[str, Any]:
    import yaml

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"{option} is not YAML: {error}") from None
    if not isinstance(value, dict):
        raise UserError(f"{option} must be a mapping such as '{{epochs: 5}}', not {text!r}")
    return value


if __name__ == "__main__":
    main()
