"""``tod-bench judge panel``: several judges over one study."""

from pathlib import Path
from typing import Any

import click

from tod_bench.cli.options import DRY_RUN, PRICES, QUIET, REPLAY, SMALL, answers_option, format_option, output_option


@click.command("panel")
@click.argument("config")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@output_option("the judges' runs and the panel; by default runs/judge/NAME", "folder")
@answers_option("the judges'")
@click.option(
    "--budget", type=click.FloatRange(min=0), metavar="USD", help="Stop before all judges together spend more."
)
@DRY_RUN
@REPLAY
@PRICES
@SMALL
@format_option("markdown", "json")
@QUIET
def panel_command(config: str, overrides: tuple[str, ...], **options: Any) -> None:
    """Ask several judges the same, combine their verdicts, and say how far they agree.

    CONFIG is a panel config, by name or path. A second run asks nothing that is settled.

    \b
    Examples:
      tod-bench judge panel judge_panel --small
      tod-bench judge panel mine.yaml --budget 5 -o runs/judge/mine
    """
    import sys

    from tod_bench.cli.printing import in_words, print_page
    from tod_bench.judge.panel import PanelConfig, panel_markdown, run_panel
    from tod_bench.judge.several import Purse, estimates, load_study
    from tod_bench.progress import progress, quietly

    settings = load_study(PanelConfig, config, overrides, small=options["small"])
    folder = options["output"] or Path("runs/judge") / settings.name
    purse = Purse(options["cache"], options["budget"], options["replay"], options["prices"])
    if options["dry_run"]:
        configs = {folder / name: each for name, each in settings.configs().items()}
        for name, estimate in estimates(configs, purse).items():
            click.echo(f"{name}: {in_words(estimate)}")
        return
    with quietly(options["quiet"]), progress("judging", unit="queries") as shown:
        panel = run_panel(settings, folder, purse, started=shown.expect, settled=shown.advance)
    if not options["quiet"]:
        click.echo(f"{folder}: a folder for each judge, panel.json, panel.md", err=True)
    print_page(panel_markdown(panel), panel.to_json(), options["output_format"])
    if not panel.report.trusted:
        rate, most = 100 * panel.report.unscored_rate, 100 * panel.report.max_unscored
        click.echo(
            f"tod-bench: the panel has no verdict on {rate:.1f}% of what was asked, more than the {most:.1f}% allowed "
            "(max_unscored); everything is saved, and the bounds beside each score say what they could do to it",
            err=True,
        )
        sys.exit(1)
