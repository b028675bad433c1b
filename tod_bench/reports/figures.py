"""The plots of a page: which ones a run has something to show in; `tod_bench.reports.charts` draws them."""

from collections.abc import Sequence
from dataclasses import dataclass

from tod_bench.experiments.config import Column, EvalConfig
from tod_bench.experiments.judge_scores import is_judged
from tod_bench.experiments.results import Result
from tod_bench.judge.questions import SCALE
from tod_bench.records import ExperimentTask
from tod_bench.reports.charts import Chart, Datum, grouped_bars, stacked_bars
from tod_bench.reports.numbers import Number, column_number, spec_of
from tod_bench.reports.styles import Styles, styles_of
from tod_bench.reports.table import Row, Table
from tod_bench.scores import Score, Slice
from tod_bench.scoring.pairing import GROUPINGS
from tod_metrics import canonical

Names = tuple[tuple[str, str], ...]
"""Attributes of a `Datum` that the table of a figure's numbers shows, each with its heading."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot and the numbers behind it.

    Attributes:
        title: What it shows.
        note: How to read it.
        data: The numbers.
        names: What groups, series and labels are, for the table of the numbers.
        chart: The plot.
    """

    title: str
    note: str
    data: tuple[Datum, ...]
    names: Names
    chart: Chart


def lead_figure(table: Table, styles: Styles | None = None) -> Figure | None:
    """The main metric, the first column of a table, as bars: the best first, systems without a rank below.

    None where the table is a figure of its own, or has no number in that column.
    """
    if table.plot or not table.columns or any(row.label for row in table.rows):
        return None
    rows = [row for row in table.rows if not row.difference and row.numbers[0].value is not None]
    if not rows:
        return None
    corpora = list(dict.fromkeys(row.corpus for row in rows))
    direction = table.higher_is_better[0] if table.higher_is_better else None
    best = {id(table.rows[position]) for position, column in table.best() if column == 0}
    data = []
    for corpus in corpora:
        of_corpus = [row for row in rows if row.corpus == corpus]
        if direction is not None:
            of_corpus.sort(key=lambda row: row.numbers[0].value or 0.0, reverse=direction)
        of_corpus.sort(key=lambda row: row.shown_gold)
        for row in of_corpus:
            label = f"{row.system or row.corpus}{' ★' if id(row) in best else ''}{' †' if row.shown_gold else ''}"
            group = corpus if len(corpora) > 1 else ""
            data.append(datum_of(row.system or row.corpus, row.numbers[0], label=label, group=group))
    floor = floor_of(_scale(table.signatures.get(table.columns[0], ())))
    note = "Whiskers are 95% intervals, or one standard deviation over seeds." + starts_at(floor)
    note += " ★ marks the best of a corpus." if best else ""
    if any(row.shown_gold for row in rows):
        note += " † has no rank: the system was shown gold, so it is a floor or a ceiling."
    title = f"{table.columns[0]}{'' if len(corpora) > 1 or not corpora[0] else f' on {corpora[0]}'}"
    chart = grouped_bars(data, title=title, floor=floor, styles=styles)
    names = ((("group", "corpus"),) if len(corpora) > 1 else ()) + (("series", "system"),)
    return Figure(title, note, tuple(data), names, chart)


def table_figures(table: Table) -> list[Figure]:
    """A table that is a figure as plots, one for each scale that its columns have.

    Likert means and alpha cannot share an axis. Bars are grouped by column (and system and corpus, where there are
    several). Where the rows are the shares of wins, ties and losses, each column is one stacked bar.
    """
    scales: dict[str, list[int]] = {}
    for number, column in enumerate(table.columns):
        scales.setdefault(_scale(table.signatures.get(column, ())), []).append(number)
    styles = styles_of(row.label or "ours" for row in table.rows)
    several = len(scales) > 1
    return [_table_figure(table, columns, floor_of(scale), styles, several) for scale, columns in scales.items()]


_SHARES = {"win_share", "tie_share", "loss_share"}


def _table_figure(table: Table, columns: Sequence[int], floor: float, styles: Styles, several: bool) -> Figure:
    title = f"{table.title}: {', '.join(table.columns[number] for number in columns)}" if several else table.title
    source = f" Published: {table.source}" if table.source else ""
    several_names = [name for name in ("system", "corpus") if len({getattr(row, name) for row in table.rows}) > 1]
    metrics = {
        signature.partition("|")[0] for row in table.rows for number in row.numbers for signature in number.signatures
    }
    places = list(dict.fromkeys((row.system, row.corpus) for row in table.rows))
    if metrics == _SHARES:
        data = [
            datum_of(
                row.label, row.numbers[number], label=table.columns[number], group=", ".join(row.called(several_names))
            )
            for place in places
            for number in columns
            for row in table.rows
            if (row.system, row.corpus) == place and row.numbers[number].value is not None
        ]
        names: Names = (("group", "system"), ("label", "column"), ("series", "row"))
        note = "Each bar is all pairs of a group, in percent; the table has the intervals."
        return Figure(title, note + source, tuple(data), names, stacked_bars(data, title=title, styles=styles))
    data = []
    for number in columns:
        for place in places:
            rows = [row for row in table.rows if (row.system, row.corpus) == place]
            group = ", ".join([table.columns[number], *rows[0].called(several_names)])
            data += [datum for row in rows for datum in _table_data(row, number, group)]
    note = "Bars end at the number; whiskers are 95% intervals." + starts_at(floor)
    names = (("group", "column"), ("label", "row"))
    return Figure(title, note + source, tuple(data), names, grouped_bars(data, title=title, floor=floor, styles=styles))


def _table_data(row: Row, column: int, group: str) -> list[Datum]:
    """A row's number in a column and the published one, as far as there are such."""
    number, name = row.numbers[column], row.label or "ours"
    data = [datum_of(name, number, label=name, group=group)] if number.value is not None else []
    if number.published is not None:
        label = f"{row.label}, published".removeprefix(", ")
        data.append(Datum(name, number.published, label=label, group=group, published=True))
    return data


def _scale(signatures: Sequence[str]) -> str:
    """The score of a column, as its signatures name it, where it has a scale of its own; empty for one of 0 to 100."""
    scores = {signature.partition("|")[0] for signature in signatures}
    return next((score for score in ("likert", "krippendorff_alpha") if scores == {score}), "")


def floor_of(metric: str) -> float:
    """The lowest value of a metric's scale, where its bars start: 1 of Likert means, else 0."""
    return float(min(SCALE)) if metric.startswith("likert") else 0.0


def starts_at(floor: float) -> str:
    """Says where bars start, where that is not 0."""
    return f" Bars start at {floor:g}, the lowest point of the scale." if floor else ""


@dataclass(frozen=True, slots=True)
class _Part:
    """What a plot of scores shows: a metric of a task, by what, and an attribute of users where it is by one alone."""

    task: ExperimentTask
    metric: str
    by: str
    grouping: str = ""

    @property
    def title(self) -> str:
        """The metric and what it is by; and who gave the scores, where a judge and people give the same ones."""
        judged = is_judged(self.metric.partition("@")[0])
        source = "" if not judged else ", people" if self.task == "people" else ", judge"
        return f"{self.metric} by {self.by}{source}"


def score_figures(config: EvalConfig, results: Sequence[Result], styles: Styles | None = None) -> list[Figure]:
    """Scores by domain, and by group of users where there are such: a plot for each metric, task and corpus.

    Args:
        config: The config.
        results: Its results.
        styles: Style of each system; of the config's where left out.
    """
    figures = []
    styles = styles or styles_of(config.systems)
    for part in _parts(config, results):
        for corpus in config.corpora:
            data = _part_data(config, results, corpus, part)
            if data:
                title, floor = f"{part.title}: {corpus}", floor_of(part.metric)
                note = "Bars end at the score; whiskers are 95% intervals, or one standard deviation over seeds."
                chart = grouped_bars(data, title=title, floor=floor, styles=styles)
                names = (("group", part.by), ("series", "system"))
                figures.append(Figure(title, note + starts_at(floor), data, names, chart))
    return figures


def _parts(config: EvalConfig, results: Sequence[Result]) -> list[_Part]:
    """What to plot by domain, then what to plot by group of users."""
    parts = []
    for column in config.table.columns:
        if column.domain and column.task and column.metric:
            kind = column.domain.partition(":")[0]  # `age:child` asks for a plot by age, `hotel` for one by domain
            grouping = kind if kind in GROUPINGS and not is_judged(column.metric.partition("@")[0]) else ""
            parts.append(_Part(column.task, column.metric, grouping or _by(column.metric), grouping))
    scores = [(result.experiment.task, score) for result in results for score in result.scores if score.slice]
    for task in dict.fromkeys(task for task, _ in scores):
        if all(part.task != task for part in parts):
            specs = [spec_of(score) for of_task, score in scores if of_task == task and not _grouping(score)]
            preferred = [spec for spec in specs if spec.startswith("domain_jga_all")] or specs
            parts += [_Part(task, preferred[0], _by(preferred[0]))] if preferred else []
    for task, score in scores:
        grouping = _grouping(score)
        parts += [_Part(task, spec_of(score), grouping, grouping)] if grouping else []
    return list(dict.fromkeys(parts))


def _by(metric: str) -> str:
    """What the parts of a score are: domains, or groups of users; a judge and people rate by the latter alone."""
    return "group of users" if is_judged(metric.partition("@")[0]) else "domain"


def _grouping(score: Score) -> str:
    """The attribute of users that a score is sliced by; empty for domains, and for judges, who have one plot."""
    if score.slice is None or is_judged(score.metric) or score.slice.kind not in GROUPINGS:
        return ""
    return score.slice.kind


def _part_data(config: EvalConfig, results: Sequence[Result], corpus: str, part: _Part) -> tuple[Datum, ...]:
    slices: dict[Slice, None] = {}
    for result in results:
        if (result.experiment.corpus, result.experiment.task) == (corpus, part.task):
            for score in result.scores:
                if score.slice and spec_of(score) == canonical(part.metric) and _grouping(score) == part.grouping:
                    slices[score.slice] = None
    answered = {result.experiment.system for result in results if result.experiment.corpus == corpus}
    data = []
    for slice_ in slices:
        column = Column(label=slice_.name, task=part.task, metric=part.metric, domain=str(slice_))
        for system in (name for name in config.systems if name in answered):
            number = column_number(results, system, corpus, column)
            if number.value is not None:
                data.append(datum_of(system, number, group=slice_.name))
    return tuple(data)


def datum_of(series: str, number: Number, *, label: str = "", group: str = "") -> Datum:
    """A number to be drawn with its interval, or with one standard deviation over seeds."""
    low, high = number.low, number.high
    if number.spread is not None and number.value is not None:
        low, high = number.value - number.spread, number.value + number.spread
    return Datum(series, number.value, low, high, label, group)
