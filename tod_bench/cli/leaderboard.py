"""``tod-bench leaderboard``: a static site of all submissions, every number computed here; and who is let in."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tod_bench.cli.options import FOLDER, output_option, workers_option
from tod_bench.cli.submit import TRACKS

if TYPE_CHECKING:
    from tod_bench.records import TaskName


@click.group()
def command() -> None:
    """Build a leaderboard's site from submissions, and accept submissions.

    \b
    Example:
      tod-bench leaderboard build results/leaderboard --output site
    """


@command.command()
@click.argument("submissions", type=FOLDER, default=Path("results/leaderboard"), required=False)
@output_option("the site", "folder", default=Path("site"), old=("--out",))
@TRACKS
@workers_option(os.cpu_count() or 1, shown="all cores")
@click.option(
    "--cache", type=FOLDER, help="Where results are kept between builds.  [default: tod-bench's cache folder]"
)
@click.option("--no-cache", is_flag=True, help="Compute everything anew, and keep nothing.")
@click.option("--allow-empty", is_flag=True, help="Write a site also where there is no submission yet.")
def build(
    *,
    submissions: Path,
    output: Path,
    tracks: Path | None,
    workers: int,
    cache: Path | None,
    no_cache: bool,
    allow_empty: bool,
) -> None:
    """Verify every submission in a folder (results/leaderboard by default) and write the site.

    A submission with a problem is left out and named, and the exit status is 1; the site has all others. What has not
    changed since an earlier build is not computed again.

    \b
    Example:
      tod-bench leaderboard build results/leaderboard --output site
    """
    from tod_bench.leaderboard import build_leaderboard, load_tracks
    from tod_bench.leaderboard.cache import default_folder
    from tod_bench.progress import progress

    with progress("leaderboard", unit="submissions") as shown:

        def announce(name: str) -> None:
            shown.now(f"computed {name}")
            shown.note(f"computed {name}")
            shown.advance()

        site = build_leaderboard(
            submissions,
            output,
            load_tracks(tracks),
            announce=announce,
            cache=None if no_cache else cache or default_folder(),
            workers=workers,
            allow_empty=allow_empty,
        )
    for error in site.board.refused:
        click.echo(f"Left out: {error}", err=True)
    count = len(site.board.newest_first)
    click.echo(f"Site: {site.index} ({count} submission{'' if count == 1 else 's'})")
    if site.board.refused:
        sys.exit(1)


@command.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SUBMISSION...")
@click.option("--clear", "task", type=click.Choice(["dst", "policy", "response"]), help="Clear a suspicion of gold.")
@click.option("--reason", help="With --clear: why, a sentence for readers of the site.")
@TRACKS
def accept(folders: tuple[Path, ...], task: "TaskName | None", reason: str | None, tracks: Path | None) -> None:
    """Accept submissions as the work of whom their cards name; for the maintainers of a leaderboard.

    Each is verified first, then written down in maintainers.yaml beside it. An accepted submission may join the page of
    the system that it names, and what resembles it gives way. With --clear a suspicion is cleared instead.

    \b
    Examples:
      tod-bench leaderboard accept results/leaderboard/my-system-3fa9c1-simulated-plain-20261121
      tod-bench leaderboard accept FOLDER --clear dst --reason "Run again before us on new dialogues."
    """
    from tod_bench.errors import UserError
    from tod_bench.leaderboard import load_tracks
    from tod_bench.leaderboard.ledger import accept_submission, clear_suspicion

    if (task is None) != (reason is None):
        raise UserError("--clear and --reason belong together: give the task that is cleared, and why it is")
    opened = load_tracks(tracks)
    for folder in folders:
        if task is not None and reason is not None:
            path = clear_suspicion(folder, opened, task, reason)
            click.echo(f"Cleared: {task} of {folder.name}, in {path}")
        else:
            path = accept_submission(folder, opened)
            click.echo(f"Accepted: {folder.name}, in {path}")
