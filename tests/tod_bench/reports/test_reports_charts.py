"""Plots as Vega-Lite and as SVG: numbers where they belong, nothing but text of what is text, one image for readers."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tod_bench.reports.charts import Datum, bars, grouped_bars, lines, stacked_bars
from tod_bench.reports.styles import COLOURS, PALETTE, VARIANTS, styles_of

NAMESPACE = "http://www.w3.org/2000/svg"


def layer(chart, mark):
    spec = chart.spec()
    layers = spec["spec"]["layer"] if "facet" in spec else spec["layer"]
    return next(one for one in layers if one["mark"]["type"] == mark)


def rows(chart):
    return chart.spec()["data"]["values"]


def svg_of(chart, *, themed):
    text = chart.svg(themed=themed)
    return ElementTree.fromstring(text if "xmlns" in text else text.replace("<svg", f"<svg xmlns='{NAMESPACE}'", 1))


def drawn_bars(chart):
    """(colour, x, width) of every bar of the SVG."""
    found = []
    for path in svg_of(chart, themed=False).iter(f"{{{NAMESPACE}}}path"):
        shape = re.fullmatch(r"M([\d.-]+),[\d.-]+h([\d.-]+)v[\d.-]+h[\d.-]+Z", path.get("d", ""))
        if shape and path.get("fill") in PALETTE:
            found.append((path.get("fill"), float(shape[1]), float(shape[2])))
    return found


def test_bars_are_as_long_as_their_numbers():
    chart = bars([Datum("a", 50.0, 25.0, 75.0), Datum("b", 100.0)])
    (_, start, half), (_, other_start, full) = drawn_bars(chart)
    assert start == other_start
    assert half == pytest.approx(full / 2, abs=0.02)
    assert [(row["low"], row["high"]) for row in rows(chart)] == [(25.0, 75.0), (None, None)]
    assert [row["printed"] for row in rows(chart)] == ["50.0 [25.0, 75.0]", "100.0"]


def test_a_long_title_is_drawn_whole():
    title = "Pairwise win rates against the embedded corpus's responses by group, % (scripted judge)"
    chart = replace(bars([Datum("a", 50.0)]), title=title)
    drawn = [text.text or "" for text in svg_of(chart, themed=False).iter() if text.tag.endswith(("}text", "}tspan"))]
    assert not any("…" in text for text in drawn)
    for word in title.split():
        assert any(word in text for text in drawn)


def test_likert_bars_start_at_one():
    chart = bars([Datum("a", 3.0), Datum("b", 2.0), Datum("c", 1.0)], floor=1.0)
    lengths = [width for _, _, width in drawn_bars(chart)]
    assert lengths[0] == pytest.approx(2 * lengths[1], abs=0.02)
    assert len(lengths) == 2 or lengths[2] == 0
    assert layer(chart, "bar")["encoding"]["x"]["scale"]["domain"][0] == 1.0
    assert [row["printed"] for row in rows(chart)] == ["3.00", "2.00", "1.00"]


def test_groups_have_headings_and_a_series_keeps_its_colour():
    chart = grouped_bars([Datum("a", 1.0, group="x"), Datum("b", 2.0, group="x"), Datum("b", 3.0, group="y")])
    svg = chart.svg()
    assert ">x</text>" in svg
    assert ">y</text>" in svg
    colours = [colour for colour, _, _ in drawn_bars(chart)]
    assert colours[1] == colours[2] != colours[0]


def test_a_published_number_is_a_pale_bar_of_its_series():
    chart = bars([Datum("a", 40.0), Datum("a", 50.0, label="a, published", published=True)])
    assert [row["shade"] for row in rows(chart)] == [1.0, 0.25]
    assert len({colour for colour, _, _ in drawn_bars(chart)}) == 1
    assert "a, published" in chart.svg()


def test_shares_are_stacked_into_one_bar_a_label():
    data = [
        Datum(name, share, label=group) for group in ("all", "child") for name, share in (("win", 20.0), ("tie", 80.0))
    ]
    chart = stacked_bars(data)
    assert [(row["start"], row["end"]) for row in rows(chart)] == [(0, 20), (20, 100)] * 2
    tops = re.findall(r'd="M[\d.-]+,([\d.-]+)h[\d.]+v[\d.]+h-[\d.]+Z"', chart.svg())
    assert len(tops) == 4
    assert len(set(tops)) == 2


def test_lines_share_positions_and_leave_gaps():
    data = [Datum("a", 10.0, label="1"), Datum("a", None, label="2"), Datum("a", 30.0, label="10")]
    chart = lines([*data, Datum("b", 5.0, label="2")], "turn")
    assert [(row["series"], row["label"]) for row in rows(chart)] == [("a", "1"), ("a", "10"), ("b", "2")]
    assert chart.spec()["encoding"]["x"]["sort"] == ["1", "2", "10"]


def test_a_log_axis_has_its_levels_as_ticks():
    chart = lines(
        [Datum("t5", 10.0 * n, label=share) for n, share in enumerate(("0.01", "0.1", "1.0"))], "share", log=True
    )
    x = chart.spec()["encoding"]["x"]
    assert (x["scale"], x["axis"]["values"]) == ({"type": "log"}, [0.01, 0.1, 1.0])
    svg = chart.svg()
    assert all(f">{tick}</text>" in svg for tick in ("0.01", "0.1", "1"))
    points = [float(x) for x in re.findall(r'transform="translate\(([\d.]+),[\d.]+\)" d="M', svg)][:3]
    assert points[1] - points[0] == pytest.approx(points[2] - points[1], abs=0.1)


def test_a_plot_is_one_labelled_image_with_a_title_on_each_mark():
    chart = bars([Datum("a", 50.0, 40.0, 60.0)], title="JGA")
    for themed in (False, True):
        root = svg_of(chart, themed=themed)
        assert (root.get("role"), root.get("aria-label")) == ("img", "Bar chart: JGA")
        assert [node.text for node in root.iter(f"{{{NAMESPACE}}}title")] == ["a: 50.00 [40.0, 60.0]"]
        assert not [node for node in root if node.get("aria-roledescription")]


def test_a_page_colours_its_plots_and_a_file_has_its_own():
    chart = bars([Datum("a", 50.0)], title="JGA")
    assert "var(--s" in chart.svg(themed=True)
    assert "#0" not in chart.svg(themed=True).replace("#000", "")
    assert "var(" not in chart.svg()
    assert "JGA</text>" in chart.svg()
    assert "JGA</text>" not in chart.svg(themed=True)


def test_png_and_pdf():
    chart = lines([Datum("a", 1.0, label="1"), Datum("a", 2.0, label="2")], "epoch", from_zero=False)
    assert chart.png().startswith(b"\x89PNG")
    assert chart.pdf().startswith(b"%PDF")


@pytest.mark.parametrize(
    "text", ["</svg><script>alert(1)</script>", "a & b", "\ud800 half", "\x00\x1b", "a\u2063b", "''\"", "{{ 1 }}"]
)
def test_hostile_names_are_text(text):
    for chart in (
        grouped_bars([Datum(text, 5.0, group=text, label=text)], title=text),
        lines([Datum(text, 5.0, label=text)], text, title=text),
    ):
        root = svg_of(chart, themed=True)
        assert {node.tag.rpartition("}")[2] for node in root.iter()} <= {
            "svg",
            "g",
            "path",
            "line",
            "rect",
            "text",
            "title",
        }
        assert chart.svg(themed=True).encode()


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0, 100), min_size=3, max_size=3).map(sorted), st.floats(0, 100))
def test_every_interval_in_a_plot_holds_its_value(three, other):
    low, value, high = three
    chart = bars([Datum("a", value, low, high), Datum("b", other)])
    shown, start, end = re.fullmatch(r"(\S+) \[(\S+), (\S+)\]", rows(chart)[0]["printed"]).groups()
    assert float(start) <= float(shown) <= float(end)


@pytest.mark.parametrize(
    ("others", "number", "printed"),
    [
        ((100.0,), (2.94, 2.6, 3.4), "2.9 [2.6, 3.4]"),
        ((50.0,), (2.94, 2.94, 2.94), "2.9 [2.9, 2.9]"),
        ((), (2.94, 2.6, 2.96), "2.94 [2.60, 2.96]"),
        ((), (0.85, 0.8, 0.9), "0.85 [0.80, 0.90]"),
    ],
)
def test_a_plot_prints_no_interval_without_its_value(others, number, printed):
    chart = bars([Datum("a", *number), *(Datum(str(other), other) for other in others)])
    assert rows(chart)[0]["printed"] == printed


@given(st.lists(st.text(max_size=8), unique=True, max_size=COLOURS * VARIANTS))
def test_styles_depend_on_names_alone_and_no_two_are_the_same(names):
    styles = styles_of(names)
    assert styles == styles_of(names[::-1])
    assert len({(style.colour, style.variant) for style in styles.values()}) == len(names)
    solid = [style for style in styles.values() if not style.variant]
    assert len({style.colour for style in solid}) == len(solid) == min(len(names), COLOURS)
    for style in styles.values():
        shapes = {other.shape for other in styles.values() if other.colour == style.colour}
        assert len(shapes) == sum(other.colour == style.colour for other in styles.values())


def test_beyond_the_palette_bars_are_shaded():
    chart = bars([Datum(f"system {number}", 50.0) for number in range(COLOURS + 2)])
    assert sorted(row["shade"] for row in rows(chart)) == [0.6, 0.6, *[1.0] * COLOURS]
