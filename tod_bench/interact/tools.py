"""The tools that an agent calls: ``query``, ``book`` and ``cancel``, with JSON schemas made from the database."""

from collections.abc import Mapping
from typing import Any, Final

from tod_bench.interact.world import EITHER, Booking, Failure, Found, Ledger, World, taxi_facts

TOOLS: Final = ("query", "book", "cancel")

Result = Mapping[str, Any]
"""What a call returns: a JSON object, with ``error`` (its kind) and ``reason`` (a sentence) where it failed."""


class Tools:
    """The tools of one episode.

    Args:
        world: The world.
        ledger: Where bookings go.
    """

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world, self._ledger = world, ledger

    def call(self, name: str, arguments: Mapping[str, Any]) -> Result:
        """Calls a tool; whatever is wrong with the call comes back as its result."""
        problem = _problem(name, arguments)
        if problem:
            return {"error": "call", "reason": problem}
        if name == "query":
            return self._query(arguments["domain"], arguments.get("constraints") or {})
        if name == "cancel":
            return _result(self._ledger.cancel(arguments["reference"]))
        details = arguments.get("details") or {}
        return _result(self._ledger.book(arguments["domain"], arguments.get("entity") or "", details))

    def _query(self, domain: str, constraints: Mapping[str, str]) -> Result:
        table = self._world.tables.get(domain)
        if table is None or not table.key:
            return {"error": "domain", "reason": f"there is nothing to look up for {domain!r}"}
        unknown = [slot for slot in constraints if slot not in table.search]
        if unknown:
            known = ", ".join(table.search)
            return {"error": "constraints", "reason": f"{domain} has no {', '.join(unknown)}; it has {known}"}
        return found_result(self._world.find(domain, constraints))


def found_result(found: Found) -> Result:
    """The result of a query; the entries are copies, since an agent may change what it is given."""
    return {"count": found.count, "entries": tuple(map(dict, found.entries))}


def tool_schemas(world: World) -> list[dict[str, Any]]:
    """The tools in the form that chat servers take them: name, description and a JSON schema of the arguments."""
    looked_up = {domain: table.search for domain, table in world.tables.items() if table.key}
    booked = {
        domain: (*table.details, *(EITHER if table.either else ()))
        for domain, table in world.tables.items()
        if table.details
    }
    entities = ", ".join(f"{table.key} of the {domain}" for domain, table in world.tables.items() if table.key)
    query = {"domain": _choice(looked_up), "constraints": _slots(looked_up)}
    entity = {"type": "string", "description": f"What is booked ({entities}); left out for a taxi."}
    book = {"domain": _choice(booked), "entity": entity, "details": _slots(booked)}
    cancel = {"reference": {"type": "string"}}
    return [
        _schema("query", f"Entries that meet the constraints. Slots: {_listed(looked_up)}.", query, ["domain"]),
        _schema("book", f"Makes a booking. Details needed: {_listed(booked)}.", book, ["domain", "details"]),
        _schema("cancel", "Cancels a booking.", cancel, ["reference"]),
    ]


def _schema(name: str, description: str, properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


def _choice(of: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "string", "enum": list(of)}


def _slots(of: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    names = sorted({slot for slots in of.values() for slot in slots})
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "additionalProperties": False,
    }


def _listed(of: Mapping[str, tuple[str, ...]]) -> str:
    return "; ".join(f"{domain}: {', '.join(slots)}" for domain, slots in of.items())


def _problem(name: str, arguments: Any) -> str:
    """What is wrong with the form of a call; empty where nothing is."""
    if name not in TOOLS:
        return f"there is no tool {name!r}; there are {', '.join(TOOLS)}"
    if not isinstance(arguments, Mapping):
        return "the arguments are no object"
    texts, objects = (
        {"query": ("domain",), "book": ("domain",), "cancel": ("reference",)}[name],
        {
            "query": ("constraints",),
            "book": ("details",),
            "cancel": (),
        }[name],
    )
    known = {*texts, *objects, *(("entity",) if name == "book" else ())}
    unknown = [str(argument) for argument in arguments if argument not in known]
    if unknown:
        return f"{name} has no argument {', '.join(unknown)}; it has {', '.join(sorted(known))}"
    wrong = [text for text in texts if not isinstance(arguments.get(text), str)]
    wrong += ["entity"] if not isinstance(arguments.get("entity") or "", str) else []
    if wrong:
        return f"{', '.join(wrong)} must be a text"
    for argument in objects:
        given = arguments.get(argument) or {}
        if not isinstance(given, Mapping) or not all(isinstance(one, str) for pair in given.items() for one in pair):
            return f"{argument} must be an object of texts"
    return ""


def _result(outcome: Booking | Failure) -> Result:
    if isinstance(outcome, Failure):
        return {"error": outcome.kind, "reason": outcome.text, "slots": list(outcome.slots)}
    facts = taxi_facts(outcome.reference) if not outcome.entity else {}
    return {"reference": outcome.reference, "entity": outcome.entity, **facts}
