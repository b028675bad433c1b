"""The account of a chat system's predictions: what was asked of whom, what it took, what could not be read."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tod_baselines.chat.asking import Asked
from tod_bench.llm.records import ChatAnswer, ChatFailure

COUNTED = ("requests", "prompt_tokens", "completion_tokens", "seconds", "usd")
"""What is added up over turns."""


@dataclass
class Account:
    """Counts over the turns of one call of `predict`.

    Attributes:
        turns: Turns answered.
        unreadable: Turns of which nothing could be read.
        partly_unread: Turns of which something could not be read, the unreadable ones included.
        unknown: Turns whose answer names what the schema does not have.
        unseen: Turns of users without a picture, of a model that is shown pictures.
        totals: Sums of the turns' usage notes.
        noted: How many turns' notes have each of them.
        models: Model that the server says answered -> answers.
        failures: Reason of an answer that was cut, refused or withheld -> answers.
        structured: Answers that were held to a schema.
        calling: Answers that call functions; others write what they call as text.
        dropped: Fields that were not sent, because the server does not take them.
    """

    turns: int = 0
    unreadable: int = 0
    partly_unread: int = 0
    unknown: int = 0
    unseen: int = 0
    totals: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    structured: int = 0
    calling: int = 0
    dropped: set[str] = field(default_factory=set)

    def add(self, asked: Asked, took: Mapping[str, Any], *, unseen: bool = False) -> None:
        """Counts a turn that has an answer.

        Args:
            asked: What came of asking.
            took: The turn's usage note.
            unseen: Whether the model is shown pictures and was shown none.
        """
        assert asked.answer is not None
        self.turns += 1
        self.unseen += unseen
        self.unreadable += not asked.answer.readable
        self.partly_unread += bool(asked.answer.unread) or not asked.answer.readable
        self.unknown += bool(asked.answer.unknown)
        for name in took:
            self.totals[name] += took[name]
            self.noted[name] += 1
        for outcome in asked.outcomes:
            if isinstance(outcome, ChatFailure):
                self.failures[outcome.reason] += 1
            if isinstance(outcome, ChatAnswer):
                self.models[outcome.model] += 1
                self.structured += outcome.structured
                self.calling += bool(outcome.tool_calls)
                self.dropped |= set(outcome.dropped)

    def notes(self) -> list[str]:
        """Sentences for below a table: what could not be read, and what the schema does not have."""
        counted = {
            "could not be read and count as wrong": self.unreadable,
            "were read in part": self.partly_unread - self.unreadable,
            "name slots or values that the schema does not have": self.unknown,
            "were given without a picture, since the corpus names none of the user": self.unseen,
        }
        return [f"{number} of {self.turns} answers {what}" for what, number in counted.items() if number]

    def to_json(self) -> dict[str, Any]:
        """The account as JSON values; a sum that not every turn has a part in is left out."""
        complete = [name for name in COUNTED if self.turns and self.noted[name] == self.turns]
        return {
            "turns": self.turns,
            "unreadable_turns": self.unreadable,
            "turns_with_unread_parts": self.partly_unread,
            "turns_with_unknown_names": self.unknown,
            **({"turns_without_picture": self.unseen} if self.unseen else {}),
            "models_returned": dict(sorted(self.models.items())),
            "failures": dict(sorted(self.failures.items())),
            "answers_held_to_a_schema": self.structured,
            "answers_that_call_functions": self.calling,
            "dropped_fields": sorted(self.dropped),
            "total": {name: round(self.totals[name], 6) for name in complete},
            "per_turn": {name: round(self.totals[name] / self.turns, 6) for name in complete},
        }
