"""From the record of an episode to what its metrics count: the goal against the ledger and what the user heard."""

from collections.abc import Mapping, Sequence
from typing import Any

from tod_bench.corpora.database import plain
from tod_bench.corpora.interactive_goals import DomainWish, InteractiveGoal
from tod_bench.interact.faults import faults_of
from tod_bench.interact.hearing import UNKNOWN, Heard, heard_in, true_of
from tod_bench.interact.spoken import language_faults
from tod_bench.interact.values import same
from tod_bench.interact.world import TAXI, Table, World, column, taxi_facts
from tod_metrics.episode.outcomes import DomainOutcome, EpisodeItem

_Bookings = Sequence[Mapping[str, Any]]


def episode_item(record: Mapping[str, Any], world: World) -> EpisodeItem:
    """What came of an episode.

    Args:
        record: The record of the episode.
        world: The world that it was played in.
    """
    goal = InteractiveGoal.from_json(record["goal"])
    heard = heard_in(record, world)
    standing = [booking for booking in record["ledger"] if booking["standing"]]
    said = _said(record)
    outcomes = []
    for wish in goal.wishes:
        bookings = [booking for booking in standing if booking["domain"] == wish.domain]
        places = {slot: said.get((wish.domain, slot), "") for slot in wish.places}
        outcomes.append(_outcome(wish, heard.get(wish.domain, Heard()), bookings, places, world))
    wished = {wish.domain for wish in goal.wishes}
    return EpisodeItem(
        goal.id,
        record["trial"],
        tuple(outcomes),
        stray=sum(booking["domain"] not in wished for booking in standing),
        turns=sum("agent" in turn for turn in record["turns"]),
        end=record["end"],
        faults=tuple(
            sorted([*faults_of(record, goal), *language_faults(record, goal, world)], key=lambda one: one.turn)
        ),
    )


def _said(record: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Domain and slot -> the value that the user told last."""
    return {
        (domain, slot): value
        for turn in record["turns"]
        for domain, act, slot, value in turn["user"]["acts"]
        if act == "inform"
    }


def _outcome(
    wish: DomainWish, heard: Heard, bookings: _Bookings, places: Mapping[str, str], world: World
) -> DomainOutcome:
    taxi = wish.domain == TAXI
    wanted = taxi or bool(wish.book)
    booking = bookings[-1] if bookings and wanted else None
    if taxi:
        matched = booking is not None and _details_right(booking["details"], {**wish.inform, **places})
    else:
        entity = booking["entity"] if booking else "" if wanted else heard.named
        matched = bool(entity) and plain(entity) in world.all_named(wish.domain, wish.inform)
    requested = {column(slot) for slot in wish.request}
    told = _told(heard, booking, world.tables[wish.domain])
    answered = {slot: told[slot] for slot in requested if slot in told}
    # ConvLab-3 does not ask of which entity something was told.
    loose = {slot: heard.values[slot] for slot in requested if heard.values.get(slot, UNKNOWN) != UNKNOWN} | answered
    entity = (booking["reference"] if taxi else booking["entity"]) if booking else heard.named if matched else ""
    reference = wish.reference and booking is not None and booking["reference"] in heard.references
    return DomainOutcome(
        wish.domain,
        matched,
        wanted=wanted,
        counted=bool(wish.book),
        booked=booking is not None,
        details=booking is not None and matched and (taxi or _details_right(booking["details"], wish.book)),
        others=len(bookings) - (booking is not None),
        requested=len(requested) + wish.reference,
        answered=len(answered) + reference,
        volunteered=len(_volunteered(wish, heard, requested, world)),
        told=heard.told,
        true=heard.true,
        named=bool(heard.named) or booking is not None,
        consistent=taxi or _consistent(wish, loose, booking, world),
        unreferenced=(len(requested), len(loose)),
        communicated=reference
        + sum(_communicated(slot, heard, entity, world.tables[wish.domain]) for slot in requested),
    )


def _details_right(details: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(value and same(slot, details.get(slot, ""), value) for slot, value in wanted.items())


def _told(heard: Heard, booking: Mapping[str, Any] | None, table: Table) -> Mapping[str, str]:
    """Column -> what was told of the entity that counts: the one booked, else the one that was spoken of last.

    What was told before any entity was named counts where it is true of that one, and that something is not known
    where the database knows no better.
    """
    if table.domain == TAXI:
        return {slot: value for slot, value in heard.values.items() if value != UNKNOWN}
    entity = booking["entity"] if booking else heard.meant
    entries = table.named(entity)
    early = {slot: value for slot, value in heard.of.get("", {}).items() if true_of(entries, slot, value)}
    own = heard.of.get(plain(entity), {}) if entity else heard.of.get("", {})
    return {
        slot: value for slot, value in {**early, **own}.items() if value != UNKNOWN or true_of(entries, slot, value)
    }


def _communicated(slot: str, heard: Heard, entity: str, table: Table) -> bool:
    """Whether the true value was told at any time, or there is none; never where no right entity was reached."""
    entries = [taxi_facts(entity)] if entity and table.domain == TAXI else table.named(entity)
    known = any(slot in entry for entry in entries)
    return bool(entries) and (not known or any(true_of(entries, slot, one) for one in heard.every.get(slot, ())))


def _volunteered(wish: DomainWish, heard: Heard, requested: set[str], world: World) -> set[str]:
    table = world.tables[wish.domain]
    tellable = {"type", "phone"} if wish.domain == TAXI else {*table.columns} - {table.key}
    own = {*wish.inform, *wish.first, *wish.book, *wish.places}
    return {slot for slot in heard.values if slot in tellable and slot not in requested and slot not in own}


def _consistent(wish: DomainWish, answered: Mapping[str, str], booking: Mapping[str, Any] | None, world: World) -> bool:
    """Whether an entity meets the wish and has the requested values that were told; the booked one, where one is."""
    table = world.tables[wish.domain]
    entries = [
        entry
        for entry in world.entries(wish.domain, wish.inform)
        if all(true_of([entry], slot, value) for slot, value in answered.items())
    ]
    if booking is None:
        return bool(entries)
    return any(plain(entry[table.key]) == plain(booking["entity"]) for entry in entries)
