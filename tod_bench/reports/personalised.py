"""Figure 5 of a personalised corpus, drawn: the plain and the restyled system responses by group of users."""

from pathlib import Path

from tod_bench.files import write_text
from tod_bench.personalise.report import Report
from tod_bench.reports.charts import Chart, Datum, grouped_bars

_TEXTS = {"plain": "plain", "styled": "restyled", "control": "same dialogues"}
_TITLES = {"gunning_fog": "Gunning fog of system responses", "politeness": "Politeness of system responses"}


def figure5_charts(report: Report) -> dict[str, Chart]:
    """A chart for each metric, by its name: a bar a text, under a heading a group."""
    charts = {}
    for metric, title in _TITLES.items():
        data = []
        numbers = [number for number in report.content["figure5"]["numbers"] if number["metric"] == metric]
        for group in dict.fromkeys(number["group"] for number in numbers):
            of_group = [number for number in numbers if number["group"] == group]
            data += [
                Datum(_TEXTS[one["text"]], one["value"], one["low"], one["high"], group=group)
                for one in of_group
                if one["value"] is not None
            ]
            published = next((one["published"] for one in of_group if one["published"] is not None), None)
            if published is not None:
                data.append(Datum("restyled", published, label="published", group=group, published=True))
        if data:
            charts[metric] = grouped_bars(data, title=title)
    return charts


def write_figures(folder: Path, report: Report) -> None:
    """Writes ``figure5_METRIC.svg`` into a folder.

    Raises:
        MissingExtraError: vl-convert is not installed.
    """
    for metric, chart in figure5_charts(report).items():
        write_text(folder / f"figure5_{metric}.svg", chart.svg())
