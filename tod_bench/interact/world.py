"""The world that an agent acts in: a corpus's database, and a ledger of bookings.

Success is computed from the ledger and the goal, so what a booking needs, and when it is refused, is said here once:

- an entity that the database does not have, or a domain or venue that takes no bookings;
- a detail that is missing, unknown, or no text;
- a detail with which the goal's first booking wish is to fail.

References are hashes of seed, domain, entity and details, so that the same booking always has the same reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, Literal

from tod_bench.corpora.base import Corpus
from tod_bench.corpora.database import plain
from tod_bench.errors import UserError
from tod_bench.files import digest_of
from tod_bench.interact.values import same
from tod_bench.records import Database

ROWS: Final = 10
"""Entries that a query returns at the most."""

TAXI: Final = "taxi"
EITHER: Final = ("leaveat", "arriveby")
"""A trip is bound by one of these."""

_HIDDEN: Final = {"id", "location", "n", "signature", "introduction", "takesbookings"}
_COLOURS: Final = ("black", "white", "red", "yellow", "blue", "grey")
_MAKES: Final = ("saloon", "estate", "van", "hatchback")
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CACHED: Final = 100_000

Entry = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """What can be asked of a domain.

    Attributes:
        domain: The domain.
        key: The column that names an entity: ``name`` or ``trainid``; empty for a taxi, which has no entities.
        columns: Columns of its entries.
        search: Slots that a query may constrain.
        details: Details that a booking needs; empty where the domain takes none.
        either: Whether a booking also needs one of `EITHER`.
        entities: The entries of each entity by its name for comparison (a train's number can stand on several days).
        unbookable: Names for comparison of entities that take no bookings.
    """

    domain: str
    key: str
    columns: tuple[str, ...]
    search: tuple[str, ...]
    details: tuple[str, ...]
    either: bool
    entities: Mapping[str, tuple[Entry, ...]]
    unbookable: frozenset[str]

    def named(self, entity: str) -> tuple[Entry, ...]:
        """The entries of an entity, however its name is spelt; empty where there is none."""
        return self.entities.get(plain(entity), ())


@dataclass(frozen=True, slots=True)
class Found:
    """What a query found.

    Attributes:
        count: How many entries meet the constraints.
        entries: The first `ROWS` of them.
    """

    count: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Booking:
    """A line of the ledger.

    Attributes:
        reference: Its reference.
        domain: The domain.
        entity: Name of the entity as the database spells it; empty for a taxi.
        details: The details, slot -> value.
        standing: Whether it has not been cancelled.
    """

    reference: str
    domain: str
    entity: str
    details: Mapping[str, str]
    standing: bool = True

    def to_json(self) -> dict[str, Any]:
        """The booking as a JSON value."""
        return {
            "reference": self.reference,
            "domain": self.domain,
            "entity": self.entity,
            "details": dict(sorted(self.details.items())),
            "standing": self.standing,
        }


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something could not be done.

    Attributes:
        kind: The cause, for programs.
        text: The cause, for an agent that reads.
        slots: Slots that it is about.
    """

    kind: Literal["domain", "entity", "missing", "details", "refused", "no bookings", "reference"]
    text: str
    slots: tuple[str, ...] = ()


class World:
    """The database of a corpus and what can be done with it; shared by all episodes.

    Args:
        corpus: The corpus.

    Raises:
        UserError: It has no database.
    """

    def __init__(self, corpus: Corpus) -> None:
        database = corpus.database
        if database is None:
            raise UserError(f"{corpus.name}: a simulated user needs the corpus's database, and it has none")
        self._database: Database = database
        self.tables: Mapping[str, Table] = _tables(corpus, database)
        self.digest = digest_of([getattr(database, "fuzzy", None), *map(_contents, self.tables.values())])
        self._found: dict[tuple[str, tuple[tuple[str, str], ...]], Found] = {}

    def find(self, domain: str, constraints: Mapping[str, str]) -> Found:
        """The entries of a domain that meet every constraint; none where the domain has no table."""
        key = (domain, tuple(sorted(constraints.items())))
        found = self._found.get(key)
        if found is None:
            rows = self._database.query(domain, constraints) if domain in self.tables and domain != TAXI else []
            found = Found(len(rows), tuple(_entry(row) for row in rows[:ROWS]))
            if len(self._found) < _CACHED:
                self._found[key] = found
        return found

    def entries(self, domain: str, constraints: Mapping[str, str]) -> list[Entry]:
        """All entries that meet the constraints, however many."""
        return [_entry(row) for row in self._database.query(domain, constraints)]

    def all_named(self, domain: str, constraints: Mapping[str, str]) -> frozenset[str]:
        """Names for comparison of all entities that meet the constraints."""
        return frozenset(plain(entry[self.tables[domain].key]) for entry in self.entries(domain, constraints))

    def bookings(self, seed: str, refused: Mapping[str, Mapping[str, str]]) -> "Ledger":
        """An empty ledger.

        Args:
            seed: What references are made from, beside the booking.
            refused: Domain -> slot -> the value with which a booking is refused.
        """
        return Ledger(self, seed, refused)


class Ledger:
    """The bookings of an episode."""

    def __init__(self, world: World, seed: str, refused: Mapping[str, Mapping[str, str]]) -> None:
        self._world, self._seed, self._refused = world, seed, refused
        self._bookings: dict[str, Booking] = {}

    @property
    def bookings(self) -> tuple[Booking, ...]:
        """All bookings, also cancelled ones, in the order in which they were made; one made twice, the second time."""
        return tuple(self._bookings.values())

    def book(self, domain: str, entity: str, details: Mapping[str, str]) -> Booking | Failure:
        """Makes a booking; the same one again is the same booking."""
        table = self._world.tables.get(domain)
        if table is None:
            return Failure("domain", f"there is no domain {domain!r}")
        failure = _unbookable(table, entity) or _incomplete(table, details)
        if failure:
            return failure
        for slot, value in self._refused.get(domain, {}).items():
            if same(slot, details.get(slot, ""), value):
                return Failure("refused", f"not available with {slot} {value!r}", (slot,))
        name = table.named(entity)[0][table.key] if table.key else ""
        reference = _reference(self._seed, domain, name, details)
        # At the end, also where it was made before: of two that stand, the one made last counts.
        self._bookings.pop(reference, None)
        self._bookings[reference] = Booking(reference, domain, name, details)
        return self._bookings[reference]

    def cancel(self, reference: str) -> Booking | Failure:
        """Cancels a booking that stands."""
        booking = self._bookings.get(reference.strip().upper())
        if booking is None or not booking.standing:
            return Failure("reference", f"there is no booking {reference!r}")
        self._bookings[booking.reference] = replace(booking, standing=False)
        return self._bookings[booking.reference]


def taxi_facts(reference: str) -> dict[str, str]:
    """Type and phone number of the taxi that was booked under a reference."""
    number = int.from_bytes(sha256(reference.encode()).digest()[:6], "big")
    colour, rest = _COLOURS[number % len(_COLOURS)], number // len(_COLOURS)
    make, rest = _MAKES[rest % len(_MAKES)], rest // len(_MAKES)
    # 07700 900 000 to 999 belongs to no one: the regulator keeps it for fiction.
    return {"type": f"{colour} {make}", "phone": f"07700900{rest % 1000:03}"}


def column(slot: str) -> str:
    """The column of a slot, however it is spelt: ``entrance fee`` and ``entrancefee`` are the same."""
    return slot if slot.startswith("book ") else slot.replace(" ", "")


def _contents(table: Table) -> dict[str, Any]:
    """Everything that decides what queries and bookings give, in one order."""
    named = {"domain": table.domain, "key": table.key, "search": table.search, "either": table.either}
    bookings = {"details": table.details, "unbookable": sorted(table.unbookable)}
    return {**named, **bookings, "entities": list(table.entities.items())}


def _unbookable(table: Table, entity: str) -> Failure | None:
    if not table.details:
        return Failure("no bookings", f"a {table.domain} cannot be booked")
    if table.key and not table.named(entity):
        return Failure("entity", f"there is no {table.domain} {entity!r}")
    if plain(entity) in table.unbookable:
        return Failure("no bookings", f"{entity} takes no bookings")
    return None


def _incomplete(table: Table, details: Mapping[str, str]) -> Failure | None:
    known = {*table.details, *(EITHER if table.either else ())}
    unknown = tuple(slot for slot in details if slot not in known)
    if unknown:
        return Failure("details", f"a booking has no {', '.join(unknown)}; it has {', '.join(sorted(known))}", unknown)
    missing = tuple(slot for slot in table.details if not details.get(slot, "").strip())
    if table.either and not any(details.get(slot, "").strip() for slot in EITHER):
        missing = (*missing, EITHER[0])
    return Failure("missing", f"the booking needs {', '.join(missing)}", missing) if missing else None


def _reference(seed: str, domain: str, entity: str, details: Mapping[str, str]) -> str:
    text = "\n".join([seed, domain, entity, *(f"{slot}={value}" for slot, value in sorted(details.items()))])
    number = int.from_bytes(sha256(text.encode()).digest()[:8], "big")
    letters = []
    for _ in range(8):
        number, place = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[place])
    return "".join(letters)


def _tables(corpus: Corpus, database: Database) -> dict[str, Table]:
    tables = {}
    for domain, slots in corpus.schema.items():
        rows = database.query(domain, {}) if domain != TAXI else []
        if not rows and domain != TAXI:
            continue
        entries = [_entry(row) for row in rows]
        columns = tuple(sorted({name for entry in entries for name in entry}))
        key = "" if domain == TAXI else next(name for name in ("name", "trainid", "department") if name in columns)
        entities: dict[str, tuple[Entry, ...]] = {}
        for entry in entries:
            entities[plain(entry[key])] = (*entities.get(plain(entry[key]), ()), entry)
        details = tuple(sorted(slot for slot in slots if slot.startswith("book ")))
        search = tuple(sorted(slot for slot in slots if not slot.startswith("book ")))
        if domain == TAXI:
            details = tuple(slot for slot in search if slot not in EITHER)
        none = {plain(str(row["name"])) for row in rows if str(row.get("takesbookings", "")).lower() == "no"}
        tables[domain] = Table(domain, key, columns, search, details, domain == TAXI, entities, frozenset(none))
    return tables


def _entry(row: Mapping[str, Any]) -> Entry:
    """What an entry says, by column; unknown values (``?``) and what is no text are left out."""
    return {
        column(name): value
        for name, value in row.items()
        if isinstance(value, str) and value not in ("", "?") and name not in _HIDDEN
    }
