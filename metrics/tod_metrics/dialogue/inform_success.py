"""Inform and Success on MultiWOZ, as MultiWOZ_Evaluation defines them (Nekvinda and Dušek 2021, mwzeval/metrics.py).

A dialogue is *informed* when, in every domain of its goal, there are venues that the system could mean by its last
mention of a name (or train id), and all of them meet the goal. It *succeeds* when it is informed and every requested
phone, address, postcode, reference and train id was given. What the system could mean is what the database returns for
the belief state at that turn: responses are delexicalised, so the state decides which venues they are about.

The protocol ``mwzeval`` has that script's outcome of every dialogue. ``tod_bench`` follows the same definition and
reads the inputs more soundly:

| | `tod_bench` | `mwzeval` |
|---|---|---|
| a predicted `none` or empty value | the slot has no value | the database is searched for it |
| names and values | canonicalised in the state and in the tables | in the state alone |
| several domains change in a turn | ties by the alphabet | ties by the order in the file |
| placeholders | any style of the field | names in brackets that the script knows |
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

import numpy as np

from tod_metrics.base import FloatArray, Metric, Signature, percentage
from tod_metrics.dialogue.bookings import bookings_of
from tod_metrics.dialogue.venues import SEARCHED, Database, Venues
from tod_metrics.items import DialogueItem, DialogueTurn, DomainWish
from tod_metrics.normalization.mwzeval_script import script_text, script_value
from tod_metrics.normalization.values import strict
from tod_metrics.response.delexicalise import Delexicaliser, kind_of, kinds_in
from tod_metrics.sources import ActiveOption, StateSource, TextForm, settle
from tod_metrics.state.active_domains import from_slot_names, from_state_changes

InformProtocol: TypeAlias = Literal["tod_bench", "mwzeval"]
PROTOCOLS = ("tod_bench", "mwzeval")
REQUESTABLE = frozenset({"PHONE", "ADDRESS", "POST", "REFERENCE", "TRAINID"})
_SOUGHT = (*sorted(REQUESTABLE), "NAME")
_NAMED = frozenset({"restaurant", "hotel", "attraction"})
_State: TypeAlias = Mapping[str, Mapping[str, str]]


class Outcome(NamedTuple):
    """Domain of the goal -> whether it was informed, and whether everything asked of it was given."""

    informed: Mapping[str, bool]
    answered: Mapping[str, bool]


@dataclass(frozen=True)
class Inform(Metric[DialogueItem]):
    """Inform rate: share of dialogues that offer fitting venues in every domain of the goal, in %.

    Attributes:
        database: The venues; a corpus's `database`.
        state: Whose belief state tells which venues a mention could mean. ``auto`` takes the predicted ones where any
            turn has one (a turn without counts as having an empty one), and the gold ones where none has.
        active: Where the domain that a turn is about comes from (see `tod_metrics.state.active_domains`). ``auto``
            takes what the system says where any turn says it (the others are about none), and the changes of the state
            otherwise.
        text: ``delexicalised`` responses have placeholders; ``lexicalised`` ones are delexicalised here first, by the
            values of the database. ``auto`` goes by what the majority of responses has.
        domain: Restricts the score to one domain of the goals; empty for all.
        protocol: ``tod_bench`` or ``mwzeval``, as in the module's table.
        notes: What a reader must know beside the number, as `resolved` found it.
    """

    database: Database
    state: StateSource = "auto"
    active: ActiveOption = "auto"
    text: TextForm = "auto"
    domain: str = ""
    protocol: InformProtocol = "tod_bench"
    notes: tuple[str, ...] = field(default=(), init=False, compare=False, repr=False)

    item: ClassVar[type] = DialogueItem
    name: ClassVar[str] = "inform"
    protocols: ClassVar[tuple[str, ...]] = PROTOCOLS
    columns: ClassVar[tuple[str, ...]] = ("informed", "succeeded", "dialogues")
    denominator: ClassVar[str] = "dialogues"
    needs: ClassVar[tuple[str, ...]] = ("database",)

    @property
    def signature(self) -> Signature:
        """Where the state and the active domain come from; `resolved` first, lest it say ``auto``."""
        options = {"protocol": self.protocol, "state": self.state, "active": self.active, "text": self.text}
        return Signature(self.name, options)

    def resolved(self, items: Sequence[DialogueItem]) -> "Inform":
        """The metric with each ``auto`` settled by what these items have, and notes that say so.

        Raises:
            ValueError: Predicted states or active domains were asked for, but not one turn has any.
        """
        found = settle(items, self.state, self.active, self.text)
        settled = replace(self, state=found.state, active=found.active, text=found.text)
        # A field that cannot be given to the constructor: notes are found, never chosen.
        object.__setattr__(settled, "notes", found.notes)
        return settled

    def statistics(self, items: Sequence[DialogueItem]) -> FloatArray:
        """Shape (items, 3): informed, succeeded, counted, each 0 or 1; all 0 without a goal (or this domain in it).

        Raises:
            ValueError: No dialogue has a goal.
        """
        if items and not any(item.goal for item in items):
            raise ValueError("no dialogue has a goal, so there is no Inform or Success; give the corpus its goals")
        settled = self.resolved(items)
        items = settled.delexicalised(items)
        rows = np.zeros((len(items), 3))
        for row, item in zip(rows, items, strict=True):
            if item.goal and (not self.domain or self.domain in item.goal):
                outcome = settled.outcome(item)
                informed = all(outcome.informed.values())
                if self.domain:
                    row[:] = outcome.informed[self.domain], informed and outcome.answered[self.domain], 1.0
                else:
                    row[:] = informed, informed and all(outcome.answered.values()), 1.0
        return rows

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Percentage of dialogues informed."""
        return percentage(sums[..., 0], sums[..., 2])

    def delexicalised(self, items: Sequence[DialogueItem]) -> Sequence[DialogueItem]:
        """The items with delexicalised responses: as they are, unless `text` says that they are lexicalised."""
        if self.text != "lexicalised":
            return items
        cut = self._delexicaliser
        return [
            replace(item, turns=tuple(replace(turn, response=cut(turn.response or "")) for turn in item.turns))
            for item in items
        ]

    def outcome(self, item: DialogueItem) -> Outcome:
        """What came of each domain of one dialogue's goal.

        The sources must be settled (see `resolved`) and the responses delexicalised.
        """
        responses = [turn.response or "" for turn in item.turns]
        states = [self._state(turn) for turn in item.turns]
        actives = self._active(item, responses, states)
        offered: dict[str, frozenset[int]] = {}
        given: dict[str, set[str]] = {domain: set() for domain in item.goal}
        for response, state, active, booked in zip(responses, states, actives, bookings_of(item.turns), strict=True):
            kinds = self._kinds(response)
            for domain in active.intersection(item.goal):
                if ("NAME" in kinds and domain in _NAMED) or ("TRAINID" in kinds and domain == "train"):
                    offered[domain] = self._offered(domain, state, offered.get(domain, frozenset()))
                given[domain] |= kinds & REQUESTABLE if domain in booked else kinds & REQUESTABLE - {"REFERENCE"}
        return Outcome(
            {domain: self._fits(domain, wish, offered.get(domain)) for domain, wish in item.goal.items()},
            {domain: _requested(wish) <= given[domain] for domain, wish in item.goal.items()},
        )

    @property
    def _is_script(self) -> bool:
        return self.protocol == "mwzeval"

    def _kinds(self, response: str) -> frozenset[str]:
        """Kinds of placeholders in a response that tell venues apart or answer a request."""
        if self._is_script and self.text != "lexicalised":
            text = script_text(response)
            return frozenset(kind for kind in _SOUGHT if kind in text)
        return kinds_in(response)

    def _state(self, turn: DialogueTurn) -> _State:
        """A turn's state, one value a slot; gold dontcares are dropped, as in the script."""
        if self.state == "predicted":
            given: Mapping[str, Mapping[str, Any]] = turn.state or {}
        else:
            given = _gold_state(turn)
        if self._is_script:
            return {
                domain: {slot: script_value(slot, value) for slot, value in slots.items()}
                for domain, slots in given.items()
            }
        present = {
            domain: {slot: value for slot, value in slots.items() if strict(domain, slot, value) not in ("", "none")}
            for domain, slots in given.items()
        }
        return {domain: slots for domain, slots in present.items() if slots}

    @cached_property
    def _venues(self) -> Venues:
        return Venues(self.database, as_script=self._is_script)

    @cached_property
    def _delexicaliser(self) -> Delexicaliser:
        # The script knows no [booking_reference], but needs the domain where that is what is looked for.
        style: Literal["value", "domain"] = "value" if self._is_script and self.active != "slot_names" else "domain"
        return Delexicaliser({domain: self.database.query(domain, {}) for domain in SEARCHED}, style)

    def _active(self, item: DialogueItem, responses: Sequence[str], states: Sequence[_State]) -> list[frozenset[str]]:
        if self.active == "given":
            return [frozenset(turn.active_domains or ()) for turn in item.turns]
        if self.active == "slot_names":
            return from_slot_names(responses)
        return from_state_changes(states, in_file_order=self._is_script)

    def _offered(self, domain: str, state: _State, before: frozenset[int]) -> frozenset[int]:
        found = self._venues.ids(domain, state[domain]) if domain in state else frozenset[int]()
        # An offer that still stands is kept when the state has only become less specific.
        return before if before and before <= found else found

    def _fits(self, domain: str, wish: DomainWish, offered: frozenset[int] | None) -> bool:
        if domain not in SEARCHED or "name" in wish.inform:
            return True
        if not offered:
            return domain == "train" and "TRAINID" not in _requested(wish)
        return offered <= self._venues.ids(domain, wish.inform)


@dataclass(frozen=True)
class Success(Inform):
    """Success rate: share of dialogues that are informed and give every requested detail, in %."""

    name: ClassVar[str] = "success"

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Percentage of dialogues that succeed."""
        return percentage(sums[..., 1], sums[..., 2])


def _requested(wish: DomainWish) -> frozenset[str]:
    asked = frozenset(kind_of(slot) for slot in wish.request) & REQUESTABLE
    return asked | {"REFERENCE"} if wish.book else asked


def _gold_state(turn: DialogueTurn) -> dict[str, dict[str, str]]:
    """The gold state, the first value of each slot, without slots that may have any value or are ``none``.

    The script's gold states are those of release 2.2, which has no ``none``; releases before it do.
    """
    state = {
        domain: {
            slot: values[0]
            for slot, values in slots.items()
            if "dontcare" not in values and strict(domain, slot, values[0]) not in ("", "none", "dontcare")
        }
        for domain, slots in turn.gold_state.items()
    }
    return {domain: slots for domain, slots in state.items() if slots}
