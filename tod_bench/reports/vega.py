"""A plot as a Vega-Lite specification, and its drawing by vl-convert as SVG, PNG or PDF, without a browser."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Any
from xml.etree import ElementTree

from tod_bench.errors import extra_needed
from tod_bench.reports.styles import PALETTE

WIDTH = 368
"""Width of a plot, which a phone shows unshrunken."""

TITLE_LETTERS = 54
"""Letters of a title that fit into a line of this width; a longer title has several lines."""

INK, QUIET, RULE, GROUND = "#1c2026", "#565e6a", "#d5d9e0", "#ffffff"
_THEMED = {colour: f"var(--s{number})" for number, colour in enumerate(PALETTE)} | {
    **{INK: "var(--ink)", QUIET: "var(--quiet)", RULE: "var(--rule)", GROUND: "var(--ground)"}
}
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_SVG = "http://www.w3.org/2000/svg"


Spec = dict[str, Any]

_TEXT = {
    "labelColor": QUIET,
    "titleColor": QUIET,
    "labelFontSize": 11,
    "titleFontSize": 11,
    "titleFontWeight": "normal",
}
_CONFIG = {
    "font": "sans-serif",
    "background": GROUND,
    "padding": 3,
    "view": {"stroke": None},
    "axis": {**_TEXT, "gridColor": RULE, "domainColor": QUIET, "tickColor": RULE},
    "legend": {**_TEXT, "labelColor": INK, "symbolStrokeWidth": 1},
    "text": {"fontSize": 11},
    "mark": {"aria": False},
    "title": {"color": INK, "fontSize": 12, "anchor": "start"},
}


@dataclass(frozen=True)
class Chart:
    """A plot; see `spec` for its Vega-Lite specification, which ``altair.Chart.from_dict`` reads.

    Attributes:
        kind: ``Bar chart`` or ``Line chart``.
        vega: The specification without a title.
        title: What it shows.
    """

    kind: str
    vega: Mapping[str, Any]
    title: str = ""

    def spec(self) -> Spec:
        """The Vega-Lite specification as JSON values."""
        lines = wrap(self.title, TITLE_LETTERS)
        title = {"title": {"text": lines if len(lines) > 1 else self.title, "limit": WIDTH}} if self.title else {}
        schema = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json"}
        # vl-convert aborts the process at half a surrogate pair, which a name of somebody else's may hold.
        spec: Spec = _printable({**schema, **title, **self.vega, "config": _CONFIG})
        return spec

    def svg(self, *, themed: bool = False) -> str:
        """The plot as SVG.

        Args:
            themed: For a page: colours are the variables of its stylesheet, which knows dark screens, and the title is
                left to the page.

        Raises:
            MissingExtraError: vl-convert is not installed.
        """
        with extra_needed("report", "a plot"):
            import vl_convert
        drawn = replace(self, title="") if themed else self
        return _cleaned(vl_convert.vegalite_to_svg(drawn.spec()), f"{self.kind}: {self.title}", themed=themed)

    def png(self, scale: float = 2.0) -> bytes:
        """The plot as PNG, `scale` pixels a unit.

        Raises:
            MissingExtraError: vl-convert is not installed.
        """
        with extra_needed("report", "a plot"):
            import vl_convert
        return bytes(vl_convert.vegalite_to_png(self.spec(), scale=scale))

    def pdf(self) -> bytes:
        """The plot as PDF, for papers.

        Raises:
            MissingExtraError: vl-convert is not installed.
        """
        with extra_needed("report", "a plot"):
            import vl_convert
        return bytes(vl_convert.vegalite_to_pdf(self.spec()))

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {"application/vnd.vegalite.v6+json": self.spec(), "image/svg+xml": self.svg()}


def _printable(value: Any) -> Any:
    """JSON values without what XML cannot hold."""
    match value:
        case str():
            return _UNPRINTABLE.sub("\ufffd", value)
        case Mapping():
            return {name: _printable(item) for name, item in value.items()}
        case list() | tuple():
            return [_printable(item) for item in value]
        case _:
            return value


def _cleaned(svg: str, label: str, *, themed: bool) -> str:
    """SVG as vl-convert draws it, made small and accessible: one image with a label, a title on each mark."""
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            # Vega writes an empty shape for each foreground, background and title that a chart does not have.
            empty = child.tag == f"{{{_SVG}}}text" and not child.text and not len(child)
            if empty or child.get("display") == "none" or child.get("class") == "background":
                parent.remove(child)
    for element in root.iter():
        about = element.attrib.pop("aria-label", "")
        for name in ("role", "aria-roledescription", "aria-hidden", "class", "pointer-events"):
            element.attrib.pop(name, None)
        if about and element.tag == f"{{{_SVG}}}path":
            ElementTree.SubElement(element, f"{{{_SVG}}}title").text = about
        if themed:
            element.attrib.pop("font-family", None)
            for name in ("fill", "stroke"):
                if element.get(name) in _THEMED:
                    element.set(name, _THEMED[element.attrib[name]])
    # Numbers stand at the right end, and a reader's font may be wider than the one that vl-convert measures with.
    width = max(float(root.get("width", "0")), float(WIDTH))
    root.attrib |= {"width": f"{width:g}", "viewBox": f"0 0 {width:g} {root.get('height')}"}
    root.attrib |= {"class": "chart", "role": "img", "aria-label": _printable(label)}
    if themed:
        root.remove(root[0])  # the ground, which a page has of its own
    text = ElementTree.tostring(root, encoding="unicode")
    return text.replace(f' xmlns="{_SVG}"', "", 1) if themed else text
