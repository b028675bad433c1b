"""How agents rank under each user: does a verdict depend on the patience and the language of who gives it?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any, Final

import numpy as np

from tod_bench.interact.agents import Agent
from tod_bench.interact.config import Language, PlayConfig, agent_of
from tod_bench.interact.episode import Environment, play_episode
from tod_bench.interact.outcomes import episode_item
from tod_bench.interact.words.language import OwnWords
from tod_bench.statistics import Interval, bootstrap_interval
from tod_metrics import metric
from tod_metrics.episode.outcomes import EpisodeItem

PATIENCES: Final = (1, 2, 3, 5)
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
        success: Success, in %.
        interval: Its interval, over goals.
        rank: 1 for the best; agents of the same success share the mean of their ranks.
        items: The episodes' outcomes.
    """

    setting: Setting
    agent: str
    success: float
    interval: Interval
    rank: float
    items: tuple[EpisodeItem, ...]

    def to_json(self) -> dict[str, Any]:
        """The numbers as a JSON value."""
        numbers = {"agent": self.agent, "success": self.success, "rank": self.rank, "interval": asdict(self.interval)}
        return {**asdict(self.setting), **numbers}


def standings(config: PlayConfig, environment: Environment, patiences: Iterable[int] = ()) -> list[Standing]:
    """Every agent of a config under every kind of user.

    Args:
        config: The agents, and the kind of users that others are compared with.
        environment: Goals and world.
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
            found += _ranked(Setting(language, patience), agents, environment)
    return found


def agreement(first: Sequence[Standing], second: Sequence[Standing]) -> float | None:
    """Kendall's tau-b between the successes of the agents that two kinds of users have in common, -1 to 1.

    None where there are fewer than two, or where all of them have the same success.
    """
    successes = {one.agent: one.success for one in second}
    pairs = [(one.success, successes[one.agent]) for one in first if one.agent in successes]
    signs = [(np.sign(a[0] - b[0]), np.sign(a[1] - b[1])) for a, b in combinations(pairs, 2)]
    untied = [sum(abs(sign[side]) for sign in signs) for side in (0, 1)]
    return float(sum(one * other for one, other in signs) / np.sqrt(untied[0] * untied[1])) if all(untied) else None


def _ranked(setting: Setting, agents: Mapping[str, Agent], environment: Environment) -> list[Standing]:
    users = replace(environment.user, patience=setting.patience)
    there = environment.with_users(users, OwnWords() if setting.language == "words" else None)
    chosen, found = metric("episode_success"), []
    for name, agent in agents.items():
        items = tuple(episode_item(play_episode(there, agent, goal, 0), there.world) for goal in there.goals)
        interval = bootstrap_interval(chosen.statistics(items), chosen.aggregate)
        found.append(Standing(setting, name, float(chosen.score(items)), interval, 0.0, items))
    return [replace(one, rank=_rank(one.success, [other.success for other in found])) for one in found]


def _rank(success: float, successes: Sequence[float]) -> float:
    """1 for the largest; the mean of their ranks for equal ones."""
    return sum(other > success for other in successes) + (successes.count(success) + 1) / 2
