"""``tod-bench play import`` and ``tod-bench play export``: runs of other tools as episodes, and episodes for them."""

from pathlib import Path

import click

from tod_bench.cli.options import CORPUS_OPTIONS, FILE, PLAYED_WITH, corpus_option, output_option


@click.group(name="import")
def import_() -> None:
    """Read runs of other tools as episodes, and score them.

    \b
    Examples:
      tod-bench play import autotod 0613.jsonl --corpus multiwoz -o runs/autotod
      tod-bench play import tau2 simulations/run.json -o runs/tau2
    """


@import_.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@corpus_option("whose database the MultiWOZ runs are held against")
@CORPUS_OPTIONS
@output_option("episodes, scores and differences", "folder", required=True)
def autotod(files: tuple[Path, ...], corpus: str | None, options: tuple[str, ...], output: Path) -> None:
    """Read runs of AutoTOD, and score them beside what their authors logged.

    Runs on MultiWOZ need --corpus: their goals are held against its database, without a language model. Runs on SGD
    have neither goals nor calls in their file; what was logged of them is summed up.

    \b
    Example:
      tod-bench play import autotod 0613.jsonl sgd.jsonl --corpus multiwoz -o runs/autotod
    """
    from tod_bench.cli.printing import print_tables
    from tod_bench.interact.exchange.autotod_report import report_autotod
    from tod_bench.reports.corpora import open_with

    report = report_autotod(files, open_with(corpus, options) if corpus else None, output)
    print_tables(report)
    click.echo(f"episodes, scores and differences: {output}")


@import_.command(name="tau2")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@output_option("episodes and scores", "folder", required=True)
def import_tau2(file: Path, output: Path) -> None:
    """Read a simulation file of tau2-bench (or its folder), and score it by the rewards in it.

    \b
    Example:
      tod-bench play import tau2 simulations/run.json -o runs/tau2
    """
    from tod_bench.cli.printing import print_tables
    from tod_bench.interact.exchange.rewards import written_runs
    from tod_bench.interact.exchange.tau2_import import import_tau2

    imported = import_tau2(file)
    print_tables(written_runs(imported.runs, output, file.stem))
    for notice in imported.notices:
        click.echo(f"note: {notice}")
    click.echo(f"episodes and scores: {output}")


@click.group()
def export() -> None:
    """Write episodes in the formats of other tools.

    \b
    Example:
      tod-bench play export tau2 runs/play/play_quickstart/rule.jsonl -o rule_tau2.json
    """


@export.command(name="tau2")
@click.argument("episodes", type=FILE)
@PLAYED_WITH
@click.option(
    "--reward",
    type=click.Choice(["success", "strict"]),
    default="success",
    show_default=True,
    help="What counts as a reward of 1.",
)
@output_option("the simulation file, JSON", required=True)
def export_tau2(episodes: Path, config: str | None, reward: str, output: Path) -> None:
    """Write episodes as a simulation file of tau2-bench.

    \b
    Example:
      tod-bench play export tau2 runs/play/play_quickstart/rule.jsonl -o rule_tau2.json
    """
    from tod_bench.interact.config import environment_of
    from tod_bench.interact.exchange import tau2_export
    from tod_bench.interact.journal import read_journal
    from tod_bench.interact.run import config_of

    loaded = config_of(episodes, config)
    kind: tau2_export.Reward = "strict" if reward == "strict" else "success"
    world = environment_of(loaded).world
    count = tau2_export.export_tau2(read_journal(episodes), world, output, reward=kind)
    click.echo(f"{count:,} simulations written to {output}")
