"""The plots of a page: which ones a run has something to show in; `tod_bench.reports.charts` draws them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tod_bench.experiments.config import Column, EvalConfig
from tod_bench.experiments.judge_scores import JUDGED
from tod_bench.experiments.results import Experiment, Result
from tod_bench.judge.questions import SCALE
from tod_bench.records import ExperimentTask
from tod_bench.reports.breakdowns import Point, by_length, by_turn_index
from tod_bench.reports.charts import Chart, Datum, grouped_bars, lines, stacked_bars
from tod_bench.reports.numbers import Number, column_number, spec_of
from tod_bench.reports.styles import VARIANTS, Style, Styles, styles_of
from tod_bench.reports.table import Row, Table
from tod_bench.reports.turns import StateTurns
from tod_bench.scores import Score, Slice
from tod_bench.scoring.items import GROUPINGS
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
            data.append(_datum(row.system or row.corpus, row.numbers[0], label=label, group=group))
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
    systems_or_corpora = [name for name in ("system", "corpus") if len({getattr(row, name) for row in table.rows}) > 1]
    metrics = {
        signature.partition("|")[0] for row in table.rows for number in row.numbers for signature in number.signatures
    }
    if metrics == _SHARES:
        data = [
            _datum(
                row.label,
                row.numbers[number],
                label=table.columns[number],
                group=", ".join(row.called(systems_or_corpora)),
            )
            for number in columns
            for row in table.rows
            if row.numbers[number].value is not None
        ]
        data.sort(key=lambda datum: datum.group)
        names: Names = (("group", "system"), ("label", "column"), ("series", "row"))
        note = "Each bar is all pairs of a group, in percent; the table has the intervals."
        return Figure(title, note + source, tuple(data), names, stacked_bars(data, title=title, styles=styles))
    data = []
    for number in columns:
        for place in dict.fromkeys((row.system, row.corpus) for row in table.rows):
            rows = [row for row in table.rows if (row.system, row.corpus) == place]
            group = ", ".join([table.columns[number], *rows[0].called(systems_or_corpora)])
            data += [datum for row in rows for datum in _table_data(row, number, group)]
    note = "Bars end at the number; whiskers are 95% intervals." + starts_at(floor)
    names = (("group", "column"), ("label", "row"))
    return Figure(title, note + source, tuple(data), names, grouped_bars(data, title=title, floor=floor, styles=styles))


def _table_data(row: Row, column: int, group: str) -> list[Datum]:
    """A row's number in a column and the published one, as far as there are such."""
    number, name = row.numbers[column], row.label or "ours"
    data = [_datum(name, number, label=name, group=group)] if number.value is not None else []
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
        judged = self.metric.partition("@")[0] in JUDGED
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
            grouping = kind if kind in GROUPINGS and column.metric.partition("@")[0] not in JUDGED else ""
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
    return "group of users" if metric.partition("@")[0] in JUDGED else "domain"


def _grouping(score: Score) -> str:
    """The attribute of users that a score is sliced by; empty for domains, and for judges, who have one plot."""
    if score.slice is None or score.metric in JUDGED or score.slice.kind not in GROUPINGS:
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
                data.append(_datum(system, number, group=slice_.name))
    return tuple(data)


def _datum(series: str, number: Number, *, label: str = "", group: str = "") -> Datum:
    """A number to be drawn with its interval, or with one standard deviation over seeds."""
    low, high = number.low, number.high
    if number.spread is not None and number.value is not None:
        low, high = number.value - number.spread, number.value + number.spread
    return Datum(series, number.value, low, high, label, group)


def position_figures(
    turns: Sequence[tuple[str, StateTurns]], draws: int, seed: int, styles: Styles | None = None
) -> list[Figure]:
    """Joint goal accuracy by turn index and by length of the dialogue, a plot each for each corpus.

    Args:
        turns: (system, its judged turns) of each experiment.
        draws: Bootstrap draws of the intervals.
        seed: Seed of the draws.
        styles: Style of each system; of those in `turns` where left out.
    """
    figures = []
    styles = styles or styles_of(name for name, _ in turns)
    for corpus in dict.fromkeys(judged.experiment.corpus for _, judged in turns):
        of_corpus = [(name, judged) for name, judged in turns if judged.experiment.corpus == corpus]
        metrics = ", ".join(dict.fromkeys(judged.metric for _, judged in of_corpus))
        for by, across, breakdown in (
            ("turn index", "turn", by_turn_index),
            ("dialogue length", "turns in the dialogue", by_length),
        ):
            data = tuple(
                _point_datum(name, point)
                for name, judged in of_corpus
                for point in breakdown(judged, draws=draws, seed=seed)
            )
            title = f"{metrics} by {by}: {corpus}"
            note = "Whiskers are 95% bootstrap intervals over dialogues; the line only joins neighbours."
            chart = lines(data, across, title=title, styles=styles)
            figures.append(Figure(title, note, data, (("series", "system"), ("label", across)), chart))
    return figures


def _point_datum(system: str, point: Point) -> Datum:
    over = f"{point.turns} turns of {point.dialogues} dialogues"
    return Datum(system, point.value, point.low, point.high, point.label.replace("-", "–"), over=over)


def share_figures(
    table: Table, levels: Mapping[str, tuple[str, Mapping[str, str]]], styles: Styles | None = None
) -> list[Figure]:
    """The main metric over a factor of a sweep that grows by multiples, such as the share of the training data.

    A factor is drawn where its levels are three or more positive numbers of which the largest is at least ten times
    the smallest; its axis is logarithmic.

    Args:
        table: The table of all trials.
        levels: Name of a row's system -> its system in the config, and its trial's levels by factor.
        styles: Style of each system; of their names where left out.
    """
    figures = []
    for factor in dict.fromkeys(factor for _, trial in levels.values() for factor in trial):
        shares = {trial[factor] for _, trial in levels.values() if factor in trial}
        if not _grows_by_multiples(shares):
            continue
        for corpus in dict.fromkeys(row.corpus for row in table.rows if not row.difference):
            data = []
            for row in table.rows:
                if row.system in levels and row.corpus == corpus and row.numbers[0].value is not None:
                    system, trial = levels[row.system]
                    others = [f"{name}={level}" for name, level in trial.items() if name != factor]
                    series = f"{system} ({', '.join(others)})" if others else system
                    data.append(_datum(series, row.numbers[0], label=trial[factor]))
            if data:
                title = f"{table.columns[0]} by {factor}" + (f": {corpus}" if corpus else "")
                known = styles if styles and all(datum.series in styles for datum in data) else None
                chart = lines(data, factor, title=title, log=True, styles=known)
                note = (
                    "Whiskers are 95% intervals, or one standard deviation over seeds; the line only joins neighbours."
                )
                figures.append(Figure(title, note, tuple(data), (("series", "system"), ("label", factor)), chart))
    return figures


def _grows_by_multiples(levels: set[str]) -> bool:
    try:
        values = [float(level) for level in levels]
    except ValueError:
        return False
    return len(values) > 2 and all(0 < value < math.inf for value in values) and max(values) >= 10 * min(values)


def learning_curves(results: Sequence[Result], styles: Styles | None = None) -> list[Figure]:
    """Loss and dev scores by epoch, of the systems whose record of training has them.

    Args:
        results: The results.
        styles: Style of each system; of those in `results` where left out.
    """
    styles = styles or styles_of(result.experiment.system for result in results)
    losses: list[Datum] = []
    dev: dict[str, list[Datum]] = {}
    style_of: dict[str, Style] = {}
    trained: dict[str, int] = {}
    for name, system, details in _trainings(results):
        # Trainings of one system share its colour and differ in dash and marker.
        variant = styles[system].variant + trained.get(system, 0)
        style_of[name] = Style(styles[system].colour, variant % VARIANTS)
        trained[system] = trained.get(system, 0) + 1
        numbers = [float(value) for value in details.get("losses", ()) if _is_number(value)]
        losses += [Datum(name, value, label=str(epoch)) for epoch, value in enumerate(numbers, start=1)]
        for key, epoch, value in _dev_scores(details.get("dev_scores", ())):
            dev.setdefault(key, []).append(Datum(name, value, label=f"{epoch:g}"))
    curves = [("Training loss by epoch", losses)] if losses else []
    curves += [(f"{key.replace('_', ' ')} on dev by epoch", data) for key, data in dev.items()]
    figures = []
    for text, data in curves:
        title = text[0].upper() + text[1:]
        chart = lines(data, "epoch", title=title, from_zero=False, styles=style_of)
        note = "One line a training, named by its system, corpus, task and seed."
        figures.append(Figure(title, note, tuple(data), (("series", "training"), ("label", "epoch")), chart))
    return figures


def _trainings(results: Sequence[Result]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """(name, system, what was recorded) of each training once: it is recorded with every task that it serves."""
    trainings: list[tuple[Experiment, Mapping[str, Any], list[str]]] = []
    for result in results:
        predictions = result.provenance.get("predictions")
        fit = predictions.get("fit") if isinstance(predictions, Mapping) else None
        if not isinstance(fit, Mapping) or not isinstance(fit.get("details"), Mapping):
            continue
        experiment = result.experiment
        for other, known, tasks in trainings:
            same = (other.system, other.corpus, other.seed) == (experiment.system, experiment.corpus, experiment.seed)
            if same and known == fit:
                if experiment.predicts not in tasks:
                    tasks.append(experiment.predicts)
                break
        else:
            trainings.append((experiment, fit, [experiment.predicts]))
    return [
        (f"{one.system}, {one.corpus}, {' and '.join(tasks)}, seed {one.seed}", one.system, fit["details"])
        for one, fit, tasks in trainings
    ]


def _dev_scores(entries: object) -> list[tuple[str, float, float]]:
    """(name, epoch, value) of every score on dev that a training recorded."""
    scores = []
    for number, entry in enumerate(entries if isinstance(entries, list | tuple) else (), start=1):
        if isinstance(entry, Mapping):
            for key, value in entry.items():
                if key not in ("epoch", "step") and _is_number(value):
                    scores.append((str(key), float(entry.get("epoch", number)), float(value)))
    return scores


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
