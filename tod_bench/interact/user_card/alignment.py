"""What users told and asked, against what their goals say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from tod_bench.corpora.interactive_goals import DomainWish, InteractiveGoal
from tod_bench.interact.acts import DONTCARE
from tod_bench.interact.values import same
from tod_bench.interact.world import column
from tod_bench.statistics import Interval, bootstrap_interval
from tod_metrics.base import FloatArray, percentage

_SHARES: Final = (
    "wishes and details of the goal that were told",
    "requests of the goal that were made or answered",
    "told values that are the goal's",
)


@dataclass(frozen=True, slots=True)
class Alignment:
    """A share of what users say or should say.

    Attributes:
        what: Of what.
        share: The share, in %.
        interval: Its interval, over goals.
        of: How many there are in all.
    """

    what: str
    share: float
    interval: Interval
    of: int

    def to_json(self) -> dict[str, Any]:
        """The numbers as a JSON value."""
        return asdict(self)


def aligned(records: Iterable[Mapping[str, Any]]) -> list[Alignment]:
    """How far the users of episodes say what their goals have.

    Places that a taxi joins are left out: their values are the agent's offers.

    Args:
        records: The episodes; one a goal.
    """
    counts = np.array([_counts(record) for record in records], dtype=float)
    return [_share(what, counts[:, 2 * place : 2 * place + 2]) for place, what in enumerate(_SHARES)]


def _share(what: str, sums: FloatArray) -> Alignment:
    def aggregate(total: FloatArray) -> FloatArray:
        return percentage(total[..., 0], total[..., 1])

    score = float(aggregate(sums.sum(axis=0)))
    return Alignment(what, score, bootstrap_interval(sums, aggregate), int(sums[:, 1].sum()))


def _counts(record: Mapping[str, Any]) -> tuple[int, ...]:
    """Hits and all there are, for each of the shares."""
    goal = InteractiveGoal.from_json(record["goal"])
    said = [act for turn in record["turns"] for act in turn["user"]["acts"]]
    heard = [act for turn in record["turns"] for act in turn.get("heard", ())]
    told = {
        (domain, slot, value) for domain, act, slot, value in said if act == "inform" and slot and value != DONTCARE
    }
    final = [(wish.domain, slot, value) for wish in goal.wishes for slot, value in {**wish.inform, **wish.book}.items()]
    requests = [(wish.domain, column(slot)) for wish in goal.wishes for slot in wish.request]
    made = {(domain, column(slot)) for domain, act, slot, _ in said if act == "request"}
    made |= {(domain, column(slot)) for domain, act, slot, _ in heard if act in ("inform", "recommend")}
    wishes = {wish.domain: wish for wish in goal.wishes}
    free = [one for one in told if one[0] not in wishes or one[1] not in wishes[one[0]].places]
    right = [one for one in free if one[0] in wishes and _is_goals(wishes[one[0]], one[1], one[2])]
    covered = sum(_among(told, *one) for one in final)
    return covered, len(final), sum(one in made for one in requests), len(requests), len(right), len(free)


def _among(told: Iterable[Sequence[str]], domain: str, slot: str, value: str) -> bool:
    return any(one[:2] == (domain, slot) and same(slot, one[2], value) for one in told)


def _is_goals(wish: DomainWish, slot: str, value: str) -> bool:
    parts = (wish.inform, wish.first, wish.book, wish.first_book)
    return any(same(slot, part[slot], value) for part in parts if slot in part)
