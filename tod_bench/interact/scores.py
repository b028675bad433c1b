"""Scores of a journal: every metric, over all episodes and by slice, with intervals over goals.

Episodes of one goal are not independent, so what is resampled are goals with all their trials.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tod_bench.display import Cell, Grid, Tabular, Undefined
from tod_bench.errors import DataError, UserError
from tod_bench.interact.journal import Key
from tod_bench.interact.outcomes import episode_item
from tod_bench.interact.world import World
from tod_bench.numerals import with_interval
from tod_bench.statistics import Interval, bootstrap_intervals, cluster_sums
from tod_metrics import metric
from tod_metrics.base import Metric
from tod_metrics.episode.outcomes import EpisodeItem
from tod_metrics.episode.pass_k import GoalTrials, PassK

METRICS: Final = (
    "episode_success",
    "episode_strict",
    "episode_completion",
    "venue_match",
    "book_rate",
    "book_details",
    "request_precision",
    "request_recall",
    "request_f1",
    "truthful",
    "episode_turns",
    "episode_success@convlab3",
    "episode_success@tau2",
    "simulator_faults",
)
"""The metrics of a play, in the order in which they are shown."""

SLICED: Final = ("episode_success", "episode_strict", "venue_match", "book_rate", "episode_turns")
"""The metrics that are also shown by number of domains and without faulty episodes."""

DRAWS: Final = 1000


@dataclass(frozen=True, slots=True)
class PlayScore:
    """A number of a play.

    Attributes:
        metric: The metric's spec.
        group: Which episodes: ``all``, ``fault-free``, ``domain hotel``, ``2 domains``, ...
        score: The score; None where it is undefined.
        interval: Its interval, over goals.
        episodes: Number of episodes.
        goals: Number of goals.
        signature: What the number means.
    """

    metric: str
    group: str
    score: float | None
    interval: Interval
    episodes: int
    goals: int
    signature: str


@dataclass(frozen=True, slots=True)
class PlayScores(Tabular):
    """The scores of a journal.

    Attributes:
        agent: Signature of the agent.
        versions: What the episodes were made with.
        scores: The numbers.
        notes: What a reader needs beside them.
    """

    agent: Mapping[str, Any]
    versions: Mapping[str, Any]
    scores: tuple[PlayScore, ...]
    notes: tuple[str, ...] = ()

    def get(self, metric: str, group: str = "all") -> PlayScore:
        """The score of a metric.

        Raises:
            UserError: There is none.
        """
        found = next((one for one in self.scores if (one.metric, one.group) == (metric, group)), None)
        if found is None:
            raise UserError(f"there is no score of {metric!r} over {group!r}")
        return found

    def records(self) -> list[dict[str, Any]]:
        """One mapping a number."""
        return [
            {
                "metric": one.metric,
                "group": one.group,
                "score": one.score,
                "low": one.interval.low,
                "high": one.interval.high,
                "episodes": one.episodes,
                "goals": one.goals,
                "signature": one.signature,
            }
            for one in self.scores
        ]

    def grids(self) -> list[Grid]:
        """The numbers with their intervals."""
        rows = tuple((one.metric, one.group, _shown(one), f"{one.episodes:,}", f"{one.goals:,}") for one in self.scores)
        columns = ("metric", "over", "score", "episodes", "goals")
        return [Grid(str(self.agent.get("agent", "")), columns, rows, names=2, notes=self.notes)]


def score_episodes(
    records: Iterable[Mapping[str, Any]],
    world: World,
    *,
    only: Collection[Key] | None = None,
    draws: int = DRAWS,
) -> PlayScores:
    """Scores episodes of one run.

    Args:
        records: Their records.
        world: The world that they were played in.
        only: Goal and trial of the episodes that are scored; a note says how many others there are, and how many of
            these are not there. None for all that there are.
        draws: Bootstrap draws.

    Raises:
        UserError: There are none, or they were played in another world.
        DataError: A record is no episode of this run.
    """
    items: list[EpisodeItem] = []
    agent: Mapping[str, Any] = {}
    versions: Mapping[str, Any] = {}
    seed: Any = None
    seen: set[tuple[str, int]] = set()
    for record in records:
        if not seen:
            agent, versions = record["agent"], record["versions"]
            _check_world(versions, world)
            seed = record["seed"]
        elif (record["agent"], record["versions"], record["seed"]) != (agent, versions, seed):
            raise DataError("the episodes are of more than one run", dialogue=str(record["goal"].get("id")))
        item = _item(record, world)
        key = (item.goal, item.trial)
        if key in seen:
            raise DataError(f"trial {key[1]} of this goal is there twice", dialogue=key[0])
        seen.add(key)
        if only is None or key in only:
            items.append(item)
    if not items:
        raise UserError("there are no episodes to score" + (f" among the {len(seen):,} that are there" if seen else ""))
    scores = [*_over_all(items, draws), *_by_slice(items, draws), *_passes(items, draws)]
    return PlayScores(agent, versions, tuple(scores), (*_notes(items), *_left_out(seen, only)))


def goal_trials(items: Sequence[EpisodeItem], *, strict: bool = False) -> list[GoalTrials]:
    """Trials and successes of each goal, in the order in which goals first come."""
    counts: dict[str, list[int]] = {}
    for item in items:
        trials = counts.setdefault(item.goal, [0, 0])
        trials[0] += 1
        trials[1] += item.strict if strict else item.success
    return [GoalTrials(goal, trials, successes) for goal, (trials, successes) in counts.items()]


def _item(record: Mapping[str, Any], world: World) -> EpisodeItem:
    try:
        return episode_item(record, world)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"the episode is not laid out as expected ({error!r})") from None


def _check_world(versions: Mapping[str, Any], world: World) -> None:
    if versions.get("world") != world.digest[:16]:
        raise UserError(
            f"the episodes were played in another world: {versions.get('corpus')} with a database of digest "
            f"{versions.get('world')}, and this one has {world.digest[:16]}; name the corpus that they were played on"
        )


def _over_all(items: Sequence[EpisodeItem], draws: int) -> list[PlayScore]:
    return _scored([(spec, "all", metric(spec)) for spec in METRICS], items, draws)


def _by_slice(items: Sequence[EpisodeItem], draws: int) -> list[PlayScore]:
    scores: list[PlayScore] = []
    faultless = [item for item in items if not item.faults]
    if faultless:
        scores += _scored([(spec, "fault-free", metric(spec)) for spec in SLICED], faultless, draws)
    for number in sorted({len(item.domains) for item in items}):
        group = f"{number} domain{'s' * (number > 1)}"
        those = [item for item in items if len(item.domains) == number]
        scores += _scored([(spec, group, metric(spec)) for spec in SLICED], those, draws)
        scores += _passes(those, draws, group) if len(those) > len({item.goal for item in those}) else []
    for domain in sorted({one.domain for item in items for one in item.domains}):
        those = [item for item in items if item.of(domain)]
        sliced = [(spec, metric(spec)) for spec in SLICED if metric(spec).by_domain]
        scores += _scored([(spec, f"domain {domain}", one.of_domain(domain)) for spec, one in sliced], those, draws)
    return scores


def _passes(items: Sequence[EpisodeItem], draws: int, group: str = "all") -> list[PlayScore]:
    scores = []
    for strict in (False, True):
        trials = goal_trials(items, strict=strict)
        for k in range(1, max(one.trials for one in trials) + 1):
            chosen = PassK(k, "strict" if strict else "success")
            sums = chosen.statistics(trials)
            interval = bootstrap_intervals([(sums, chosen.aggregate)], draws=draws)[0]
            spec = f"pass_k(k={k}{', success=strict' if strict else ''})"
            scores.append(
                PlayScore(
                    spec,
                    group,
                    _defined(chosen.score(trials)),
                    interval,
                    len(items),
                    len(trials),
                    str(chosen.signature),
                )
            )
    return scores


def _scored(
    metrics: Sequence[tuple[str, str, Metric[Any]]], items: Sequence[EpisodeItem], draws: int
) -> list[PlayScore]:
    goals = {goal: number for number, goal in enumerate(dict.fromkeys(item.goal for item in items))}
    clusters = np.array([goals[item.goal] for item in items])
    sums = [(cluster_sums(one.statistics(items), clusters), one.aggregate) for _, _, one in metrics]
    intervals = bootstrap_intervals(sums, draws=draws)
    return [
        PlayScore(spec, group, _defined(one.score(items)), interval, len(items), len(goals), str(one.signature))
        for (spec, group, one), interval in zip(metrics, intervals, strict=True)
    ]


def _notes(items: Sequence[EpisodeItem]) -> tuple[str, ...]:
    ends: dict[str, int] = {}
    for item in items:
        ends[item.end] = ends.get(item.end, 0) + 1
    listed = ", ".join(f"{end} {count:,}" for end, count in sorted(ends.items(), key=lambda pair: -pair[1]))
    trials = goal_trials(items)
    return (f"episodes ended: {listed}", *PassK(max(one.trials for one in trials)).remarks(trials))


def _left_out(seen: Collection[Key], only: Collection[Key] | None) -> Iterator[str]:
    """What a reader must know where the episodes that are there are not those that were asked for."""
    if only is None:
        return
    if others := sum(key not in only for key in seen):
        yield f"{others:,} episodes of goals or trials that the config does not name are there, and not scored"
    if missing := sum(key not in seen for key in only):
        yield f"{missing:,} of the {len(only):,} episodes that the config names are not there"


def _shown(one: PlayScore) -> Cell:
    if one.score is None:
        return Undefined()
    return with_interval(one.score, one.interval.low, one.interval.high)


def _defined(score: float) -> float | None:
    return None if np.isnan(score) else score
