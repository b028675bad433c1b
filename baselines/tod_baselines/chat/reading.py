"""Reading what a model wrote: a JSON object among prose, and states in the schema's spelling.

Reading is strict about what counts and repairs nothing: what is not in the schema is kept, and named.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tod_baselines.chat.recipe import Answer, Reply, Shown
from tod_bench.errors import UserError
from tod_bench.records import Schema, TaskName
from tod_metrics.normalization.slots import canonical_slot

DONTCARE = "dontcare"
"""The value of a slot that the user does not care about; every slot may have it."""

_FREE = re.compile(r"[\s_-]+")
_FENCE = re.compile(r"^[ \t]*```\w*[ \t]*\n(.*?)\n?^[ \t]*```[ \t]*$", re.MULTILINE | re.DOTALL)


def json_object(text: str) -> dict[str, Any] | None:
    """The first whole JSON object in a text, whatever stands around it; None where there is none.

    An object may begin at the text's first brace or at the start of a line. One within another, which is cut, is not
    taken for the whole.
    """
    decoder = json.JSONDecoder()
    starts = [text.find("{"), *(found.start() for found in re.finditer(r"^{", text, re.MULTILINE))]
    for start in sorted({start for start in starts if start >= 0}):
        try:
            value, _ = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        return value if isinstance(value, dict) else None
    return None


def fit_to_schema(
    schema: Schema, state: Mapping[str, Mapping[str, str]]
) -> tuple[dict[str, dict[str, str]], tuple[str, ...]]:
    """A state in the schema's spelling, and what of it the schema does not have.

    Domains, slots and values of categorical slots are taken for the schema's where they are equal without case, blanks,
    underscores and hyphens, and slots where scoring takes them for the same. Everything else is kept as it was written,
    slots under the name that scoring knows them by: so that no slot is there twice, with two values.

    Returns:
        The state, and a name for each thing outside of the schema: ``hotel wifi``, or ``hotel stars=6`` where a
        categorical slot has no such value.
    """
    fitted: dict[str, dict[str, str]] = {}
    unknown: list[str] = []
    for domain, slots in state.items():
        named = spelled(domain, schema) or domain
        specs = schema.get(named, {})
        for slot, value in slots.items():
            known_slot = _slot_spelled(named, slot, specs)
            kept_domain, kept_slot = (named, known_slot) if known_slot else canonical_slot(named, slot)
            written = value
            if known_slot is None:
                unknown.append(f"{domain} {slot}")
            elif specs[known_slot].categorical:
                known_value = spelled(value, (*specs[known_slot].values, DONTCARE))
                if known_value is None:
                    unknown.append(f"{named} {known_slot}={value}")
                written = known_value or value
            elif _squeezed(value) == DONTCARE:
                written = DONTCARE
            fitted.setdefault(kept_domain, {})[kept_slot] = written
    return fitted, tuple(dict.fromkeys(unknown))


def in_schema(schema: Schema, domain: str, slot: str) -> tuple[str, str]:
    """A domain and a slot in the schema's spelling, or as they are written where it does not have them."""
    fitted, _ = fit_to_schema(schema, {domain: {slot: DONTCARE}})
    return next((known, name) for known, slots in fitted.items() for name in slots)


def code_in(text: str, first_words: re.Pattern[str]) -> Iterator[str]:
    """Where a text may hold code, to be tried in order: all of it, its code fences, its one paragraph of code.

    Nothing is offered that leaves out a line which looks like code: half an answer is not taken for a whole one.

    Args:
        text: What a model wrote.
        first_words: What a statement begins with.
    """
    yield text.strip()
    fences = _FENCE.findall(text)
    if fences and text.count("```") == 2 * len(fences):
        yield "\n".join(fences).strip()
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if first_words.match(line)), None)
    if start is not None and "```" not in text:
        end = next((number for number in range(start, len(lines)) if not lines[number].strip()), len(lines))
        if not any(map(first_words.match, lines[end:])):
            yield "\n".join(lines[start:end]).strip()


def apply_changes(
    previous: Mapping[str, Mapping[str, str]],
    changes: Mapping[str, Mapping[str, str]],
    removed: Iterable[tuple[str, str]] = (),
) -> dict[str, dict[str, str]]:
    """The state after a turn: the one before it without what is removed, with what is changed."""
    gone = set(removed)
    state = {
        domain: {slot: value for slot, value in slots.items() if (domain, slot) not in gone}
        for domain, slots in previous.items()
    }
    for domain, slots in changes.items():
        state.setdefault(domain, {}).update(slots)
    return {domain: slots for domain, slots in state.items() if slots}


def changes_between(
    previous: Mapping[str, Mapping[str, str]], state: Mapping[str, Mapping[str, str]]
) -> tuple[dict[str, dict[str, str]], list[tuple[str, str]]]:
    """What leads from one state to the next: new values, and the (domain, slot) that are gone."""
    changed = {
        domain: {slot: value for slot, value in slots.items() if previous.get(domain, {}).get(slot) != value}
        for domain, slots in state.items()
    }
    removed = [
        (domain, slot) for domain, slots in previous.items() for slot in slots if slot not in state.get(domain, {})
    ]
    return {domain: slots for domain, slots in changed.items() if slots}, removed


def state_of_json(value: Any) -> tuple[dict[str, dict[str, str]], tuple[str, ...]]:
    """A state that was written as JSON (domain -> slot -> value), and a sentence for each part that is none.

    Numbers and truth values are taken as their text; of a list of values the first counts; null and empty texts are
    slots without a value, which are left out.
    """
    if not isinstance(value, dict):
        return {}, (f"{_brief(value)} is no object of domains",)
    state: dict[str, dict[str, str]] = {}
    problems = []
    for domain, slots in value.items():
        if slots is None:
            continue
        if not isinstance(slots, dict):
            problems.append(f"{domain}: {_brief(slots)} is no object of slots")
            continue
        for slot, written in slots.items():
            text = _text(written)
            if text is None:
                problems.append(f"{domain} {slot}: {_brief(written)} is no value")
            elif text.strip():
                state.setdefault(domain, {})[slot] = text
    return state, tuple(problems)


def _text(value: Any) -> str | None:
    if isinstance(value, list) and value:
        value = value[0]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, str | int | float) else None


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _squeezed(text: str) -> str:
    return _FREE.sub("", text).casefold()


def spelled(written: str, known: Iterable[str]) -> str | None:
    """The name among `known` that a text is a spelling of: equal without case, blanks, underscores and hyphens."""
    candidates = list(known)
    if written in candidates:
        return written
    squeezed = _squeezed(written)
    return next((name for name in candidates if _squeezed(name) == squeezed), None)


def _slot_spelled(domain: str, slot: str, specs: Iterable[str]) -> str | None:
    """The schema's name of a slot, which a model may have written with its domain before it (``hotel-area``).

    A name that scoring takes for the slot (``price`` for ``pricerange``) is its name here, too.
    """
    names = list(specs)
    name = spelled(slot, names)
    if name is None and _squeezed(slot).startswith(_squeezed(domain)):
        name = next((name for name in names if _squeezed(domain + name) == _squeezed(slot)), None)
    if name is None:
        meant = canonical_slot(domain, slot)
        name = next((name for name in names if canonical_slot(domain, name) == meant), None)
    return name


def state_answer(
    shown: Shown,
    written: Mapping[str, Mapping[str, str]],
    removed: Iterable[tuple[str, str]] = (),
    problems: Iterable[str] = (),
    *,
    whole: bool,
) -> Answer:
    """The answer to DST of a state, or of the changes of one, as a model wrote it.

    Args:
        shown: The turn.
        written: Domain -> slot -> value.
        removed: (domain, slot) that the model takes away.
        problems: What could not be read of its text beside that.
        whole: Whether `written` is the whole state; else what the turn changes of it.
    """
    fitted, unknown = fit_to_schema(shown.schema, written)
    if whole:
        return Answer(state=fitted, unread=tuple(problems), unknown=unknown)
    gone = [in_schema(shown.schema, domain, slot) for domain, slot in removed]
    return Answer(state=apply_changes(shown.previous, fitted, gone), unread=tuple(problems), unknown=unknown)


def names_in_code(names: Iterable[str], write: Callable[[str], str], recipe: str) -> dict[str, str]:
    """What a recipe's code calls some domains or slots -> their names.

    Args:
        names: The names.
        write: How the code writes a name.
        recipe: The recipe, for the error.

    Raises:
        UserError: It writes two names alike, so that what a model writes could not be told apart.
    """
    written: dict[str, str] = {}
    for name in names:
        other = written.setdefault(write(name), name)
        if other != name:
            raise UserError(
                f"the recipe {recipe} writes {other!r} and {name!r} of the schema alike; take another recipe"
            )
    return written


def unread_answer(task: TaskName, reason: str) -> Answer:
    """The empty answer of a turn in which nothing could be read."""
    empty: dict[TaskName, Answer] = {
        "dst": Answer(state={}, unread=(reason,), readable=False),
        "policy": Answer(acts=(), unread=(reason,), readable=False),
        "response": Answer(response="", unread=(reason,), readable=False),
    }
    return empty[task]


def no_reply(reply: Reply) -> str:
    """Why a reply is not to be read as an answer: it failed or is empty; an empty text where it is one."""
    if reply.failure:
        return f"no whole answer: {reply.failure}"
    return "" if reply.text.strip() or reply.tool_calls else "the answer is empty"
