"""``tod-bench sweep``: variants of a config, and the ablation table over them."""

from pathlib import Path
from typing import Any

import click

from tod_bench.cli.options import DRY_RUN, STORE, access_options, cluster_options, output_option, workers_option


@click.command()
@click.argument("config")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@STORE
@click.option("--backend", default="local", show_default=True, help="local, ray or slurm.")
@workers_option()
@cluster_options("trial")
@click.option("--slurm", "slurm", multiple=True, metavar="KEY=VALUE", help="A parameter of submitit's executor.")
@output_option("the ablation table; by default STORE/tables/NAME", "folder")
@access_options
@DRY_RUN
def command(
    config: str,
    overrides: tuple[str, ...],
    store: Path,
    backend: str,
    workers: int,
    cpus: float,
    gpus: float,
    address: str | None,
    slurm: tuple[str, ...],
    output: Path | None,
    dry_run: bool,
    **access: Any,
) -> None:
    """Run every variant that a config's `sweep` section spans, and print the ablation table.

    Trials are runs of the store like any others: what is finished is reused, and after a kill the same command goes on.
    With `--backend ray` or `slurm` every machine must see the store's folder.
    `--workers` is the number of trials at a time of the backends local and slurm.

    \b
    Examples:
      tod-bench sweep sweep_context
      tod-bench sweep sweep_fewshot --workers 2
      tod-bench sweep my_sweep.yaml --backend ray --address auto --gpus 0.5
      tod-bench sweep my_sweep.yaml --backend slurm --slurm slurm_partition=gpu --slurm timeout_min=120
    """
    from tod_bench.config_files import parse_override
    from tod_bench.experiments.plan import build
    from tod_bench.sweeps import Resources, expand, open_config, sweep, to_markdown

    if dry_run:
        for number, trial in enumerate(expand(open_config(config, overrides, sweep=True)[0]), start=1):
            click.echo(f"{number}. {trial} ({len(build(trial.config).experiments)} experiments)")
        return
    resources = Resources(workers, cpus, gpus, address, dict(map(parse_override, slurm)))
    done = sweep(config, overrides, store=store, backend=backend, resources=resources, output=output, **access)
    click.echo(to_markdown(done.table))
    click.echo(f"Files: {', '.join(map(str, done.files))}")
