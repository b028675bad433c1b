"""``tod-bench plan``: what a config would run."""

from pathlib import Path

import click

from tod_bench.cli.options import BATCH, CACHE, PRICES, SMALL, STORE


@click.command()
@click.argument("config")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@STORE
@SMALL
@click.option("--folders", is_flag=True, help="Say in which folder each system is trained.")
@BATCH
@PRICES
@CACHE
def command(
    config: str,
    overrides: tuple[str, ...],
    store: Path,
    small: bool,
    folders: bool,
    batch: bool,
    prices: Path | None,
    cache: Path | None,
) -> None:
    """Say what a config would run and what is cached, without running it.

    Where an earlier result of the same experiment is in the store and is not used, what has changed since is said:
    settings, the content of a local model folder or prediction file, the source of a system or metric.
    Of systems that ask a model behind a server, the requests, tokens and dollars are said that are still to be paid.

    \b
    Examples:
      tod-bench plan quickstart
      tod-bench plan table6 --folders
    """
    from rich.console import Console

    from tod_bench.cli.printing import in_words
    from tod_bench.console import grid
    from tod_bench.experiments.results import Experiment
    from tod_bench.sweeps import plan

    planned = plan(config, overrides, store=store, small=small, batch=batch, prices=prices, cache=cache)
    rows = []
    words = {True: "cached", False: "to do", None: "not trained"}
    trained_in: dict[Path, Experiment] = {}
    changed: dict[str, list[str]] = {}
    for status in planned.statuses:
        experiment = status.experiment
        if status.model_folder:
            trained_in.setdefault(status.model_folder, experiment)
        for phrase in status.changed:
            changed.setdefault(f"{phrase} since the result of {status.since}", []).append(str(experiment))
        marks = (words[done] for done in (status.trained, status.predicted, status.scored))
        rows.append((experiment.corpus, experiment.system, experiment.task, experiment.seed, *marks))
    Console().print(grid(("corpus", "system", "task", "seed", "train", "predict", "score"), rows))
    for phrase, where in changed.items():
        others = f" and {len(where) - 1} others" if len(where) > 1 else ""
        click.echo(f"changed: {phrase} ({where[0]}{others})")
    for cost in planned.costs:
        about = ", counted with gold in place of what is still to be predicted" if cost.stand_in else ""
        click.echo(f"cost: {cost.experiment}: {in_words(cost.estimate)}{about}")
    for sentence in planned.notes:
        click.echo(f"note: {sentence}")
    for folder, experiment in trained_in.items() if folders else ():
        click.echo(f"{experiment}: {folder}")
    for requirement in planned.plan.missing:
        click.echo(f"missing: {requirement}")
    for sentence in planned.plan.config.needs:
        click.echo(f"needs {sentence}")
