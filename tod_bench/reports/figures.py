"""The plots of a page: which ones a run has something to show in, as data; `tod_bench.reports.charts` places them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tod_bench.experiments.config import Column, EvalConfig
from tod_bench.experiments.judge_scores import JUDGED
from tod_bench.experiments.results import Experiment, Result
from tod_bench.judge.questions import SCALE
from tod_bench.records import ExperimentTask
from tod_bench.reports.breakdowns import Point, by_length, by_turn_index
from tod_bench.reports.charts import Bars, Lines, Series, Value, bars, lines
from tod_bench.reports.numbers import Number, column_number, spec_of
from tod_bench.reports.styles import VARIANTS, Style, Styles, styles_of
from tod_bench.reports.turns import StateTurns
from tod_bench.scores import Score
from tod_bench.scoring.pairing import GROUPINGS
from tod_metrics import canonical


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot and the numbers behind it.

    Attributes:
        title: What it shows.
        note: How to read it.
        series: The numbers.
        names: What the headings (or lines) and the bars (or positions) are, for the table of the numbers.
        chart: The plot.
    """

    title: str
    note: str
    series: tuple[Series, ...]
    names: tuple[str, str]
    chart: Bars | Lines


@dataclass(frozen=True, slots=True)
class _Part:
    """What a plot of scores shows: a metric of a task, by what, and an attribute of users where it is by one alone."""

    task: ExperimentTask
    metric: str
    by: str
    grouping: str = ""


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
            series = _by_part(config, results, corpus, part)
            if series:
                title = f"{part.metric} by {part.by}{_source(part)}: {corpus}"
                floor = floor_of(part.metric)
                note = "Bars end at the score; whiskers are 95% intervals, or one standard deviation over seeds."
                chart = bars(series, floor=floor, styles=styles)
                figures.append(Figure(title, note + starts_at(floor), series, (part.by, "system"), chart))
    return figures


def floor_of(metric: str) -> float:
    """The lowest value of a metric's scale, where its bars start: 1 of Likert means, else 0."""
    return float(min(SCALE)) if metric.startswith("likert") else 0.0


def starts_at(floor: float) -> str:
    """Says where bars start, where that is not 0."""
    return f" Bars start at {floor:g}, the lowest point of the scale." if floor else ""


def position_figures(
    turns: Sequence[tuple[str, StateTurns]], draws: int, seed: int, styles: Styles | None = None
) -> list[Figure]:
    """Joint goal accuracy by turn index and by length of the dialogue, a plot each for each corpus.

    Args:
        turns: (system, its judged turns) of each cell.
        draws: Bootstrap draws of the intervals.
        seed: Seed of the draws.
        styles: Style of each system; of those in `turns` where left out.
    """
    figures = []
    styles = styles or styles_of(name for name, _ in turns)
    for corpus in dict.fromkeys(one.experiment.corpus for _, one in turns):
        here = [(name, one) for name, one in turns if one.experiment.corpus == corpus]
        metrics = ", ".join(dict.fromkeys(one.metric for _, one in here))
        for title, across, breakdown in (
            ("turn index", "turn", by_turn_index),
            ("dialogue length", "turns in the dialogue", by_length),
        ):
            series = tuple(
                Series(name, tuple(map(_value, breakdown(one, draws=draws, seed=seed)))) for name, one in here
            )
            note = "Whiskers are 95% bootstrap intervals over dialogues; the line only joins neighbours."
            chart = lines(series, across, styles=styles)
            figures.append(Figure(f"{metrics} by {title}: {corpus}", note, series, ("system", across), chart))
    return figures


def learning_curves(results: Sequence[Result], styles: Styles | None = None) -> list[Figure]:
    """Loss and dev scores by epoch, of the systems whose record of training has them.

    Args:
        results: The results.
        styles: Style of each system; of those in `results` where left out.
    """
    styles = styles or styles_of(result.experiment.system for result in results)
    losses: list[Series] = []
    dev: dict[str, list[Series]] = {}
    own: dict[str, Style] = {}
    for training in _trainings(results):
        details = training.details
        base, earlier = styles[training.system], sum(name in own for name in training.siblings)
        own[training.name] = Style(base.colour, (base.variant + earlier) % VARIANTS)
        train = [value for value in details.get("losses", ()) if _is_number(value)]
        losses += [_curve(training.name, list(enumerate(train, start=1)))] if train else []
        for key, points in _dev_curves(details.get("dev_scores", ())).items():
            dev.setdefault(key, []).append(_curve(training.name, points))
    figures = [_curves("Training loss by epoch", losses, own)] if losses else []
    return [*figures, *(_curves(f"{key.replace('_', ' ')} on dev by epoch", found, own) for key, found in dev.items())]


def _parts(config: EvalConfig, results: Sequence[Result]) -> list[_Part]:
    """What to plot by domain, then what to plot by group of users."""
    listed = [_listed(column) for column in config.table.columns if column.domain and column.task and column.metric]
    scores = [(result.experiment.task, score) for result in results for score in result.scores if score.slice]
    for task in dict.fromkeys(task for task, _ in scores):
        if all(part.task != task for part in listed):
            specs = [spec_of(score) for found, score in scores if found == task and not _grouping(score)]
            preferred = [spec for spec in specs if spec.startswith("domain_jga_all")] or specs
            listed += [_Part(task, preferred[0], _by(preferred[0]))] if preferred else []
    for task, score in scores:
        grouping = _grouping(score)
        listed += [_Part(task, spec_of(score), grouping, grouping)] if grouping else []
    return list(dict.fromkeys(listed))


def _listed(column: Column) -> _Part:
    """The plot of a column that is restricted to a part: ``age:child`` asks for one by age, ``hotel`` by domain."""
    assert column.task is not None
    kind = column.domain.partition(":")[0]
    by_attribute = kind in GROUPINGS and column.metric.partition("@")[0] not in JUDGED
    return _Part(column.task, column.metric, kind if by_attribute else _by(column.metric), kind if by_attribute else "")


def _by(metric: str) -> str:
    """What the parts of a score are: domains, or groups of users; a judge and people rate by the latter alone."""
    return "group of users" if metric.partition("@")[0] in JUDGED else "domain"


def _source(part: _Part) -> str:
    """Who gave the scores, where judge and people give the same ones."""
    if part.metric.partition("@")[0] not in JUDGED:
        return ""
    return ", people" if part.task == "people" else ", judge"


def _grouping(score: Score) -> str:
    """The attribute of users that a score is sliced by; empty for domains, and for judges, who have one plot."""
    if score.slice is None or score.metric in JUDGED or score.slice.kind not in GROUPINGS:
        return ""
    return score.slice.kind


def _by_part(config: EvalConfig, results: Sequence[Result], corpus: str, part: _Part) -> tuple[Series, ...]:
    slices = dict.fromkeys(
        score.slice
        for result in results
        if (result.experiment.corpus, result.experiment.task) == (corpus, part.task)
        for score in result.scores
        if score.slice and spec_of(score) == canonical(part.metric) and _grouping(score) == part.grouping
    )
    systems = [
        system
        for system in config.systems
        if any(result.experiment.system == system and result.experiment.corpus == corpus for result in results)
    ]
    found = []
    for one in slices:
        column = Column(label=one.name, task=part.task, metric=part.metric, domain=str(one))
        numbers = [(system, column_number(results, system, corpus, column)) for system in systems]
        values = tuple(_of_number(system, number) for system, number in numbers if number.value is not None)
        found.append(Series(one.name, values))
    return tuple(found)


def _of_number(label: str, number: Number) -> Value:
    low, high = number.low, number.high
    if number.spread is not None and number.value is not None:
        low, high = number.value - number.spread, number.value + number.spread
    return Value(label, number.value, low, high)


def _value(point: Point) -> Value:
    n = f"{point.turns} turns of {point.dialogues} dialogues"
    return Value(point.label.replace("-", "–"), point.value, point.low, point.high, n)


@dataclass(frozen=True, slots=True)
class _Training:
    """A training, by what it is called, whose it is, what was recorded of it, and all trainings of the same system."""

    name: str
    system: str
    details: Mapping[str, Any]
    siblings: tuple[str, ...]


def _trainings(results: Sequence[Result]) -> list[_Training]:
    """Each training once, named by all tasks that it serves: it is recorded with every one of them."""
    found: list[tuple[Experiment, Mapping[str, Any], list[str]]] = []
    for result in results:
        predictions = result.provenance.get("predictions")
        fit = predictions.get("fit") if isinstance(predictions, Mapping) else None
        if not isinstance(fit, Mapping) or not isinstance(fit.get("details"), Mapping):
            continue
        cell = result.experiment
        place = (cell.system, cell.corpus, cell.seed)
        same = [one for one in found if (one[0].system, one[0].corpus, one[0].seed) == place and one[1] == fit]
        if not same:
            found.append((cell, fit, [cell.predicts]))
        elif cell.predicts not in same[0][2]:
            same[0][2].append(cell.predicts)
    named = [
        (f"{cell.system}, {cell.corpus}, {' and '.join(tasks)}, seed {cell.seed}", cell.system, fit["details"])
        for cell, fit, tasks in found
    ]
    return [
        _Training(name, system, details, tuple(other for other, owner, _ in named if owner == system))
        for name, system, details in named
    ]


def _dev_curves(entries: object) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for number, entry in enumerate(entries if isinstance(entries, list | tuple) else (), start=1):
        if isinstance(entry, Mapping):
            for key, value in entry.items():
                if key not in ("epoch", "step") and _is_number(value):
                    found.setdefault(str(key), []).append((entry.get("epoch", number), value))
    return found


def _curve(name: str, points: Sequence[tuple[float, float]]) -> Series:
    return Series(name, tuple(Value(f"{epoch:g}", float(value)) for epoch, value in points))


def _curves(title: str, series: Sequence[Series], styles: Styles) -> Figure:
    note = "One line a training, named by its system, corpus, task and seed."
    chart = lines(series, "epoch", from_zero=False, styles=styles)
    return Figure(title[0].upper() + title[1:], note, tuple(series), ("training", "epoch"), chart)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
