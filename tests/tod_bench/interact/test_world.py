"""The world: what can be looked up and booked, and the tools that do it."""

from types import SimpleNamespace

import pytest

from tod_bench.interact.episode import Environment
from tod_bench.interact.tools import Tools, tool_schemas
from tod_bench.interact.values import same
from tod_bench.interact.world import Booking, Failure, World, taxi_facts
from tod_bench.simulated.corpus import Simulated

TABLE = {"book day": "friday", "book people": "2", "book time": "19:00"}
RIDE = {"departure": "alder court", "destination": "hollow fig", "leaveat": "10:00"}


@pytest.fixture(scope="module")
def world():
    return World(Simulated())


@pytest.fixture(scope="module")
def venue(world):
    return next(iter(world.tables["restaurant"].entities.values()))[0]["name"]


@pytest.fixture
def ledger(world):
    return world.bookings("seed", {"restaurant": {"book time": "18:00"}})


def test_tables_come_from_schema_and_database(world):
    restaurant, train, taxi = (world.tables[domain] for domain in ("restaurant", "train", "taxi"))
    assert restaurant.key == "name"
    assert restaurant.details == ("book day", "book people", "book time")
    assert (train.key, train.details) == ("trainid", ("book people",))
    assert (taxi.key, taxi.details, taxi.either) == ("", ("departure", "destination"), True)
    assert world.tables["attraction"].details == ()


def test_a_query_counts_all_and_returns_ten(world):
    found = world.find("restaurant", {})
    assert (found.count, len(found.entries)) == (36, 10)
    assert world.find("restaurant", {"area": "nowhere"}).count == 0
    assert world.find("no such domain", {}).count == 0


def test_a_booking_and_its_reference(ledger, venue):
    booking = ledger.book("restaurant", venue.upper().replace(" ", "-"), TABLE)
    assert isinstance(booking, Booking)
    assert (booking.entity, booking.standing) == (venue, True)
    assert ledger.book("restaurant", venue, TABLE) == booking
    assert len(ledger.bookings) == 1
    other = ledger.book("restaurant", venue, {**TABLE, "book people": "3"})
    assert other.reference != booking.reference


@pytest.mark.parametrize("spelt", ["6:00 pm", "18.00", "18:00", "at 1800"])
def test_a_refusal_is_not_evaded_by_spelling(ledger, venue, spelt):
    assert ledger.book("restaurant", venue, {**TABLE, "book time": spelt}).kind == "refused"


@pytest.mark.parametrize(
    ("slot", "one", "other", "are"),
    [
        ("book people", "2", "two people", True),
        ("book people", "2", "12", False),
        ("book stay", "02", "2 nights", True),
        ("book day", "friday", "on Friday", True),
        ("book day", "friday", "sunday", False),
        ("book time", "9:15", "09:15", True),
        ("book time", "soon", "soon", False),
        ("name", "The Two Friends", "two friends", True),
    ],
)
def test_values_are_compared_by_what_they_mean(slot, one, other, are):
    assert same(slot, one, other) is are


def test_the_booking_made_last_is_the_last_one(ledger, venue):
    first, second = (ledger.book("restaurant", venue, {**TABLE, "book people": people}) for people in "23")
    assert [one.reference for one in ledger.bookings] == [first.reference, second.reference]
    ledger.book("restaurant", venue, TABLE)
    assert [one.reference for one in ledger.bookings] == [second.reference, first.reference]


def test_the_digest_has_everything_that_decides(world):
    from dataclasses import replace

    from tod_bench.interact.world import _contents

    table = world.tables["restaurant"]
    changes = ({"search": ("area",)}, {"unbookable": frozenset({"x"})}, {"details": ()}, {"either": True})
    assert all(_contents(replace(table, **change)) != _contents(table) for change in changes)


def test_fuzzy_matching_and_the_time_limit_are_part_of_what_episodes_were_made_with(world):
    corpus = Simulated()
    database = SimpleNamespace(query=corpus.database.query, fuzzy=90)
    fuzzy = World(SimpleNamespace(name=corpus.name, schema=corpus.schema, database=database))
    assert fuzzy.digest != world.digest
    assert Environment(corpus, seconds=5).signature != Environment(corpus).signature


def test_references_depend_on_the_seed(world, venue):
    first, second = (world.bookings(seed, {}).book("restaurant", venue, TABLE) for seed in "ab")
    assert first.reference != second.reference


@pytest.mark.parametrize(
    ("domain", "entity", "details", "kind"),
    [
        ("restaurant", "no such place", TABLE, "entity"),
        ("restaurant", "", TABLE, "entity"),
        ("restaurant", None, {**TABLE, "book day": " "}, "missing"),
        ("restaurant", None, {**TABLE, "book stay": "2"}, "details"),
        ("restaurant", None, {**TABLE, "book time": "18:00"}, "refused"),
        ("attraction", "beacon hall", {}, "no bookings"),
        ("spaceship", "x", {}, "domain"),
        ("taxi", "", {"departure": "a", "destination": "b"}, "missing"),
    ],
)
def test_bookings_that_fail(ledger, venue, domain, entity, details, kind):
    failure = ledger.book(domain, venue if entity is None else entity, details)
    assert isinstance(failure, Failure)
    assert failure.kind == kind
    assert ledger.bookings == ()


def test_a_venue_that_takes_no_bookings(world, venue, ledger):
    from dataclasses import replace

    from tod_bench.corpora.database import plain

    closed = World.__new__(World)
    closed.tables = {"restaurant": replace(world.tables["restaurant"], unbookable=frozenset({plain(venue)}))}
    assert closed.bookings("s", {}).book("restaurant", venue, TABLE).kind == "no bookings"


def test_cancelling(ledger, venue):
    booking = ledger.book("restaurant", venue, TABLE)
    assert not ledger.cancel(booking.reference.lower()).standing
    assert ledger.cancel(booking.reference).kind == "reference"
    assert [one.standing for one in ledger.bookings] == [False]
    assert ledger.book("restaurant", venue, TABLE).standing


def test_a_taxi_has_a_car_and_a_phone(world, ledger):
    result = Tools(world, ledger).call("book", {"domain": "taxi", "details": RIDE})
    assert taxi_facts(result["reference"]) == {"type": result["type"], "phone": result["phone"]}


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("fly", {}, "there is no tool 'fly'"),
        ("query", [], "the arguments are no object"),
        ("query", {"domain": 3}, "domain must be a text"),
        ("query", {"domain": "hotel", "constraints": {"area": 3}}, "constraints must be an object of texts"),
        ("query", {"domain": "hotel", "where": {}}, "query has no argument where"),
        ("query", {"domain": "hotel", "constraints": {"colour": "red"}}, "hotel has no colour"),
        ("query", {"domain": "taxi"}, "there is nothing to look up for 'taxi'"),
        ("book", {"domain": "hotel", "entity": 5}, "entity must be a text"),
        ("cancel", {}, "reference must be a text"),
        ("cancel", {"reference": "X"}, "there is no booking 'X'"),
    ],
)
def test_what_is_wrong_with_a_call_is_its_result(world, ledger, name, arguments, reason):
    result = Tools(world, ledger).call(name, arguments)
    assert result["error"]
    assert reason in result["reason"]


def test_schemas_are_made_from_the_database(world):
    import jsonschema

    schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in tool_schemas(world)}
    for parameters in schemas.values():
        jsonschema.Draft202012Validator.check_schema(parameters)
    jsonschema.validate({"domain": "train", "constraints": {"leaveat": "10:00"}}, schemas["query"])
    jsonschema.validate({"domain": "restaurant", "entity": "x", "details": TABLE}, schemas["book"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"domain": "attraction", "details": {}}, schemas["book"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"domain": "taxi"}, schemas["query"])
