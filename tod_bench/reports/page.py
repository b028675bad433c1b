"""One self-contained HTML page of a run: it loads nothing, needs no server, and may run no script but its own.

Run ──page_data──▶ Page ──render──▶ HTML
"""

from pathlib import Path

from tod_bench.files import write_text
from tod_bench.reports.html import render_html
from tod_bench.reports.origins import origins
from tod_bench.reports.page_data import Page


def write_page(page: Page, path: Path) -> Path:
    """Writes a page and returns its path.

    Raises:
        UserError: jinja2 is not installed, or the file cannot be written.
    """
    write_text(path, render(page))
    return path


def render(page: Page) -> str:
    """The page as HTML.

    Raises:
        UserError: jinja2 is not installed.
    """
    return render_html(
        "page.html",
        scripts=("tips.js", "browser.js"),
        data=page.browser,
        page=page,
        origins=origins(page.results),
    )
