"""How agents rank under each user: does a verdict depend on the patience and the language of who gives it?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np

from tod_bench.interact.agents import Agent, Language
from tod_bench.interact.config import PlayConfig, agent_of
from tod_bench.interact.episode import Environment
from tod_bench.interact.lockstep import played
from tod_bench.interact.outcomes import episode_item
from tod_bench.interact.play import MODELS
from tod_bench.interact.sending import prepare, stage_of
from tod_bench.interact.words.language import OwnWords
from tod_bench.statistics import Interval, bootstrap_intervals
from tod_metrics import metric
from tod_metrics.episode.outcomes import EpisodeItem

PATIENCES: Final = (1, 2, 3, 5)
METRICS: Final = ("episode_success", "episode_strict")
AT_ACTS: Final = ("rule", "deaf")
"""Agents that can be played without words."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A way for users to be.

    Attributes:
        language: Whether they exchange acts or words.
        patience: Their patience, in turns.
    """

    language: Language
    patience: int

    def __str__(self) -> str:
        """As people read it."""
        return f"{self.language}, patience {self.patience}"


@dataclass(frozen=True, slots=True)
class Standing:
    """An agent under one kind of user.

    Attributes:
        setting: The kind.
        agent: The agent.
        metric: The metric.
        score: Its score, in %.
        interval: Its interval, over goals.
        rank: 1 for the best; agents of the same score share the mean of their ranks.
        items: The episodes' outcomes.
    """

    setting: Setting
    agent: str
    metric: str
    score: float
    interval: Interval
    rank: float
    items: tuple[EpisodeItem, ...]

    def to_json(self) -> dict[str, Any]:
        """The numbers as a JSON value."""
        numbers = {"metric": self.metric, "score": self.score, "interval": asdict(self.interval), "rank": self.rank}
        return {**asdict(self.setting), "agent": self.agent, **numbers}


def standings(
    config: PlayConfig, environment: Environment, folder: Path, patiences: Iterable[int] = ()
) -> list[Standing]:
    """Every agent of a config under every kind of user.

    Args:
        config: The agents, and the kind of users that others are compared with.
        environment: Goals and world.
        folder: Where agents keep what they train, and what models answered.
        patiences: Patiences of users; `PATIENCES` where left out.
    """
    kinds = sorted({config.user.patience, *(patiences or PATIENCES)})
    found = []
    for language in ("acts", "words"):
        agents = {
            name: agent_of(section, language)
            for name, section in config.agents.items()
            if language == "words" or section.agent in AT_ACTS
        }
        for patience in kinds if agents else ():
            user = replace(config.user.seeded(), patience=patience)
            there = environment.with_users(user, OwnWords() if language == "words" else None)
            found += _ranked(Setting(language, patience), agents, there, folder)
    return found


def agreement(first: Sequence[Standing], second: Sequence[Standing]) -> float | None:
    """Kendall's tau-b between the scores of the agents that two kinds of users have in common, -1 to 1.

    None where there are fewer than two, or where all of them have the same score.

    Args:
        first: The agents under one kind of user, by one metric.
        second: The agents under the other, by the same.
    """
    scores = {one.agent: one.score for one in second}
    pairs = [(one.score, scores[one.agent]) for one in first if one.agent in scores]
    signs = [(np.sign(a[0] - b[0]), np.sign(a[1] - b[1])) for a, b in combinations(pairs, 2)]
    untied = [sum(abs(sign[side]) for sign in signs) for side in (0, 1)]
    return float(sum(one * other for one, other in signs) / np.sqrt(untied[0] * untied[1])) if all(untied) else None


def _ranked(setting: Setting, agents: Mapping[str, Agent], environment: Environment, folder: Path) -> list[Standing]:
    outcomes = {name: _outcomes(agent, environment, folder) for name, agent in agents.items()}
    return [one for spec in METRICS for one in _by_metric(setting, spec, outcomes)]


def _by_metric(setting: Setting, spec: str, outcomes: Mapping[str, tuple[EpisodeItem, ...]]) -> list[Standing]:
    chosen = metric(spec)
    scores = {name: float(chosen.score(items)) for name, items in outcomes.items()}
    intervals = bootstrap_intervals([(chosen.statistics(items), chosen.aggregate) for items in outcomes.values()])
    return [
        Standing(setting, name, spec, scores[name], interval, _rank(scores[name], list(scores.values())), items)
        for (name, items), interval in zip(outcomes.items(), intervals, strict=True)
    ]


def _rank(score: float, scores: Sequence[float]) -> float:
    """1 for the largest; the mean of their ranks for equal ones."""
    return sum(other > score for other in scores) + (scores.count(score) + 1) / 2


def _outcomes(agent: Agent, environment: Environment, folder: Path) -> tuple[EpisodeItem, ...]:
    """What came of one episode of every goal, in the order of the goals."""
    prepare(environment, agent, stage_of(environment, folder / MODELS))
    tasks = [(goal, 0) for goal in environment.goals]
    records = {goal.id: record for (goal, _), record in played(environment, agent, tasks)}
    return tuple(episode_item(records[goal.id], environment.world) for goal in environment.goals)
