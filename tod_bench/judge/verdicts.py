"""What is asked of a judge, and what comes of it: a verdict, or a typed reason why there is none.

An answer that cannot be read is `Unscored`. It is never turned into a number, a tie or a zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Order: TypeAlias = Literal["ab", "ba"]
"""Seats of a pair: ``ab`` shows the first arm first."""

PersonaUse: TypeAlias = Literal["own", "shuffled", "blank"]
"""Whose persona the judge is shown: the item's, another item's, or none (the audit)."""

PERSONAS: tuple[PersonaUse, ...] = ("own", "shuffled", "blank")
"""Every use, the item's own first."""

UnscoredReason: TypeAlias = Literal["refusal", "length", "unreadable", "empty", "rejected", "failed", "not asked"]
"""Why there is no verdict: the judge refused, its answer was cut, it holds no verdict, it was empty, the server turned
the request down, no answer came, or none was asked for."""

SETTLED_REASONS = frozenset({"refusal", "length", "unreadable"})
"""The judge's own doing: a later run does not ask again. All other reasons may be gone by then."""


@dataclass(frozen=True, slots=True)
class Query:
    """One thing asked of a judge.

    Attributes:
        item: The item (a dialogue).
        arms: Versions of the dialogue it is about. Likert: (reference, rated); pairwise: (first, second);
            emotions: (labelled,).
        questions: Questions in the order shown; ``("winner",)`` and ``("emotion",)`` for the other tasks.
        order: Seats of a pair.
        persona: Whose persona is shown.
        repeat: Number of the repeat, from 0.
        turn: The turn's index, for emotions; else None.
    """

    item: str
    arms: tuple[str, ...]
    questions: tuple[str, ...]
    order: Order = "ab"
    persona: PersonaUse = "own"
    repeat: int = 0
    turn: int | None = None

    @property
    def id(self) -> str:
        """A name that no other ask of the run has."""
        turn = "" if self.turn is None else f"#{self.turn}"
        parts = ("+".join(self.arms), "+".join(self.questions), self.order, self.persona, f"r{self.repeat}")
        return "|".join((f"{self.item}{turn}", *parts))


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict that was read in full.

    Attributes:
        values: Question -> value: 1 to 4; ``1``, ``2`` (seats) or ``tie``; a label.
        reason: What the judge says for it.
        factors: Factors that it names (pairwise).
        certainty: Stated certainty, 0 to 100, where it was asked for.
    """

    values: Mapping[str, int | str]
    reason: str = ""
    factors: tuple[str, ...] = ()
    certainty: int | None = None


@dataclass(frozen=True, slots=True)
class Unscored:
    """No verdict, and why.

    Attributes:
        reason: The kind.
        detail: What exactly was wrong.
    """

    reason: UnscoredReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer of the judge, as it came.

    Attributes:
        text: The answer, whole or cut; empty where none came.
        finish_reason: As the server says it (``stop``, ``length``, ...); ``failed`` where no answer came.
        model: The model's name as the server returned it.
        fingerprint: The server's fingerprint, where it gives one.
        usage: Tokens, as JSON values.
        created: When it was answered.
        cached: Whether it came from the cache.
        failure: Why no answer came; empty where one did.
        dropped: Fields of the request that the server does not take, so that they were not sent.
    """

    text: str
    finish_reason: str
    model: str = ""
    fingerprint: str = ""
    usage: Mapping[str, Any] = field(default_factory=dict)
    created: str = ""
    cached: bool = False
    failure: str = ""
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """An ask with everything that came of it: one line of the store.

    Attributes:
        key: Digest of everything that decides the answer.
        ask: What was asked.
        outcome: The verdict, or why there is none.
        attempts: Every answer, re-asks included, in order.
        prompt: Hash of the prompt's template.
        check: The nonce that marks a verdict as the judge's own.
        pending: Whether it is to be asked again; a run that was interrupted goes on from there.
    """

    key: str
    ask: Query
    outcome: Verdict | Unscored
    attempts: tuple[Attempt, ...]
    prompt: str
    check: str
    pending: bool = False
