"""How far simulated users are from the people who had the corpus's dialogues, over the same goals.

Distributions are compared by their Jensen-Shannon divergence in bits: 0 for the same, 1 for none in common. As samples
of the same people differ, too, the divergence between two halves of them stands beside it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from tod_bench.interact.words.lexicon import tokens
from tod_bench.interact.world import column
from tod_bench.records import Act, Dialogue
from tod_bench.statistics import Interval, bootstrap_interval, jensen_shannon
from tod_bench.statistics.bootstrap import FloatArray

DRAWS: Final = 1000
_LONGEST: Final = 40
"""Turns, words or acts from which on all counts are one."""

UserTurn = tuple[str, tuple[Act, ...]]
"""Text and acts."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """One distribution, of people and of simulated users.

    Attributes:
        what: What is distributed.
        people: Mean over the people; None for what has none.
        simulated: Mean over simulated users.
        bits: Jensen-Shannon divergence, 0 to 1.
        interval: Its interval, over goals.
        halves: The divergence between two halves of the people.
    """

    what: str
    people: float | None
    simulated: float | None
    bits: float
    interval: Interval
    halves: float

    def to_json(self) -> dict[str, Any]:
        """The numbers as a JSON value."""
        return asdict(self)


def divergences(
    people: Mapping[str, Sequence[UserTurn]], simulated: Mapping[str, Sequence[UserTurn]]
) -> list[Divergence]:
    """Length, acts and words of users, compared.

    Args:
        people: Dialogue id -> the user's turns.
        simulated: Goal id -> the simulated user's turns; only goals of which there is a dialogue count.

    Returns:
        One a distribution; those of acts are left out where the dialogues have none annotated.
    """
    ids = [name for name in simulated if name in people]
    if len(ids) < 2:
        return []
    pairs = [(people[name], simulated[name]) for name in ids]
    annotated = any(acts for turns, _ in pairs for _, acts in turns)
    chosen = {what: of for what, of in _COUNTED.items() if annotated or "act" not in what}
    return [_compared(what, [(of(one), of(other)) for one, other in pairs]) for what, of in chosen.items()]


def turns_of_people(dialogues: Iterable[Dialogue]) -> dict[str, list[UserTurn]]:
    """The users' turns of a corpus's dialogues."""
    return {
        dialogue.id: [(turn.user, turn.user_acts) for turn in dialogue.turns if turn.user] for dialogue in dialogues
    }


def turns_of_record(record: Mapping[str, Any]) -> list[UserTurn]:
    """The user's turns of an episode."""
    users = [turn["user"] for turn in record["turns"]]
    return [(user["text"], tuple(Act(*act) for act in user["acts"])) for user in users]


def _lengths(turns: Sequence[UserTurn]) -> Counter[Any]:
    return Counter([min(len(turns), _LONGEST)])


def _words_a_turn(turns: Sequence[UserTurn]) -> Counter[Any]:
    return Counter(min(len(tokens(text)), _LONGEST) for text, _ in turns)


def _acts_a_turn(turns: Sequence[UserTurn]) -> Counter[Any]:
    return Counter(min(len(acts), _LONGEST) for _, acts in turns)


def _kinds(turns: Sequence[UserTurn]) -> Counter[Any]:
    """Acts with their slots, without domains and values."""
    return Counter(
        f"{act.act} {column(act.slot).replace('book ', 'book')}".strip() for _, acts in turns for act in acts
    )


def _words(turns: Sequence[UserTurn]) -> Counter[Any]:
    return Counter(word for text, _ in turns for word in tokens(text))


_COUNTED: Final[Mapping[str, Callable[[Sequence[UserTurn]], Counter[Any]]]] = {
    "turns a dialogue": _lengths,
    "words a turn": _words_a_turn,
    "acts a turn": _acts_a_turn,
    "acts and slots": _kinds,
    "words": _words,
}


def _compared(what: str, pairs: Sequence[tuple[Counter[Any], Counter[Any]]]) -> Divergence:
    labels = sorted({label for pair in pairs for counts in pair for label in counts})
    places = {label: place for place, label in enumerate(labels)}
    people, simulated = (np.zeros((len(pairs), len(labels))) for _ in range(2))
    for row, pair in enumerate(pairs):
        for table, counts in zip((people, simulated), pair, strict=True):
            for label, count in counts.items():
                table[row, places[label]] = count
    size = len(labels)

    def bits(sums: FloatArray) -> FloatArray:
        return jensen_shannon(sums[..., :size], sums[..., size:])

    sums = np.hstack([people, simulated])
    means = [None, None] if isinstance(labels[0], str) else [_mean(labels, table) for table in (people, simulated)]
    # A divergence of samples is too large, and that of resampled ones is twice so: the basic interval takes that back.
    found = bootstrap_interval(sums, bits, draws=DRAWS, method="basic")
    halves = float(jensen_shannon(people[::2].sum(axis=0), people[1::2].sum(axis=0)))
    return Divergence(what, means[0], means[1], float(bits(sums.sum(axis=0))), _from_zero(found), halves)


def _mean(labels: Sequence[float], counts: FloatArray) -> float:
    return float((counts.sum(axis=0) * np.array(labels, dtype=float)).sum() / counts.sum())


def _from_zero(interval: Interval) -> Interval:
    if interval.low is None or interval.high is None:
        return interval
    low, high = max(interval.low, 0.0), max(interval.high, 0.0)
    return Interval(low, high, interval.level, interval.draws, interval.undefined, interval.note)
