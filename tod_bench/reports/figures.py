"""The plots of a page: which ones a run has something to show in, as data; `tod_bench.reports.charts` places them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metrics import canonical
from tod_bench.configs import Column, EvalConfig
from tod_bench.records import CellTask
from tod_bench.reports.breakdowns import Point, by_length, by_turn_index
from tod_bench.reports.charts import Bars, Lines, Series, Value, bars, lines
from tod_bench.reports.numbers import Number, column_number, spec_of
from tod_bench.reports.turns import StateTurns
from tod_bench.results import Result
from tod_bench.scores import Score
from tod_bench.scoring.items import GROUPINGS


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


def score_figures(config: EvalConfig, results: Sequence[Result]) -> list[Figure]:
    """Scores by domain, and by group of users where there are such: a plot for each metric and corpus."""
    figures = []
    for task, metric, grouping in _parts(config, results):
        for corpus in config.corpora:
            series = _by_part(config, results, corpus, task, metric, grouping)
            if series:
                title = f"{metric} by {grouping or 'domain'}: {corpus}"
                note = "Bars end at the score; whiskers are 95% intervals, or one standard deviation over seeds."
                figures.append(Figure(title, note, series, (grouping or "domain", "system"), bars(series)))
    return figures


def position_figures(turns: Sequence[tuple[str, StateTurns]], draws: int, seed: int) -> list[Figure]:
    """Joint goal accuracy by turn index and by length of the dialogue, a plot each for each corpus.

    Args:
        turns: (system, its judged turns) of each cell.
        draws: Bootstrap draws of the intervals.
        seed: Seed of the draws.
    """
    figures = []
    for corpus in dict.fromkeys(one.cell.corpus for _, one in turns):
        here = [(name, one) for name, one in turns if one.cell.corpus == corpus]
        metrics = ", ".join(dict.fromkeys(one.metric for _, one in here))
        for title, across, breakdown in (
            ("turn index", "turn", by_turn_index),
            ("dialogue length", "turns in the dialogue", by_length),
        ):
            series = tuple(
                Series(name, tuple(map(_value, breakdown(one, draws=draws, seed=seed)))) for name, one in here
            )
            note = "Whiskers are 95% bootstrap intervals over dialogues; the line only joins neighbours."
            chart = lines(series, across)
            figures.append(Figure(f"{metrics} by {title}: {corpus}", note, series, ("system", across), chart))
    return figures


def learning_curves(results: Sequence[Result]) -> list[Figure]:
    """Loss and dev scores by epoch, of the systems whose record of training has them."""
    losses: list[Series] = []
    dev: dict[str, list[Series]] = {}
    for name, details in _trainings(results):
        train = [value for value in details.get("losses", ()) if _is_number(value)]
        losses += [_curve(name, list(enumerate(train, start=1)))] if train else []
        for key, points in _dev_curves(details.get("dev_scores", ())).items():
            dev.setdefault(key, []).append(_curve(name, points))
    figures = [_curves("Training loss by epoch", losses)] if losses else []
    return [*figures, *(_curves(f"{key.replace('_', ' ')} on dev by epoch", curves) for key, curves in dev.items())]


def _parts(config: EvalConfig, results: Sequence[Result]) -> list[tuple[CellTask, str, str]]:
    """(task, metric, grouping): the metrics to plot by domain (no grouping), then those to plot by group."""
    listed = [(column.task, column.metric, "") for column in config.table.columns if column.domain and column.task]
    scores = [(result.cell.task, score) for result in results for score in result.scores if score.domain]
    for task in dict.fromkeys(task for task, _ in scores):
        if all(found != task for found, _, _ in listed):
            specs = [spec_of(score) for found, score in scores if found == task and not _grouping(score)]
            preferred = [spec for spec in specs if spec.startswith("domain_jga_all")] or specs
            listed += [(task, preferred[0], "")] if preferred else []
    listed += [(task, spec_of(score), _grouping(score)) for task, score in scores if _grouping(score)]
    return list(dict.fromkeys(listed))


def _grouping(score: Score) -> str:
    name = score.domain.partition(":")[0]
    return name if ":" in score.domain and name in GROUPINGS else ""


def _by_part(
    config: EvalConfig, results: Sequence[Result], corpus: str, task: CellTask, metric: str, grouping: str
) -> tuple[Series, ...]:
    domains = dict.fromkeys(
        score.domain
        for result in results
        if (result.cell.corpus, result.cell.task) == (corpus, task)
        for score in result.scores
        if score.domain and spec_of(score) == canonical(metric) and _grouping(score) == grouping
    )
    systems = [
        system
        for system in config.systems
        if any(result.cell.system == system and result.cell.corpus == corpus for result in results)
    ]
    found = []
    for domain in domains:
        column = Column(label=domain, task=task, metric=metric, domain=domain)
        numbers = [(system, column_number(results, system, corpus, column)) for system in systems]
        values = tuple(_of_number(system, number) for system, number in numbers if number.value is not None)
        found.append(Series(domain.removeprefix(f"{grouping}:"), values))
    return tuple(found)


def _of_number(label: str, number: Number) -> Value:
    low, high = number.low, number.high
    if number.spread is not None and number.value is not None:
        low, high = number.value - number.spread, number.value + number.spread
    return Value(label, number.value, low, high)


def _value(point: Point) -> Value:
    n = f"{point.turns} turns of {point.dialogues} dialogues"
    return Value(point.label.replace("-", "–"), point.value, point.low, point.high, n)


def _trainings(results: Sequence[Result]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Each training once: one that serves several tasks is recorded with every one of them."""
    seen = []
    for result in results:
        predictions = result.provenance.get("predictions")
        fit = predictions.get("fit") if isinstance(predictions, Mapping) else None
        details = fit.get("details") if isinstance(fit, Mapping) else None
        name = f"{result.cell.system}, {result.cell.corpus}, seed {result.cell.seed}"
        if isinstance(details, Mapping) and (name, details) not in seen:
            seen.append((name, details))
            yield name, details


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


def _curves(title: str, series: Sequence[Series]) -> Figure:
    note = "One line a training."
    chart = lines(series, "epoch", from_zero=False)
    return Figure(title[0].upper() + title[1:], note, tuple(series), ("training", "epoch"), chart)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
