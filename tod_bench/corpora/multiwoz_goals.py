"""What the ``data.json`` releases of MultiWOZ say beside the dialogue: the user's goal, and what has been booked.

Release 2.2 has neither, so its reader takes them from here.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tod_bench.corpora.jsonstream import RawFile, object_members
from tod_bench.corpora.multiwoz_names import DOMAINS, canonical, plain_id
from tod_bench.errors import DataError
from tod_bench.records import DomainGoal, Goal

FILES_OF_SPLITS = {"train": ("train.json",), "dev": ("val.json", "dev.json"), "test": ("test.json",)}
"""Names that ConvLab's file of a split can have."""


class GoalAndBookings(NamedTuple):
    """What the 2.2 layout lacks of a dialogue: the user's goal, and the domains booked by the end of each turn."""

    goal: Goal
    booked: tuple[tuple[str, ...] | None, ...]


def read_goals(files: Mapping[str, RawFile]) -> dict[str, GoalAndBookings]:
    """Goals and bookings of a release in this layout, by dialogue id.

    Raises:
        DataError: A file is unreadable, or a dialogue has no goal.
    """
    goals = {}
    for file in goal_files(files):
        for name, data in object_members(file):
            try:
                booked = tuple(booked_domains(answer.get("metadata", {})) for answer in data.get("log", ())[1::2])
                goals[plain_id(name)] = GoalAndBookings(goal_of(data["goal"]), booked)
            except (KeyError, TypeError, AttributeError) as error:
                raise DataError(
                    f"the goal is not laid out as expected ({error!r})", file=str(file), dialogue=name
                ) from None
    return goals


def goal_files(files: Mapping[str, RawFile]) -> tuple[RawFile, ...]:
    """The files that have dialogues with goals."""
    names = ["data.json"] if "data.json" in files else [name for names in FILES_OF_SPLITS.values() for name in names]
    return tuple(files[name] for name in names if name in files)


def goal_of(raw: Mapping[str, Any]) -> Goal:
    """The goal of a raw ``goal``: the domains that something is wanted of."""
    return {
        domain: DomainGoal(
            inform={canonical(domain, slot): value for slot, value in wish.get("info", {}).items()},
            request=tuple(canonical(domain, slot) for slot in wish.get("reqt", ())),
            book={
                canonical(domain, f"book {slot}"): value
                for slot, value in wish.get("book", {}).items()
                if isinstance(value, str)
            },
        )
        for domain, wish in raw.items()
        if domain in DOMAINS and wish
    }


def booked_domains(metadata: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Domains with a booking in the metadata of an answer; None where it has no place for bookings."""
    lists = {domain: parts["book"]["booked"] for domain, parts in metadata.items() if "booked" in parts.get("book", {})}
    return tuple(domain for domain, bookings in lists.items() if bookings) if lists else None
