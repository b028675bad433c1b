"""The simulated user: pursues a goal, domain after domain, and reacts to what it hears.

It rejects a name other than the goal's, insists once where nothing is said to match and then takes the alternative,
answers what it is asked, and leaves when it has waited in vain as often as its patience allows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Literal

from tod_bench.corpora.interactive_goals import InteractiveGoal
from tod_bench.errors import UserError
from tod_bench.interact.acts import BYE, THANK
from tod_bench.interact.pursuit import Pursuit
from tod_bench.interact.seeds import stream
from tod_bench.interact.world import World
from tod_bench.records import Act

VERSION: Final = "2"
"""Moves whenever the same agent would hear anything else."""

UserEnd = Literal["", "done", "gave_up", "left"]
"""How the user ended: everything obtained as far as it knows, something given up, or out of patience."""


@dataclass(frozen=True, slots=True)
class UserSettings:
    """How a user behaves.

    Attributes:
        patience: Turns in a row without any progress after which the user leaves, at least 1.
        together: Probability that questions and booking go in one turn, where there are both.
        brief: Probability that the user begins with some of its constraints only.

    Raises:
        UserError: A value is out of range.
    """

    patience: int = 3
    together: float = 0.5
    brief: float = 0.5

    def __post_init__(self) -> None:
        if isinstance(self.patience, bool) or not isinstance(self.patience, int) or self.patience < 1:
            raise UserError(f"user.patience must be a whole number of turns, at least 1, not {self.patience!r}")
        for name in ("together", "brief"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"user.{name} must be a probability, 0 to 1, not {getattr(self, name)!r}")

    @property
    def signature(self) -> dict[str, Any]:
        """Everything that decides what the user does."""
        return {
            "user": f"agenda{VERSION}",
            "patience": self.patience,
            "together": self.together,
            "brief": self.brief,
        }

    def user_of(self, goal: InteractiveGoal, world: World, seed: str) -> "AgendaUser":
        """The user of an episode.

        Args:
            goal: What it pursues.
            world: The world.
            seed: The episode's seed.
        """
        return AgendaUser(goal, world, stream(seed, "user"), self)


class AgendaUser:
    """A user at act level.

    Args:
        goal: What it pursues.
        world: Tells which slot names an entity; the user never looks anything up.
        rng: Where its choices come from.
        settings: How it behaves.

    Attributes:
        end: How it ended; empty as long as it goes on.
    """

    def __init__(self, goal: InteractiveGoal, world: World, rng: Random, settings: UserSettings) -> None:
        self._pursuits = [Pursuit(wish, _key(world, wish.domain)) for wish in goal.wishes]
        self._by_domain: Mapping[str, Pursuit] = {pursuit.domain: pursuit for pursuit in self._pursuits}
        self._rng, self._settings = rng, settings
        self._index, self._waited, self._progress = 0, 0, -1
        self.end: UserEnd = ""

    def speak(self, heard: Sequence[Act]) -> tuple[Act, ...]:
        """The user's next acts.

        Args:
            heard: What it understood of the agent's last answer; empty at the start.
        """
        for one in self._in_order(heard):
            pursuit = self._by_domain[one.domain]
            if pursuit.opened:
                pursuit.hear(one)
        said = self._next()
        progress = self._index + sum(pursuit.progress for pursuit in self._pursuits)
        self._waited = self._waited + 1 if progress == self._progress else 0
        self._progress = progress
        if not self.end and self._waited >= self._settings.patience:
            self.end = "left"
            return (BYE,)
        return tuple(said)

    def _in_order(self, heard: Sequence[Act]) -> list[Act]:
        """What was heard of the goal's domains, the first name of each before all else.

        A fact can stand before the name that it is about: "the phone number of X is".
        """
        about = [one for one in heard if one.domain in self._by_domain]
        first: dict[str, Act] = {}
        for one in about:
            if self._by_domain[one.domain].names(one):
                first.setdefault(one.domain, one)
        return [*first.values(), *(one for one in about if one is not first.get(one.domain))]

    def _next(self) -> list[Act]:
        if late := [one for past in self._pursuits[: self._index] for one in past.late_answers()]:
            return late
        while self._index < len(self._pursuits):
            pursuit = self._pursuits[self._index]
            said = self._react(pursuit) if pursuit.opened else self._open(pursuit)
            if said:
                return said
            self._index += 1
        self.end = "gave_up" if any(pursuit.given_up for pursuit in self._pursuits) else "done"
        return [THANK, BYE]

    def _react(self, pursuit: Pursuit) -> list[Act]:
        return pursuit.react(together=self._rng.random() < self._settings.together)

    def _open(self, pursuit: Pursuit) -> list[Act]:
        """Begins a domain; a taxi between places that were never found is given up at once."""
        for slot, domain in pursuit.wish.places.items():
            venue = self._by_domain[domain].venue
            if not venue:
                pursuit.given_up = True
                return []
            pursuit.wanted[slot] = venue
        count = len(pursuit.wanted)
        if count > 1 and self._rng.random() < self._settings.brief:
            count = 1 + int(self._rng.random() * (count - 1))
        return pursuit.opening(count)


def _key(world: World, domain: str) -> str:
    table = world.tables.get(domain)
    return table.key if table else ""
