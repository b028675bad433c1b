"""``tod-bench leaderboard``: a static site of all submissions, every number computed anew."""

import sys
from pathlib import Path

import click

from tod_bench.cli.submit import TRACKS


@click.group()
def command() -> None:
    """Build a leaderboard's site from submissions.

    \b
    Example:
      tod-bench leaderboard build results/leaderboard --out site
    """


@command.command()
@click.argument(
    "submissions", type=click.Path(path_type=Path, file_okay=False), default=Path("results/leaderboard"), required=False
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("site"),
    show_default=True,
    help="The site's folder.",
)
@TRACKS
def build(submissions: Path, out: Path, tracks: Path | None) -> None:
    """Verify every submission in a folder (results/leaderboard by default) and write the site.

    A submission with a problem is left out and named, and the exit status is 1; the site has all others.

    \b
    Example:
      tod-bench leaderboard build results/leaderboard --out site
    """
    from tod_bench.leaderboard import load_tracks, read_board, write_site
    from tod_bench.progress import progress
    from tod_bench.reports.html import can_render, needed

    if not can_render():
        raise needed()  # now, not after everything has been computed
    with progress("leaderboard", unit="submissions") as shown:

        def announce(name: str) -> None:
            shown.now(f"computing {name}")
            shown.note(f"computing {name}")
            shown.advance()

        board = read_board(submissions, load_tracks(tracks), announce)
        index = write_site(board, out)
    for error in board.refused:
        click.echo(f"Left out: {error}", err=True)
    count = sum(map(len, board.systems.values()))
    click.echo(f"Site: {index} ({count} submission{'' if count == 1 else 's'})")
    if board.refused:
        sys.exit(1)
