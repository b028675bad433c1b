"""Dialogues as compact JSON and back: the form in which a corpus is cached.

Acts and per-domain states repeat a lot within a dialogue, so each is written once and turns refer to it by number; the
dialogue that is read back shares them, too.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, fields, make_dataclass
from itertools import starmap
from typing import Any

from tod_bench.records import Act, Dialogue, DomainGoal, Persona, Span, State, Turn, Values


def fast_constructor(record: Any) -> Callable[..., Any]:
    """A constructor of a frozen record with slots, three times as fast; it takes every field, in order.

    The ``__init__`` of a frozen dataclass sets each field through ``object.__setattr__``, which would be about half of
    the time that a cache takes to read. Here a twin that is not frozen sets them directly and then becomes the record,
    which Python allows as both have the same slots. A ``__post_init__`` of the record's would not be run.
    """

    def become_record(twin: Any) -> None:
        twin.__class__ = record

    names = [(field.name, field.type) for field in fields(record)]
    body = {"__post_init__": become_record}
    return make_dataclass(record.__name__, names, slots=True, eq=False, repr=False, namespace=body)


_new_act: Callable[..., Act] = fast_constructor(Act)
_new_span: Callable[..., Span] = fast_constructor(Span)
_new_turn: Callable[..., Turn] = fast_constructor(Turn)


def encode(dialogue: Dialogue) -> str:
    """The dialogue as one line of JSON."""
    states, acts = _Table(), _Table()
    turns = [
        [
            turn.index,
            turn.user,
            turn.system,
            turn.styled_user,
            turn.styled_system,
            [states.number((domain, tuple(slots.items()))) for domain, slots in turn.state.items()],
            [acts.number(act) for act in turn.acts],
            [acts.number(act) for act in turn.user_acts],
            turn.services,
            [astuple(span) for span in turn.spans],
            turn.db_matches,
        ]
        for turn in dialogue.turns
    ]
    goal = {domain: [wish.inform, wish.request, wish.book] for domain, wish in dialogue.goal.items()}
    persona = astuple(dialogue.persona) if dialogue.persona else None
    head = [dialogue.id, dialogue.corpus, dialogue.split, dialogue.services, goal, persona]
    tables = [[[domain, dict(slots)] for domain, slots in states.items], [astuple(act) for act in acts.items]]
    return json.dumps([*head, *tables, turns], ensure_ascii=False, separators=(",", ":"))


def decode(line: str) -> Dialogue:
    """The dialogue of a line that `encode` wrote."""
    name, corpus, split, services, goal, persona, coded_states, coded_acts, turns = json.loads(line)
    states = [(domain, {slot: tuple(values) for slot, values in slots.items()}) for domain, slots in coded_states]
    acts = list(starmap(_new_act, coded_acts))
    return Dialogue(
        name,
        corpus,
        split,
        tuple(services),
        tuple([_turn(coded, states, acts) for coded in turns]),
        {domain: DomainGoal(inform, tuple(request), book) for domain, (inform, request, book) in goal.items()},
        Persona(*persona) if persona else None,
    )


def _turn(coded: list[Any], states: Sequence[tuple[str, Mapping[str, Values]]], acts: Sequence[Act]) -> Turn:
    index, user, system, styled_user, styled_system, state, said, user_said, services, spans, matches = coded
    whole: State = dict(map(states.__getitem__, state))
    return _new_turn(
        index,
        user,
        system,
        styled_user,
        styled_system,
        whole,
        tuple(map(acts.__getitem__, said)),
        tuple(map(acts.__getitem__, user_said)),
        tuple(services),
        tuple(starmap(_new_span, spans)),
        matches,
    )


class _Table:
    """Distinct items in order of appearance."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def number(self, item: Any) -> int:
        return self._numbers.setdefault(item, len(self._numbers))

    @property
    def items(self) -> list[Any]:
        return list(self._numbers)
