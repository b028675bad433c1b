"""The leaderboard as a static site: an index, a page a system, and the numbers as CSV.

    OUT/index.html            tables by track and task, sortable by every metric and protocol; history
    OUT/systems/NAME.html     card, all scores and the dialogues of a system
    OUT/scores.csv            every number with its signature

Nothing is loaded from anywhere; any web server can hand it out as it is.
"""

import re
from pathlib import Path

from tod_bench.files import write_text
from tod_bench.leaderboard.board import Board
from tod_bench.leaderboard.figures import history, whiskers
from tod_bench.leaderboard.numbers import to_csv
from tod_bench.leaderboard.system_page import SystemPage, system_page
from tod_bench.reports.html import render_html

TEMPLATES = Path(__file__).parent / "templates"

_PAGE = re.compile(r"[a-z0-9-]+-[0-9a-f]{6}\.html")


def write_site(board: Board, out: Path) -> Path:
    """Writes the site and returns the path of its index; pages of systems that are gone are removed.

    Raises:
        UserError: jinja2 is not installed, or a file cannot be written.
    """
    pages = {f"{name}.html": system_page(board, entries) for name, entries in board.systems.items()}
    for name, page in pages.items():
        write_text(out / "systems" / name, _system(page))
    for old in (out / "systems").glob("*.html"):
        if old.name not in pages and _PAGE.fullmatch(old.name):
            old.unlink()
    write_text(out / "scores.csv", to_csv(board))
    index = out / "index.html"
    write_text(index, _index(board))
    return index


def _index(board: Board) -> str:
    return render_html(
        "index.html",
        folder=TEMPLATES,
        styles=("board.css",),
        scripts=("tips.js", "sort.js"),
        board=board,
        history=history,
        whiskers=whiskers,
    )


def _system(page: SystemPage) -> str:
    browser = page.browser if page.browser["dialogues"] else None
    return render_html(
        "system.html",
        folder=TEMPLATES,
        styles=("board.css",),
        scripts=("tips.js", "browser.js") if browser else ("tips.js",),
        data=browser,
        page=page,
    )
