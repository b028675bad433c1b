"""A dialogue as people read it on a terminal, or as JSON: who the user is, what is said, what changes in each turn."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tod_bench.corpora.base import Corpus
from tod_bench.corpora.rows import to_rows
from tod_bench.errors import UserError, printable
from tod_bench.records import Dialogue, Goal, Persona, State, Turn, Values
from tod_bench.reports.browser import act_text


@dataclass(frozen=True, slots=True)
class Picture:
    """Where the picture of a user is.

    Attributes:
        path: Its file; None where there is none.
        problem: Why there is none; empty where there is one.
    """

    path: Path | None
    problem: str = ""


def picture_of(corpus: Corpus, persona: Persona | None) -> Picture:
    """The picture of a user; one that is drawn is written into the cache."""
    if persona is None or not persona.image:
        return Picture(None, "the corpus names none")
    if corpus.images is None:
        return Picture(None, f"{corpus.name} has no pictures here; where its reader has the option, give images=FOLDER")
    try:
        return Picture(corpus.images.path(persona.image))
    except UserError as error:
        return Picture(None, str(error))


def dialogue_json(dialogue: Dialogue, picture: Picture) -> dict[str, Any]:
    """The dialogue as a row of `tod_bench.corpora.rows`, with ``picture``, a path or null."""
    (row,) = to_rows(dialogue)
    path = picture.path
    return {**row, "picture": None if path is None else str(path), "picture_problem": picture.problem}


def dialogue_lines(dialogue: Dialogue, picture: Picture) -> Iterator[str]:
    """The dialogue, line by line; what could steer a terminal is written as an escape."""
    return (printable(line, lines=False) for line in _lines(dialogue, picture))


def _lines(dialogue: Dialogue, picture: Picture) -> Iterator[str]:
    about = ", ".join(dialogue.services)
    yield f"{dialogue.id} ({dialogue.corpus}, {dialogue.split}{f': {about}' if about else ''})"
    yield from _user_lines(dialogue.persona, picture)
    yield from _goal_lines(dialogue.goal)
    before: State = {}
    for turn in dialogue.turns:
        yield ""
        yield f"turn {turn.index + 1}"
        yield from _turn_lines(turn, before)
        before = turn.state


def _user_lines(persona: Persona | None, picture: Picture) -> Iterator[str]:
    if persona is None:
        return
    known = (persona.age, persona.gender, persona.formality, persona.emotion)
    yield f"user: {', '.join(word for word in known if word and word != 'unknown') or 'unknown'}"
    if persona.impression:
        yield f"impression: {persona.impression}"
    yield f"picture: {picture.path if picture.path is not None else f'none ({picture.problem})'}"


def _goal_lines(goal: Goal) -> Iterator[str]:
    for domain, wanted in goal.items():
        parts = [f"{slot} = {value}" for slot, value in wanted.inform.items()]
        parts += [f"book {slot} = {value}" for slot, value in wanted.book.items()]
        parts += [f"{slot}?" for slot in wanted.request]
        yield f"goal: {domain}: {', '.join(parts) or 'nothing in particular'}"


def _turn_lines(turn: Turn, before: State) -> Iterator[str]:
    for side, text, styled in (
        ("user", turn.user, turn.styled_user),
        ("system", turn.system, turn.styled_system),
    ):
        yield _column(side, text or "-")
        if styled is not None and styled != text:
            yield _column("", f"personalised: {styled}")
    for number, line in enumerate(state_changes(before, turn.state)):
        yield _column("" if number else "state", line)
    for name, acts in (("user acts", turn.user_acts), ("acts", turn.acts)):
        if acts:
            yield _column(name, "; ".join(map(act_text, acts)))


def _column(name: str, text: str) -> str:
    return f"  {name:<11}{text}"


def state_changes(before: State, after: State) -> Iterator[str]:
    """What a turn changes in the state: ``+`` a new slot, ``*`` another value, ``-`` a slot that is gone."""
    old, new = _flat(before), _flat(after)
    for slot, values in new.items():
        if slot not in old:
            yield f"+ {slot} = {' / '.join(values)}"
        elif old[slot] != values:
            yield f"* {slot} = {' / '.join(values)} (was {' / '.join(old[slot])})"
    yield from (f"- {slot}" for slot in old if slot not in new)


def _flat(state: State) -> Mapping[str, Values]:
    return {f"{domain}-{slot}": values for domain, slots in state.items() for slot, values in slots.items()}
