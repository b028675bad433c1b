"""Plots of a page that are lines: scores by position in the dialogue, by share of the training data, by epoch."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tod_bench.experiments.results import Experiment, Result
from tod_bench.reports.breakdowns import by_length, by_turn_index
from tod_bench.reports.charts import Datum, lines
from tod_bench.reports.figures import Figure, datum_of
from tod_bench.reports.styles import VARIANTS, Style, Styles, styles_of
from tod_bench.reports.table import Table
from tod_bench.reports.turns import StateTurns


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
                Datum(
                    name,
                    *(point.value, point.low, point.high, point.label.replace("-", "–")),
                    over=f"{point.turns} turns of {point.dialogues} dialogues",
                )
                for name, judged in of_corpus
                for point in breakdown(judged, draws=draws, seed=seed)
            )
            title = f"{metrics} by {by}: {corpus}"
            note = "Whiskers are 95% bootstrap intervals over dialogues; the line only joins neighbours."
            chart = lines(data, across, title=title, styles=styles)
            figures.append(Figure(title, note, data, (("series", "system"), ("label", across)), chart))
    return figures


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
                    data.append(datum_of(series, row.numbers[0], label=trial[factor]))
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
