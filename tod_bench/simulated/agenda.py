"""The user's agenda: what is wanted of each domain, in which order, and what will go differently on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal

from tod_bench.simulated.city import Entry
from tod_bench.simulated.database import CityDatabase
from tod_bench.simulated.draws import chance, pick, pick_weighted, shuffled
from tod_bench.simulated.ontology import (
    AREAS,
    BOOK_SLOTS,
    DAYS,
    DONTCARE,
    FOODS,
    NIGHTS,
    PEOPLE,
    PRICES,
    REQUEST_SLOTS,
    SIGHTS,
    STARS,
    TOWNS,
    VENUES,
)

Distraction = Literal["", "nomatch", "change", "repair", "aside"]

DINNER: Final = tuple(f"{hour}:{minute}" for hour in (12, 17, 18, 19) for minute in ("00", "15", "30", "45"))
TRAVEL: Final = tuple(f"{hour:02}:{minute}" for hour in range(8, 18) for minute in ("00", "30"))

_WRONG: Final = {"food": FOODS, "area": AREAS, "pricerange": PRICES, "stars": STARS, "type": SIGHTS}
_WANTED: Final[Mapping[str, tuple[str, ...]]] = {
    "restaurant": ("food", "area", "pricerange"),
    "hotel": ("area", "pricerange", "type", "stars"),
    "attraction": ("type", "area"),
}
_DISTRACTIONS: Final[tuple[tuple[Distraction, float], ...]] = (
    ("nomatch", 0.2),
    ("change", 0.16),
    ("repair", 0.07),
    ("aside", 0.07),
    ("", 0.5),
)
_COUNTS: Final = ((1, 0.46), (2, 0.43), (3, 0.11))


@dataclass(slots=True)
class Wish:
    """One slot that the user wants to have a value.

    Attributes:
        slot: The slot.
        value: The value wanted in the end.
        distractor: Another value that is mentioned before, or beside it; empty for most wishes.
        distraction: What comes of the distractor: nothing matches it, the user has a change of mind, it is a slip of
            the tongue and repaired at once, or it is mentioned in an aside ("last time we had ...").
        source: Domain whose value it repeats; empty when it stands on its own.
        told: Whether the user has said it.
    """

    slot: str
    value: str
    distractor: str = ""
    distraction: Distraction = ""
    source: str = ""
    told: bool = False


@dataclass(slots=True)
class Task:
    """What the user wants of one domain, and how far the dialogue has come with it."""

    domain: str
    search: list[Wish]
    book: list[Wish] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    opened: bool = False
    taken: bool = False
    rejected: bool = False
    probed: str = ""
    named: bool = False


def draw_agenda(rng: Random, database: CityDatabase) -> list[Task]:
    """One to three tasks; a taxi comes last and joins places of the tasks before it."""
    count = pick_weighted(rng, _COUNTS)
    taxi = count > 1 and chance(rng, 0.2 * count)
    domains = shuffled(rng, (*VENUES, "train"))[: count - taxi]
    if taxi and not any(domain in VENUES for domain in domains):
        domains = [pick(rng, VENUES)]
    tasks: list[Task] = []
    for domain in domains:
        tasks.append(_train(rng, tasks) if domain == "train" else _venue(rng, database, domain, tasks))
    if taxi:
        tasks.append(_taxi(rng, database, tasks))
    return tasks


def _venue(rng: Random, database: CityDatabase, domain: str, before: Sequence[Task]) -> Task:
    carried = _carried_search(rng, domain, before)
    entries = database.matches(domain, {wish.slot: wish.value for wish in carried})
    entry = pick(rng, entries or database.matches(domain, {}))
    task = Task(domain, carried if entries else [])
    if not task.search and chance(rng, 0.15):
        task.search, task.named = [Wish("name", entry["name"])], True
    else:
        task.search += _constraints(rng, entry, domain, {wish.slot for wish in task.search})
        _complicate(rng, database, task)
    if BOOK_SLOTS[domain] and chance(rng, 0.68):
        task.book = [_booking(rng, slot, before) for slot in BOOK_SLOTS[domain]]
    if not task.book or chance(rng, 0.2):
        task.requests = shuffled(rng, REQUEST_SLOTS[domain])[: 1 + chance(rng, 0.25)]
    return task


def _carried_search(rng: Random, domain: str, before: Sequence[Task]) -> list[Wish]:
    slots = ("area", "pricerange") if domain != "attraction" else ("area",)
    for earlier in before:
        told = {wish.slot: wish.value for wish in earlier.search}
        for slot in slots:
            if slot in told and chance(rng, 0.35):
                return [Wish(slot, told[slot], source=earlier.domain)]
    return []


def _constraints(rng: Random, entry: Entry, domain: str, taken: set[str]) -> list[Wish]:
    slots, least = _WANTED[domain], 1
    if domain == "hotel":
        flags = [slot for slot in ("parking", "internet") if entry[slot] == "yes" and chance(rng, 0.6)]
        slots, least = (*slots, *flags), 2
    free = [slot for slot in shuffled(rng, slots) if slot not in taken]
    number = least + int(rng.random() * (min(len(free), 4) - least + 1)) if len(free) > least else len(free)
    wishes = [Wish(slot, entry[slot]) for slot in free[:number]]
    if len(free) > number and chance(rng, 0.1) and free[number] not in ("parking", "internet"):
        wishes.append(Wish(free[number], DONTCARE))
    return wishes


def _complicate(rng: Random, database: CityDatabase, task: Task) -> None:
    distraction = pick_weighted(rng, _DISTRACTIONS)
    if not distraction:
        return
    wanted = {wish.slot: wish.value for wish in task.search}
    for wish in shuffled(rng, task.search):
        if (
            wish.source
            or wish.value == DONTCARE
            or wish.slot not in _WRONG
            or (task.domain == "hotel" and wish.slot == "type")
        ):
            continue
        wrong = [value for value in _WRONG[wish.slot] if value != wish.value]
        if distraction == "nomatch":
            wrong = [value for value in wrong if not database.matches(task.domain, {**wanted, wish.slot: value})]
        if wrong:
            wish.distractor, wish.distraction = pick(rng, wrong), distraction
            return


def _booking(rng: Random, slot: str, before: Sequence[Task]) -> Wish:
    likeness = {"book day": ("book day", "day"), "book people": ("book people",)}.get(slot, ())
    for earlier in before:
        for wish in (*earlier.search, *earlier.book):
            if wish.slot in likeness and chance(rng, 0.6):
                return Wish(slot, wish.value, source=earlier.domain)
    values = {"book day": DAYS, "book people": PEOPLE, "book time": DINNER, "book stay": NIGHTS}[slot]
    wish = Wish(slot, pick(rng, values))
    if chance(rng, 0.06):
        wish.distractor, wish.distraction = pick(rng, [value for value in values if value != wish.value]), "change"
    return wish


def _train(rng: Random, before: Sequence[Task]) -> Task:
    departure, destination = shuffled(rng, TOWNS)[:2]
    day = _booking(rng, "book day", before)
    time = Wish("leaveat" if chance(rng, 0.5) else "arriveby", pick(rng, TRAVEL))
    search = [Wish("departure", departure), Wish("destination", destination), time]
    search.insert(2, Wish("day", day.value, day.distractor, day.distraction, day.source))
    if not any(wish.distraction for wish in search) and chance(rng, 0.1):
        wish = pick(rng, search[:2])
        wish.distractor = pick(rng, [town for town in TOWNS if town not in (departure, destination)])
        wish.distraction = "change" if chance(rng, 0.5) else "repair"
    task = Task("train", search)
    if chance(rng, 0.65):
        task.book = [_booking(rng, "book people", before)]
    if not task.book or chance(rng, 0.2):
        task.requests = [pick(rng, REQUEST_SLOTS["train"])]
    return task


def _taxi(rng: Random, database: CityDatabase, before: Sequence[Task]) -> Task:
    known = shuffled(rng, [task.domain for task in before if task.domain in VENUES])[:2]
    places = [Wish("", "", source=domain) for domain in known]
    if len(places) < 2:
        other = pick(rng, [domain for domain in VENUES if domain not in known])
        places.append(Wish("", pick(rng, database.names(other))))
    for place, slot in zip(shuffled(rng, places), ("departure", "destination"), strict=True):
        place.slot = slot
    places.sort(key=lambda wish: wish.slot)
    table = any(task.domain == "restaurant" and task.book for task in before)
    if table and places[1].source == "restaurant" and chance(rng, 0.75):
        return Task("taxi", [*places, Wish("arriveby", "", source="restaurant")])
    return Task("taxi", [*places, Wish("leaveat" if chance(rng, 0.5) else "arriveby", pick(rng, TRAVEL))])
