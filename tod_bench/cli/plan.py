"""``tod-bench plan``: what a config would run."""

from pathlib import Path

import click

from tod_bench.cli.run import SMALL, STORE


@click.command()
@click.argument("config")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@STORE
@SMALL
@click.option("--folders", is_flag=True, help="Say in which folder each system is trained.")
def command(config: str, overrides: tuple[str, ...], store: Path, small: bool, folders: bool) -> None:
    """Say what a config would run and what is cached, without running it.

    Where an earlier result of the same experiment is in the store and is not used, what has changed since is said: settings,
    the content of a local model folder or prediction file, the source of a system or metric.

    \b
    Examples:
      tod-bench plan quickstart
      tod-bench plan table6 --folders
    """
    from rich.console import Console
    from rich.table import Table

    from tod_bench.experiments.results import Experiment, Store
    from tod_bench.experiments.runner import statuses
    from tod_bench.sweeps import open_config

    plan, kept = open_config(config, overrides, small=small)[1], Store(store)
    trained_in: dict[Path, Experiment] = {}
    grid = Table("corpus", "system", "task", "seed", "train", "predict", "score")
    changed: dict[str, list[str]] = {}
    for status in statuses(plan, kept):
        experiment = status.experiment
        marks = ["cached" if done else "to do" for done in (status.trained, status.predicted, status.scored)]
        if not plan.together(experiment):
            marks[0] = "not trained"
        else:
            trained_in.setdefault(kept.model_folder(plan.fit_key(experiment)), experiment)
        for phrase in status.changed:
            changed.setdefault(f"{phrase} since the result of {status.since}", []).append(str(experiment))
        grid.add_row(experiment.corpus, experiment.system, experiment.task, str(experiment.seed), *marks)
    Console().print(grid)
    for phrase, where in changed.items():
        others = f" and {len(where) - 1} others" if len(where) > 1 else ""
        click.echo(f"changed: {phrase} ({where[0]}{others})")
    for sentence in plan.conditioning():
        click.echo(f"note: {sentence}")
    for folder, experiment in trained_in.items() if folders else ():
        click.echo(f"{experiment}: {folder}")
    for need in (*plan.needs, *plan.config.needs):
        click.echo(f"missing: {need}" if need in plan.needs else f"needs {need}")
