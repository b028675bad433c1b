"""Static scores beside played ones: does what systems score on recorded dialogues tell how they do in their own?

A correlation between systems is over them, so these are what is resampled, and with the handful that there mostly is it
says little of others. Each result says how many there were. Within systems there are as many pairs as goals: does a
system succeed where it got the recorded dialogue right?
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tod_bench import numerals
from tod_bench.display import Grid, Tabular, Undefined
from tod_bench.errors import DataError, UserError
from tod_bench.numerals import DIGITS, decimal
from tod_bench.statistics import Interval, bootstrap_interval, correlation, pair_moments
from tod_bench.statistics.bootstrap import FloatArray

WITHIN: Final = "episode_success"
"""What is set beside static scores within systems."""

PLAYED: Final = ("episode_success", "episode_strict", "book_rate")
"""The metrics of a play that static scores are set beside."""

FEWEST: Final = 3
"""Systems below which there is no correlation: two always lie on a line."""

RESAMPLED: Final = 5
"""Systems below which there is no interval: most draws of so few hold two of them, or one order, and look certain."""

FEW: Final = 10
"""Systems below which a correlation is said to be of few."""

Scores = Mapping[str, Mapping[str, float]]
"""System -> metric -> score."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """The correlation of a static metric with one of a play.

    Attributes:
        static: The static metric.
        played: The metric of the play.
        systems: How many systems have both.
        pearson: Of the scores, -1 to 1; None where it is undefined.
        pearson_interval: Its interval, over systems.
        spearman: Of their ranks.
        spearman_interval: Its interval; ranks are those among all systems, in every draw.
        note: Why there is none, or why to be careful; may be empty.
        goals: Goals that it is over, within systems, and that are resampled; 0 where it is over systems.
    """

    static: str
    played: str
    systems: int
    pearson: float | None
    pearson_interval: Interval
    spearman: float | None
    spearman_interval: Interval
    note: str = ""
    goals: int = 0

    @property
    def over(self) -> str:
        """What it is over, in words."""
        return f"{self.goals:,} goals, within {self.systems}" if self.goals else str(self.systems)


@dataclass(frozen=True, slots=True)
class Beside(Tabular):
    """Static scores beside played ones.

    Attributes:
        correlations: One a pair of metrics; those within systems come last.
        left_out: Systems that only one side has.
    """

    correlations: tuple[Correlation, ...]
    left_out: tuple[str, ...] = ()

    def records(self) -> list[dict[str, Any]]:
        """One mapping a pair of metrics."""
        return [asdict(one) for one in self.correlations]

    def grids(self) -> list[Grid]:
        """The correlations with their intervals."""
        rows = tuple(
            (
                one.static,
                one.played,
                one.over,
                _cell(one.pearson, one.pearson_interval),
                _cell(one.spearman, one.spearman_interval),
            )
            for one in self.correlations
        )
        notes = list(dict.fromkeys(one.note for one in self.correlations if one.note))
        notes += [f"only on one side, and left out: {', '.join(self.left_out)}"] if self.left_out else []
        return [Grid("", ("static", "played", "systems", "Pearson", "Spearman"), rows, names=2, notes=tuple(notes))]


def beside(static: Scores, played: Scores) -> Beside:
    """Correlates static scores with played ones over the systems that have both.

    Args:
        static: System -> metric -> score on recorded dialogues, such as JGA.
        played: System -> metric -> score of its episodes.

    Raises:
        UserError: No system has both.
    """
    common = [system for system in static if system in played]
    if not common:
        raise UserError(
            f"no system has both kinds of scores: static ones have {', '.join(static) or 'none'}, "
            f"played ones {', '.join(played) or 'none'}"
        )
    metrics = list(dict.fromkeys(metric for system in common for metric in static[system]))
    other = list(dict.fromkeys(metric for system in common for metric in played[system]))
    pairs = []
    for one in metrics:
        for two in other:
            both = [system for system in common if one in static[system] and two in played[system]]
            values = [(static[system][one], played[system][two]) for system in both]
            pairs.append(_correlation(one, two, values))
    return Beside(tuple(pairs), tuple(sorted(set(static) ^ set(played))))


def correlation_within(metric: str, static: Scores, success: Scores) -> Correlation:
    """Correlates the score of a goal's recorded dialogue with the success of its episodes, within systems.

    Each system's means are taken away from both, so that better systems do not make a correlation; systems are pooled,
    and goals resampled with all of them.

    Args:
        metric: Name of the static metric.
        static: System -> goal -> score of its recorded dialogue.
        success: System -> goal -> share of its episodes that are a success.
    """
    pairs: dict[str, list[FloatArray]] = {}
    systems = 0
    for system, by_goal in static.items():
        goals = [goal for goal in by_goal if goal in success.get(system, {})]
        if not goals:
            continue
        systems += 1
        values = np.array([(by_goal[goal], success[system][goal]) for goal in goals], dtype=float)
        for goal, moments in zip(goals, _moments(values), strict=True):
            pairs.setdefault(goal, []).append(moments)
    none = Interval(None, None)
    if len(pairs) < FEWEST:
        note = f"a correlation within systems needs at least {FEWEST} goals with a dialogue and an episode"
        return Correlation(metric, WITHIN, systems, None, none, None, none, note, len(pairs))
    sums = np.array([np.sum(found, axis=0) for found in pairs.values()])
    value, interval = _with_interval(sums)
    return Correlation(metric, WITHIN, systems, value, interval, None, none, "", len(pairs))


def played_scores(folder: Path, metrics: Sequence[str] = PLAYED) -> Scores:
    """The scores of a play's agents.

    Raises:
        UserError: The folder has none.
    """
    scores = {}
    for path in sorted(folder.glob("*.scores.json")):
        found = {one["metric"]: one["score"] for one in _read(path)["scores"] if one["group"] == "all"}
        name = path.name.removesuffix(".scores.json")
        scores[name] = {metric: found[metric] for metric in metrics if found.get(metric) is not None}
    if not scores:
        raise UserError(f"{folder} has no scores of agents (AGENT.scores.json); `tod-bench play CONFIG` writes them")
    return scores


def static_scores(path: Path) -> Scores:
    """Static scores from a JSON file, ``{"system": {"jga": 52.1}}``.

    Raises:
        DataError: It holds something else.
    """
    values = _read(path)
    good = isinstance(values, dict) and all(
        isinstance(scores, dict) and all(type(score) in (int, float) for score in scores.values())
        for scores in values.values()
    )
    if not good:
        raise DataError('static scores are to be laid out as {"system": {"jga": 52.1}}', file=str(path))
    found: Scores = values
    return found


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as JSON: {error}") from None


def _correlation(static: str, played: str, values: Sequence[tuple[float, float]]) -> Correlation:
    number = len(values)
    if number < FEWEST:
        note = f"a correlation needs at least {FEWEST} systems"
        none = Interval(None, None, note=note)
        return Correlation(static, played, number, None, none, None, none, note)
    table = np.array(values, dtype=float)
    ranks = np.stack([_ranks(column) for column in table.T], axis=1)
    (pearson, one), (spearman, other) = (_with_interval(_moments(pairs)) for pairs in (table, ranks))
    note = f"{number} systems are few: another handful could have another correlation" if number < FEW else ""
    if number < RESAMPLED:
        note += f"; an interval needs at least {RESAMPLED}"
        one = other = Interval(None, None, note=note)
    return Correlation(static, played, number, pearson, one, spearman, other, note)


def _moments(pairs: FloatArray) -> FloatArray:
    """The moments of each pair, shape (pairs, 6), after both means are taken away."""
    return pair_moments(*(pairs - pairs.mean(axis=0)).T)


def _with_interval(sums: FloatArray) -> tuple[float | None, Interval]:
    """Pearson's correlation from the moments of what is resampled."""
    score = float(correlation(sums.sum(axis=0)))
    return None if np.isnan(score) else score, bootstrap_interval(sums, correlation)


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1; equal values share the mean of theirs."""
    return np.array([(values < value).sum() + ((values == value).sum() + 1) / 2 for value in values], dtype=float)


def _cell(value: float | None, interval: Interval) -> Any:
    """A correlation with its interval; from -1 to 1 the ends want as many digits as the value."""
    if value is None or interval.low is None or interval.high is None:
        return Undefined() if value is None else decimal(value, DIGITS)
    ends = numerals.interval(value, interval.low, interval.high, digits=DIGITS, beside=DIGITS)
    return f"{decimal(value, DIGITS)} {ends}"
