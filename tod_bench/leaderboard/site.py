"""The leaderboard as a static site: an index, a page a system, definitions of the metrics, and files to download.

    OUT/index.html               tables by track and task, searched and sorted by every column; history; how to submit
    OUT/metrics.html             what each metric means, and the signatures of its numbers
    OUT/systems/NAME.html        cards, all scores and the dialogues of a system
    OUT/episodes/TRACK.html      episodes of a track that is played, of all systems side by side
    OUT/predictions/NAME.jsonl.gz  what a submission answered
    OUT/scores.csv               every number with its signature

Nothing is loaded from anywhere; any web server can hand it out as it is.
"""

import datetime
import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tod_bench.errors import UserError
from tod_bench.files import write_text
from tod_bench.leaderboard.board import Board, read_board
from tod_bench.leaderboard.bounds import opened
from tod_bench.leaderboard.definitions import definitions
from tod_bench.leaderboard.episode_pages import episode_pages, episodes_address, has_episodes
from tod_bench.leaderboard.figures import history, marks, whiskers
from tod_bench.leaderboard.names import skeleton
from tod_bench.leaderboard.numbers import to_csv
from tod_bench.leaderboard.submission import PARTS
from tod_bench.leaderboard.system_page import system_page
from tod_bench.leaderboard.tracks import Tracks, load_tracks
from tod_bench.leaderboard.verify import Entry
from tod_bench.reports.browser import SCRIPTS
from tod_bench.reports.html import can_render, needed, render_html

TEMPLATES = Path(__file__).parent / "templates"

_PAGE = re.compile(r"[a-z0-9-]+-[0-9a-f]{6}\.html")
_EPISODES = re.compile(r"[a-z0-9._-]+\.html")
_PREDICTIONS = re.compile(r"[a-z0-9._-]+-[0-9]{8}\.jsonl\.gz")


@dataclass(frozen=True)
class Site:
    """A site that was built.

    Attributes:
        index: Its first page.
        board: What it shows, and which submissions were refused.
    """

    index: Path
    board: Board


def build_leaderboard(
    submissions: str | Path,
    output: str | Path = "site",
    tracks: Tracks | None = None,
    *,
    announce: Callable[[str], None] = lambda _name: None,
    cache: str | Path | None = None,
    workers: int = 1,
    allow_empty: bool = False,
) -> Site:
    """Verifies every submission in a folder and writes the site of those that are accepted.

    Args:
        submissions: The folder of submissions.
        output: The site's folder.
        tracks: The tracks; those that ship with tod-bench by default.
        announce: Called with the name of each submission that is computed.
        cache: Folder of what earlier builds computed; None to compute everything, and keep nothing.
        workers: Processes to compute with.
        allow_empty: Whether a folder without submissions gives a site that says so.

    Returns:
        The site; `Site.board` has the submissions that were refused, which are named on it.

    Raises:
        UserError: There is no such folder or no submission in it, the file of decisions in it is unusable, a package is
            missing, or the site cannot be written.
    """
    # What is missing is told now, not after everything has been computed.
    if not can_render():
        raise needed()
    skeleton("")
    board = read_board(
        Path(submissions), tracks or load_tracks(), announce, cache=Path(cache) if cache else None, workers=workers
    )
    if not (board.systems or board.refused or allow_empty):
        raise UserError(
            f"{submissions} has no submission in it; make one with `tod-bench submit prepare`, "
            "or give --allow-empty for a site without any"
        )
    return Site(write_site(board, Path(output)), board)


def write_site(board: Board, output: Path, *, date: datetime.date | None = None) -> Path:
    """Writes the site and returns the path of its index; pages and predictions of systems that are gone are removed.

    Args:
        board: The leaderboard.
        output: The site's folder.
        date: The day that the site says it was built on; today (UTC) by default.

    Raises:
        UserError: jinja2 is not installed, or a file cannot be written.
    """
    shared: dict[str, Any] = {
        "board": board,
        "built": date or datetime.datetime.now(datetime.UTC).date(),
        "definitions": definitions(board),
        "marks": marks(board),
        "offers_predictions": offers_predictions,
        "episodes_address": lambda entry: episodes_address(board, entry) if has_episodes(entry) else "",
        "short_count": short_count,
    }
    for name, entries in board.systems.items():
        page = system_page(board, entries)
        browser = page.browser if page.browser["dialogues"] else None
        scripts = ("tips.js", *SCRIPTS) if browser else ("tips.js",)
        html = _html("system.html", scripts, data=browser, page=page, mark=shared["marks"][name], **shared)
        write_text(output / "systems" / f"{name}.html", html)
    _remove_others(output / "systems", _PAGE, {f"{name}.html" for name in board.systems})
    played = {f"{name}.html": html for name, html in episode_pages(board).items()}
    for name, html in played.items():
        write_text(output / "episodes" / name, html)
    _remove_others(output / "episodes", _EPISODES, set(played))
    _write_predictions(board, output / "predictions")
    write_text(output / "scores.csv", to_csv(board))
    write_text(output / "metrics.html", _html("metrics.html", ("tips.js",), **shared))
    index = output / "index.html"
    write_text(index, _html("index.html", ("tips.js", "board.js"), history=history, whiskers=whiskers, **shared))
    return index


def offers_predictions(entry: Entry) -> bool:
    """Whether the site offers an entry's predictions for download.

    Where a track does not let its dialogues be shown, answers that are gold, or may be, would show them; so would
    episodes, which have the corpus's goals.
    """
    settings = entry.submission.track.settings
    return bool(settings.dialogues) or not (settings.play or entry.suspicions or entry.card.gold_access)


def short_count(number: int) -> str:
    """A number of parameters in at most three digits, up to a thousand trillions: ``60.5M``."""
    scaled, units = float(number), ["", "K", "M", "B", "T"]
    while float(f"{scaled:.3g}") >= 1_000 and len(units) > 1:
        scaled, units = scaled / 1_000, units[1:]
    return f"{float(f'{scaled:.3g}'):,g}{units[0]}"


def _html(template: str, scripts: tuple[str, ...], **values: Any) -> str:
    return render_html(template, folder=TEMPLATES, styles=("board.css",), scripts=scripts, **values)


def _write_predictions(board: Board, folder: Path) -> None:
    """Copies prediction files as they were read, packed: as text, a browser might take one for a page."""
    offered = {f"{entry.name}.jsonl.gz": entry for entry in board.newest_first if offers_predictions(entry)}
    for name, entry in offered.items():
        path = entry.submission.predictions_file
        with opened(path, PARTS[path.name]) as file:
            data = file.read()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data if path.suffix == ".gz" else gzip.compress(data, mtime=0))
        except OSError as error:
            raise UserError(f"{folder / name} could not be written: {error.strerror or error}") from None
    _remove_others(folder, _PREDICTIONS, set(offered))


def _remove_others(folder: Path, pattern: re.Pattern[str], kept: set[str]) -> None:
    """Removes what an earlier build wrote, and nothing else."""
    if folder.is_dir():
        for path in folder.iterdir():
            if path.name not in kept and pattern.fullmatch(path.name):
                path.unlink()
