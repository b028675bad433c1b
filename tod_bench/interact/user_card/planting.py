"""A user with faults that are planted, and noted: what the search for faults must find.

Faults are planted in acts, each where it is one by its definition, and from random numbers of their own, so that the
user beneath does what it would have done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tod_bench.corpora.database import plain
from tod_bench.corpora.interactive_goals import InteractiveGoal
from tod_bench.errors import UserError
from tod_bench.interact.acts import BYE, DONTCARE, THANK, inform
from tod_bench.interact.pursuit import Pursuit
from tod_bench.interact.seeds import stream
from tod_bench.interact.user import AgendaUser, UserSettings
from tod_bench.interact.world import EITHER, World
from tod_bench.records import Act

Acts = tuple[Act, ...]


@dataclass(frozen=True)
class FaultySettings(UserSettings):
    """How a user with planted faults behaves.

    Attributes:
        rate: Probability, in each turn but the first, that a fault is planted, where any can be.

    Raises:
        UserError: A value is out of range.
    """

    rate: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.rate <= 1:
            raise UserError(f"user.rate must be a probability, 0 to 1, not {self.rate!r}")

    @property
    def signature(self) -> dict[str, Any]:
        """The user's, with the rate."""
        return {**super().signature, "planted": self.rate}

    def user_of(self, goal: InteractiveGoal, world: World, seed: str) -> "FaultyUser":
        """The user of an episode."""
        return FaultyUser(goal, world, seed, self)


class FaultyUser(AgendaUser):
    """An agenda user with planted faults.

    Args:
        goal: What it pursues.
        world: Where values that are not the goal's come from.
        seed: The episode's seed.
        settings: How it behaves.

    Attributes:
        planted: Turn and kind of each planted fault; kinds as in `tod_metrics.episode.outcomes.FAULTS`.
    """

    def __init__(self, goal: InteractiveGoal, world: World, seed: str, settings: FaultySettings) -> None:
        super().__init__(goal, world, stream(seed, "user"), settings)
        self._world, self._rate, self._faults = world, settings.rate, stream(seed, "user faults")
        self._turn = -1
        self._said: dict[Act, None] = {}
        self.planted: list[tuple[int, str]] = []

    def speak(self, heard: Sequence[Act]) -> Acts:
        """What the user says, now and then with a fault."""
        self._turn += 1
        waited, told = self._waited, {pursuit.domain: dict(pursuit.told) for pursuit in self._pursuits}
        said = super().speak(heard)
        if not self.end and self._turn and self._faults.random() < self._rate:
            said = self._with_fault(heard, said, waited, told)
        self._said |= dict.fromkeys(said)
        return said

    def _with_fault(self, heard: Sequence[Act], said: Acts, waited: int, told: dict[str, dict[str, str]]) -> Acts:
        """What is said with one of the faults that can be planted in it; those that need an occasion come first."""
        pursuit = self._pursuits[self._index]
        about = [act for act in heard if act.domain == pursuit.domain]
        changed = {
            "not in goal": self._foreign(pursuit, said),
            "repeated": self._repeated(pursuit, about, said),
            "ignored": self._ignored(pursuit, about, said),
            "wrong answer": self._careless(pursuit, said),
            "left early": (BYE,) if waited + 1 < self._settings.patience else None,
        }
        possible = [(kind, acts) for kind, acts in changed.items() if acts is not None]
        if not possible:
            return said
        possible = [one for one in possible if one[0] in ("ignored", "wrong answer")] or possible
        kind, acts = possible[int(self._faults.random() * len(possible))]
        self.planted.append((self._turn, kind))
        if kind == "ignored":
            self._untell(pursuit, told[pursuit.domain], set(said) - set(acts))
        self.end = "left" if kind == "left early" else ""
        return acts

    def _untell(self, pursuit: Pursuit, before: dict[str, str], dropped: set[Act]) -> None:
        """What was left out has not been told, unless it was before; and to tell it later is a step."""
        for act in dropped:
            if act.slot not in before and pursuit.told.pop(act.slot, None) is not None:
                self._progress -= 1

    def _foreign(self, pursuit: Pursuit, said: Acts) -> Acts | None:
        """With a value that the goal does not have."""
        wish, table = pursuit.wish, self._world.tables.get(pursuit.domain)
        if table is None or not table.key:
            return None
        slots = [slot for slot in table.search if slot in table.columns and slot not in (table.key, "name", *EITHER)]
        if not slots:
            return None
        slot = slots[int(self._faults.random() * len(slots))]
        goal = {plain(one[slot]) for one in (wish.inform, wish.first) if slot in one}
        values = sorted({entry[slot] for named in table.entities.values() for entry in named if slot in entry})
        acts = [inform(wish.domain, slot, value) for value in values if plain(value) not in goal]
        acts = [act for act in acts if act not in self._said]
        return (*said, self._one(acts)) if acts else None

    def _repeated(self, pursuit: Pursuit, about: Sequence[Act], said: Acts) -> Acts | None:
        """With something that was told before, though the agent has just answered and does not ask for it."""
        if not about or _excused(about, said):
            return None
        asked = {act.slot for act in about if act.act == "request"}
        again = [
            act
            for act in self._said
            if (act.domain, act.act) == (pursuit.domain, "inform")
            and act.value not in ("", DONTCARE)
            and pursuit.told.get(act.slot) == act.value
            and act.slot not in (*asked, *EITHER)
            and not act.slot.startswith("book ")
            and act not in said
        ]
        return (*said, self._one(again)) if again else None

    def _ignored(self, pursuit: Pursuit, about: Sequence[Act], said: Acts) -> Acts | None:
        """Without the answer to a question."""
        if _excused(about, said):
            return None
        asked = {act.slot for act in about if act.act == "request"}
        asked |= set(EITHER) if asked & set(EITHER) else set()
        answers = {act for act in said if (act.domain, act.act) == (pursuit.domain, "inform") and act.slot in asked}
        return tuple(act for act in said if act not in answers) or (THANK,) if answers else None

    def _careless(self, pursuit: Pursuit, said: Acts) -> Acts | None:
        """With no preference where the goal has one."""
        wish = pursuit.wish
        for place, act in enumerate(said):
            careless = inform(act.domain, act.slot, DONTCARE)
            cared = act.domain == wish.domain and (act.slot in wish.inform or act.slot in wish.book)
            if act.act == "inform" and cared and careless not in self._said:
                return (*said[:place], careless, *said[place + 1 :])
        return None

    def _one(self, acts: Sequence[Act]) -> Act:
        return acts[int(self._faults.random() * len(acts))]


def _excused(about: Sequence[Act], said: Acts) -> bool:
    """Whether bad news or a rejection is a reason to say things again, or not to answer."""
    return any(act.act in ("nooffer", "nobook") for act in about) or any(act.act == "negate" for act in said)
