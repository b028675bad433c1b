"""Outcomes: goal against ledger and what was heard, and faults of the user."""

import pytest

from episodes import episode, turn
from tod_bench.corpora.interactive_goals import DomainWish, InteractiveGoal
from tod_bench.interact.faults import faults_of
from tod_bench.interact.outcomes import episode_item
from tod_bench.interact.showing import shown_episode
from tod_bench.interact.world import World, taxi_facts
from tod_bench.simulated.corpus import Simulated
from tod_metrics import metric


@pytest.fixture(scope="module")
def world():
    return World(Simulated())


@pytest.fixture(scope="module")
def venue(world):
    return world.find("restaurant", {"area": "north"}).entries[0]


@pytest.fixture(scope="module")
def other(world):
    return world.find("restaurant", {"area": "south"}).entries[0]


BOOK = {"book day": "friday", "book people": "2", "book time": "19:00"}
WANTED = DomainWish("restaurant", {"area": "north"}, book=BOOK, reference=True)
ASKED = DomainWish("restaurant", {"area": "north"}, request=("phone", "address"))


def booking(entity, domain="restaurant", reference="REF", standing=True, **details):
    return {
        "reference": reference,
        "domain": domain,
        "entity": entity,
        "details": {**(BOOK if domain == "restaurant" else {}), **details},
        "standing": standing,
    }


def outcome(world, wish, turns, ledger=(), **record):
    return episode_item(episode(InteractiveGoal("g", (wish,)), turns, ledger, **record), world)


def first(item):
    return item.domains[0]


def test_a_booking_counts_by_the_ledger_never_by_words(world, venue):
    said = [
        turn(["restaurant inform area=north"], f"restaurant recommend name={venue['name']}", "restaurant book ref=REF")
    ]
    booked = outcome(world, WANTED, said, [booking(venue["name"])])
    assert booked.strict
    claimed = outcome(world, WANTED, said)
    assert (first(claimed).matched, first(claimed).booked, claimed.success) == (False, False, False)
    assert (first(claimed).told, first(claimed).true) == (2, 1)  # the reference is in no ledger


def test_wrong_venue_and_wrong_details(world, venue, other):
    said = [turn(["restaurant inform area=north"], "restaurant book ref=REF")]
    wrong_venue = first(outcome(world, WANTED, said, [booking(other["name"])]))
    assert (wrong_venue.booked, wrong_venue.matched, wrong_venue.details) == (True, False, False)
    wrong_detail = first(outcome(world, WANTED, said, [booking(venue["name"], **{"book people": "3"})]))
    assert (wrong_detail.booked, wrong_detail.matched, wrong_detail.details) == (True, True, False)


def test_times_are_compared_as_times(world, venue):
    said = [turn(["restaurant inform area=north"], "restaurant book ref=REF")]
    assert first(outcome(world, WANTED, said, [booking(venue["name"], **{"book time": "7:00 pm"})])).details


def test_cancelled_and_other_bookings(world, venue, other):
    said = [turn(["restaurant inform area=north"], "restaurant book ref=REF")]
    gone = outcome(world, WANTED, said, [booking(venue["name"], standing=False)])
    assert not first(gone).booked
    two = outcome(world, WANTED, said, [booking(other["name"], reference="A"), booking(venue["name"])])
    assert (first(two).others, two.success, two.strict) == (1, True, False)
    stray = outcome(world, WANTED, said, [booking(venue["name"]), booking("x", domain="hotel", reference="B")])
    assert (stray.stray, stray.success, stray.strict) == (1, True, False)


def test_the_venue_named_last_counts_where_nothing_is_booked(world, venue, other):
    names = [f"restaurant recommend name={one['name']}" for one in (other, venue)]
    answers = [f"restaurant inform phone={venue['phone']}", f"restaurant inform address={venue['address']}"]
    item = outcome(world, ASKED, [turn(["restaurant inform area=north"], *names, *answers)])
    assert item.strict
    back = outcome(world, ASKED, [turn(["restaurant inform area=north"], *reversed(names), *answers)])
    assert (back.success, first(back).true, first(back).told) == (False, 2, 4)


def test_what_was_told_must_be_true_of_the_venue_named(world, venue, other):
    said = [f"restaurant recommend name={venue['name']}", f"restaurant inform phone={other['phone']}"]
    item = first(outcome(world, ASKED, [turn(["restaurant inform area=north"], *said)]))
    assert (item.requested, item.answered, item.told, item.true) == (2, 1, 2, 1)
    assert not item.consistent


def test_unknown_is_an_answer_only_where_the_database_knows_no_better(world, venue):
    said = [f"restaurant recommend name={venue['name']}", "restaurant inform phone=unknown"]
    item = first(outcome(world, ASKED, [turn(["restaurant inform area=north"], *said)]))
    assert (item.answered, item.true) == (0, 1)


def test_what_was_told_of_another_entity_is_no_answer(world, venue, other):
    two = [f"restaurant recommend name={other['name']}", f"restaurant inform phone={other['phone']}"]
    back = [f"restaurant recommend name={venue['name']}", f"restaurant inform address={venue['address']}"]
    said = [turn(["restaurant inform area=north"], *two), turn(["restaurant request address"], *back)]
    item = outcome(world, ASKED, said)
    assert (first(item).matched, first(item).answered, item.success) == (True, 1, False)
    again = outcome(
        world, ASKED, [*said, turn(["restaurant request phone"], f"restaurant inform phone={venue['phone']}")]
    )
    assert again.success
    wish = DomainWish("restaurant", {"area": "north"}, book=BOOK, request=("phone",))
    told = [turn(["restaurant inform area=north"], f"restaurant recommend name={venue['name']}", *two)]
    booked = outcome(world, wish, told, [booking(venue["name"])])
    assert (first(booked).matched, first(booked).answered) == (True, 0)


@pytest.mark.parametrize(
    ("told", "answered", "convlab3", "tau2"),
    [
        (("venue", "venue"), True, True, True),
        (("venue", "other"), True, False, False),  # a lie is an answer, but nothing that is consistent or true
        (("other", "other"), False, False, False),
        (("other", "venue"), False, True, True),  # of another entity, and by chance true of this one
    ],
)
def test_protocols_by_what_was_told_of_whom(world, venue, other, told, answered, convlab3, tau2):
    phones = {"venue": venue["phone"], "other": other["phone"]}
    wish = DomainWish("restaurant", {"area": "north"}, book=BOOK, request=("phone",))
    name = (venue if told[0] == "venue" else other)["name"]
    heard = [
        f"restaurant recommend name={name}",
        f"restaurant inform phone={phones[told[1]]}",
        "restaurant book ref=REF",
    ]
    item = outcome(world, wish, [turn(["restaurant inform area=north"], *heard)], [booking(venue["name"])])
    assert item.answered is answered
    assert metric("episode_success@convlab3").score([item]) == 100 * convlab3
    assert metric("episode_success@tau2").score([item]) == 100 * tau2


def test_what_was_told_before_any_name_counts_where_it_is_true(world, venue, other):
    for one, answered in ((venue, 1), (other, 0)):
        told = [turn(["restaurant inform area=north"], f"restaurant inform phone={one['phone']}")]
        named = turn(["restaurant request name"], f"restaurant recommend name={venue['name']}")
        assert first(outcome(world, ASKED, [*told, named])).answered == answered


def test_the_reference_of_another_booking_is_no_answer(world, venue, other):
    said = [turn(["restaurant inform area=north"], "restaurant book ref=A")]
    two = [booking(other["name"], reference="A"), booking(venue["name"], reference="B")]
    assert first(outcome(world, WANTED, said, two)).answered == 0
    assert first(outcome(world, WANTED, said, two[::-1])).answered == 1


def test_volunteered_slots_are_neither_requested_nor_the_users_own(world, venue):
    facts = [f"restaurant inform {slot}={venue[slot]}" for slot in ("area", "phone", "postcode", "pricerange")]
    item = outcome(
        world, ASKED, [turn(["restaurant inform area=north"], f"restaurant recommend name={venue['name']}", *facts)]
    )
    assert first(item).volunteered == 2


def test_a_taxi_matches_when_every_detail_is_right(world):
    wish = DomainWish("taxi", {"leaveat": "10:00", "departure": "a place"}, places={"destination": "restaurant"})
    goal = InteractiveGoal("g", (wish,))
    said = [turn(["taxi inform destination=merry fig"], "taxi book ref=REF")]
    ride = {"departure": "A Place", "destination": "merry fig", "leaveat": "10:00"}
    right = episode_item(episode(goal, said, [booking("", domain="taxi", **ride)]), world)
    assert first(right).matched
    for slot in ride:
        wrong = episode_item(episode(goal, said, [booking("", domain="taxi", **{**ride, slot: "11:00"})]), world)
        assert not first(wrong).matched
    untold = episode_item(episode(goal, said[:0], [booking("", domain="taxi", **ride)]), world)
    assert not first(untold).matched


def test_a_taxi_has_facts_of_its_own(world):
    facts = taxi_facts("REF")
    said = [turn(["taxi inform leaveat=10:00"], f"taxi inform type={facts['type']}", "taxi inform phone=07700900")]
    item = first(outcome(world, DomainWish("taxi", {}, request=("type", "phone")), said, [booking("", domain="taxi")]))
    assert (item.told, item.true, item.answered) == (2, 1, 2)


# Faults of the user


def faults(turns, wish=ASKED, end="done"):
    goal = InteractiveGoal("g", (wish, DomainWish("taxi", {}, places={"destination": "restaurant"})))
    return [(fault.kind, fault.cause) for fault in faults_of(episode(goal, turns, end=end), goal)]


OPENING = turn(["restaurant inform area=north"], "restaurant recommend name=merry fig")


def test_a_dialogue_without_faults():
    ask = turn(["restaurant request phone", "restaurant request address"], "restaurant inform phone=1")
    again = turn(["restaurant request address"], "restaurant inform address=2")
    assert faults([OPENING, ask, again, turn(["taxi inform destination=merry fig"], "taxi book ref=X")]) == []


@pytest.mark.parametrize(
    ("planted", "kind"),
    [
        (turn(["restaurant inform area=south"], "restaurant recommend name=x"), "not in goal"),
        (turn(["hotel inform area=north"], "general reqmore"), "not in goal"),
        (turn(["taxi inform destination=elsewhere"], "taxi book ref=X"), "not in goal"),
        (turn(["restaurant inform area=north"], "general reqmore"), "repeated"),
        (turn(["restaurant inform area=dontcare"], "general reqmore"), "wrong answer"),
    ],
)
def test_planted_faults(planted, kind):
    assert faults([OPENING, planted]) == [(kind, "policy")]


@pytest.mark.parametrize(
    "reason",
    ["restaurant nooffer", "restaurant request area", "general reqmore"],
)
def test_saying_it_again_for_a_reason_is_no_fault(reason):
    again = turn(["restaurant inform area=north"], "restaurant recommend name=x")
    assert faults([turn(["restaurant inform area=north"], reason), again]) == []


def test_asking_again_what_was_answered_is_a_fault():
    ask = turn(["restaurant request phone"], "restaurant inform phone=1")
    assert faults([OPENING, ask, ask]) == [("repeated", "policy")]


def test_asking_again_is_right_where_the_offer_has_changed_or_nothing_was_answered():
    ask = turn(["restaurant request phone"], "restaurant inform phone=1")
    elsewhere = turn(["restaurant request address"], "restaurant recommend name=another")
    assert faults([OPENING, ask, elsewhere, ask]) == []
    assert faults([OPENING, ask, ask]) == [("repeated", "policy")]
    refused = turn(["restaurant request phone"], "restaurant nooffer phone=1")
    offer = turn(["restaurant inform area=north"], "restaurant recommend name=merry fig")
    assert faults([OPENING, refused, offer, turn(["restaurant request phone"], "restaurant inform phone=2")]) == []


def test_ignored_questions_by_cause():
    heard = turn(["restaurant inform area=north"], "restaurant request food")
    missed = turn(["restaurant inform area=north"], text="Well. Which cuisine would that be?")
    again = turn(["restaurant inform area=north"], "restaurant recommend name=x")
    ask = turn(["restaurant request phone"], "restaurant inform phone=1")
    assert faults([heard, ask]) == [("ignored", "policy")]
    assert faults([missed, again]) == [("ignored", "understanding")]
    assert faults([missed, ask]) == []
    assert faults([heard, turn(["restaurant inform food=dontcare"], "general reqmore")]) == []


def test_what_an_agent_declares_is_no_evidence():
    declared = turn(["restaurant inform area=north"], "general reqmore", declared=["restaurant request food"])
    ask = turn(["restaurant request phone"], "restaurant inform phone=1")
    assert faults([declared, ask]) == []


def test_leaving_early():
    ask = turn(["restaurant request phone"], "restaurant inform phone=1")
    silent = turn(["restaurant request address"], "general reqmore")
    assert faults([OPENING, ask, silent, silent], end="left") == [("left early", "policy")]
    assert faults([OPENING, ask, silent, silent, silent], end="left") == []


def test_leaving_after_an_offer_or_with_more_to_tell_is_early():
    silent = turn(["restaurant inform area=north"], "general reqmore")
    assert faults([silent, OPENING], end="left") == [("left early", "policy")]
    more = turn(["restaurant inform food=thai"], "general reqmore")
    wish = DomainWish("restaurant", {"area": "north", "food": "thai"})
    assert faults([silent, silent, silent, more], wish, end="left") == [("left early", "policy")]
    named = DomainWish("restaurant", {"area": "north", "name": "dusty walnut"})
    both = turn(["restaurant inform area=north", "restaurant inform name=dusty walnut"], "restaurant recommend name=x")
    rejecting = turn(["restaurant negate", "restaurant inform name=dusty walnut"], "restaurant recommend name=x")
    assert faults([both, rejecting, rejecting, rejecting], named, end="left") == []


def test_a_reference_that_the_agent_does_not_know_is_no_answer(world, venue):
    said = [turn(["restaurant inform area=north"], f"restaurant recommend name={venue['name']}")]
    silent = [*said, turn(["restaurant request ref"], "restaurant inform ref=unknown")]
    item = outcome(world, WANTED, silent, [booking(venue["name"])])
    assert (first(item).requested, first(item).answered, item.success) == (1, 0, False)


@pytest.mark.parametrize("named", [[], ["restaurant recommend name=no such place"]])
def test_not_to_know_something_of_nothing_is_no_answer(world, named):
    said = [turn(["restaurant inform area=north"], *named, "restaurant inform phone=unknown")]
    assert first(outcome(world, ASKED, said)).answered == 0


def test_all_faults_of_a_turn_are_shown(world):
    said = [turn(["hotel inform area=west", "restaurant inform area=south"])]
    record = episode(InteractiveGoal("g", (ASKED,)), said)
    assert shown_episode(record, world).count("not in goal") == 2
