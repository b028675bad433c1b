"""What a user heard in an episode: entities that were named, slots that were told, and whether it was true."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tod_bench.corpora.database import plain
from tod_bench.interact.values import same
from tod_bench.interact.world import TAXI, Entry, Table, World, column, taxi_facts

UNKNOWN: Final = "unknown"
"""What is told of a slot that the database does not know."""

_NAMING: Final = ("recommend", "inform", "select")


@dataclass
class Heard:
    """What was heard of a domain.

    Attributes:
        named: The entity that was named last; empty for none.
        meant: The entity that facts are about: that named last, else that booked, else the one the user named.
        values: Column -> the value told last.
        of: Name for comparison of an entity -> column -> the value that was told of it last; the name is empty where
            none was named yet.
        every: Column -> all values that were told.
        references: References that were told, in capitals.
        told: Values that could be looked up.
        true: How many of those are true.
    """

    named: str = ""
    meant: str = ""
    values: dict[str, str] = field(default_factory=dict)
    of: dict[str, dict[str, str]] = field(default_factory=dict)
    every: dict[str, set[str]] = field(default_factory=dict)
    references: set[str] = field(default_factory=set)
    told: int = 0
    true: int = 0


def heard_in(record: Mapping[str, Any], world: World) -> dict[str, Heard]:
    """What was heard in an episode, by domain.

    Args:
        record: The record of the episode.
        world: Its world.
    """
    heard: dict[str, Heard] = {}
    ledger = {booking["reference"]: booking for booking in record["ledger"]}
    for turn in record["turns"]:
        for domain, act, slot, value in turn["user"]["acts"]:
            if act == "inform" and slot == "name" and not heard.setdefault(domain, Heard()).meant:
                heard[domain].meant = value
        acts = [tuple(act) for act in turn.get("heard", ())]
        # A fact can stand before the name that it is about: "the phone number of X is".
        for domain, act, slot, value in reversed(acts):
            if _names(world.tables.get(domain), act, slot):
                heard.setdefault(domain, Heard()).meant = value
        for domain, act, slot, value in acts:
            if domain in world.tables and act in (*_NAMING, "book"):
                _hear(heard.setdefault(domain, Heard()), world.tables[domain], act, slot, value, ledger)
    return heard


def true_of(entries: Sequence[Entry], slot: str, value: str) -> bool:
    """Whether a value is that of one of an entity's entries; `UNKNOWN` is true where none has any.

    Nothing is true of an entity that the database does not have, or where none was named.
    """
    if value == UNKNOWN:
        return bool(entries) and not any(slot in entry for entry in entries)
    return any(same(slot, entry[slot], value) for entry in entries if slot in entry)


def _names(table: Table | None, act: str, slot: str) -> bool:
    return bool(table and table.key and act in _NAMING and column(slot) == table.key)


def _hear(heard: Heard, table: Table, act: str, slot: str, value: str, ledger: Mapping[str, Mapping[str, Any]]) -> None:
    where = "ref" if act == "book" else column(slot)
    if not where or not value:
        return
    heard.values[where] = value
    heard.every.setdefault(where, set()).add(value)
    if where == "ref":
        heard.references.add(value.strip().upper())
        booking = ledger.get(value.strip().upper())
        heard.meant = heard.meant or (booking["entity"] if booking else "")
        _count(heard, booking is not None and booking["domain"] == table.domain)
    elif table.domain == TAXI:
        if where in ("type", "phone"):
            booked = [reference for reference, booking in ledger.items() if booking["domain"] == TAXI]
            _count(heard, any(same(where, taxi_facts(reference)[where], value) for reference in booked))
    elif where == table.key:
        heard.named = heard.meant = value
        heard.of.setdefault(plain(value), {})[where] = value
        _count(heard, bool(table.named(value)))
    else:
        heard.of.setdefault(plain(heard.meant), {})[where] = value
        if where in table.columns and heard.meant:
            _count(heard, true_of(table.named(heard.meant), where, value))


def _count(heard: Heard, true: object) -> None:
    heard.told += 1
    heard.true += bool(true)
