"""Interactive goals of MultiWOZ, from a raw ``goal``: its structure, and what only its message says.

The message has the order of the domains (the structure's differs in half of the goals), the places that a taxi joins,
and whether a reference is wanted. ``fail_info`` is no sign that anything fails: half of them can be met, and then the
message does not mention them. What nothing in the database meets is asked for first, anything else never.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tod_bench.corpora.interactive_goals import DomainWish, InteractiveGoal, impossible
from tod_bench.corpora.jsonstream import RawFile, object_members
from tod_bench.corpora.multiwoz_goals import goal_files, goal_of
from tod_bench.corpora.multiwoz_names import canonical, plain_id
from tod_bench.errors import DataError
from tod_bench.records import Database, DomainGoal

_MARK = re.compile(r"<[^>]*>")
_OPENING = re.compile(r"\b(?:looking for|want to book) (?:a |an |the )?([a-z]+(?: [a-z]+){0,2})", re.IGNORECASE)
_NOUNS = {
    "restaurant": "restaurant",
    "place to dine": "restaurant",
    "particular restaurant": "restaurant",
    "hotel": "hotel",
    "place to stay": "hotel",
    "particular hotel": "hotel",
    "places to go": "attraction",
    "attraction": "attraction",
    "particular attraction": "attraction",
    "train": "train",
    "taxi": "taxi",
    "hospital": "hospital",
    "police": "police",
    "police station": "police",
}
_ARRIVES = re.compile(r"arrives (?:at )?the (\w+) by", re.IGNORECASE)
_LEAVES = re.compile(r"leave the (\w+) by", re.IGNORECASE)
_JOINED = ("restaurant", "hotel", "attraction")
"""Domains that have a venue for a taxi to go to."""


def raw_goals(files: Mapping[str, RawFile]) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Dialogue id, raw goal and file of every dialogue of a release with goals."""
    for file in goal_files(files):
        for name, data in object_members(file):
            yield plain_id(name), data.get("goal") or {}, str(file)


def interactive_goal(dialogue: str, raw: Mapping[str, Any], database: Database, file: str = "") -> InteractiveGoal:
    """The interactive goal of a raw ``goal``.

    Args:
        dialogue: Id of its dialogue.
        raw: The goal.
        database: Tells which first wishes nothing meets.
        file: The file, for messages.

    Raises:
        DataError: The goal or its message is not laid out as expected.
    """
    try:
        goal = goal_of(raw)
        sections = _sections([_MARK.sub("", line) for line in _lines(raw.get("message", ()))])
        if len(goal) == 1 and not any(section.domain in goal for section in sections):
            # Dialogues of WOZ 2.0 (train) are introduced in other words, and all of them are of one domain.
            sections = [_Section(next(iter(goal)), [line for section in sections for line in section.lines])]
        order = [section.domain for section in sections if section.domain in goal]
        if len(order) != len(goal):
            left = ", ".join(sorted(set(goal) - set(order)))
            raise DataError(f"the goal's message does not speak of {left}", file=file, dialogue=dialogue)
        lines = {section.domain: section.lines for section in sections}
        wishes = tuple(_wish(domain, goal[domain], raw[domain], lines, order, database) for domain in order)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"the goal is not laid out as expected ({error!r})", file=file, dialogue=dialogue) from None
    return InteractiveGoal(dialogue, wishes, tuple(line for section in sections for line in section.lines))


@dataclass(frozen=True)
class _Section:
    """The lines of a message about one domain; those before the first domain have none."""

    domain: str
    lines: list[str]


def _lines(message: str | Sequence[str]) -> Sequence[str]:
    return [message] if isinstance(message, str) else message


def _sections(lines: Sequence[str]) -> list[_Section]:
    sections = [_Section("", [])]
    known: dict[str, _Section] = {}
    for line in lines:
        domain = _opened(line)
        if domain and domain not in known:
            known[domain] = _Section(domain, [])
            sections.append(known[domain])
        (known[domain] if domain else sections[-1]).lines.append(line)
    return sections


def _opened(line: str) -> str:
    """The domain that a line begins to speak of; empty for none."""
    for match in _OPENING.finditer(line):
        words = match[1].lower().split()
        for length in range(len(words), 0, -1):
            if domain := _NOUNS.get(" ".join(words[:length])):
                return domain
    return ""


def _wish(
    domain: str,
    goal: DomainGoal,
    raw: Mapping[str, Any],
    lines: Mapping[str, Sequence[str]],
    order: Sequence[str],
    database: Database,
) -> DomainWish:
    first = {canonical(domain, slot): value for slot, value in (raw.get("fail_info") or {}).items()}
    first_book = {canonical(domain, f"book {slot}"): value for slot, value in (raw.get("fail_book") or {}).items()}
    text = " ".join(lines[domain])
    return DomainWish(
        domain,
        goal.inform,
        first if first and impossible(database, domain, first) else {},
        goal.book,
        {slot: value for slot, value in first_book.items() if isinstance(value, str)},
        goal.request,
        _places(text, order) if domain == "taxi" else {},
        "reference number" in text,
    )


def _places(text: str, order: Sequence[str]) -> dict[str, str]:
    """The domains whose venues a taxi joins, by what its lines say; empty where they name the places themselves."""
    if "between the two places" not in text:
        return {}
    venues = [domain for domain in order if domain in _JOINED]
    if len(venues) != 2:
        raise KeyError("two places")
    arrives, leaves = _ARRIVES.search(text), _LEAVES.search(text)
    if leaves:
        departure = leaves[1].lower()
    else:
        departure = next(domain for domain in venues if not arrives or domain != arrives[1].lower())
    return {"departure": departure, "destination": next(domain for domain in venues if domain != departure)}
