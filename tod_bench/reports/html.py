"""Self-contained HTML pages: templates, one stylesheet, and a policy that lets a page run no script but its own."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tod_bench import __version__
from tod_bench.display import MISSING
from tod_bench.errors import MissingExtraError
from tod_bench.numerals import decimal, interval
from tod_bench.reports.browser import as_script
from tod_bench.reports.numbers import written

if TYPE_CHECKING:
    from jinja2 import Environment

    from tod_bench.reports.charts import Chart

TEMPLATES = Path(__file__).parent / "templates"
_MODULES = ("jinja2", "vl_convert")


def needed() -> MissingExtraError:
    """What is missing where `can_render` says no."""
    missing = next((name for name in _MODULES if find_spec(name) is None), _MODULES[0])
    return MissingExtraError("the HTML page", missing, "report")


def can_render() -> bool:
    """Whether what a page and its plots need is installed."""
    return all(find_spec(name) is not None for name in _MODULES)


def render_html(
    template: str,
    *,
    scripts: Sequence[str],
    styles: Sequence[str] = (),
    data: Any = None,
    folder: Path = TEMPLATES,
    **values: Any,
) -> str:
    """A page as HTML; every value is escaped.

    Args:
        template: The template, which extends ``frame.html``.
        scripts: Files of JavaScript, in order.
        styles: Stylesheets beside ``page.css``.
        data: JSON values for the scripts; None for none.
        folder: Where templates, scripts and stylesheets are looked for before the templates of this package.
        **values: What the template shows.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    environment = _environment(folder)
    script = "\n".join(_source(folder, name) for name in scripts)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text = environment.get_template(template).render(
        **values,
        version=__version__,
        style=_trusted("\n".join(_source(folder, name) for name in ("page.css", *styles))),
        script=_trusted(script),
        policy=f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'",
        data=None if data is None else _trusted(as_script(data)),
    )
    # A prediction file may hold half a surrogate pair, which no UTF-8 file can.
    return text.encode("utf-8", "replace").decode()


@cache
def _environment(folder: Path) -> "Environment":
    if not can_render():
        raise needed()
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([folder, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(written=written, missing=MISSING, decimal=decimal, interval=interval, drawn=_drawn)
    return environment


def _drawn(chart: "Chart") -> Any:
    """A plot in the colours of the stylesheet; vl-convert escapes every text of it."""
    return _trusted(chart.svg(themed=True))


def _source(folder: Path, name: str) -> str:
    # What the digest of the policy is over has to be what the browser reads, to the byte.
    own = folder / name
    return (own if own.is_file() else TEMPLATES / name).read_text(encoding="utf-8").strip()


def _trusted(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)
