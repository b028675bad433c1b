"""The simulated user at act level: what it says to what it hears."""

from random import Random

import pytest

from tod_bench.corpora.interactive_goals import DomainWish, InteractiveGoal
from tod_bench.errors import UserError
from tod_bench.interact.user import AgendaUser, UserSettings
from tod_bench.interact.world import World
from tod_bench.records import Act
from tod_bench.simulated.corpus import Simulated

ALL_AT_ONCE = UserSettings(brief=0.0, together=1.0)


@pytest.fixture(scope="module")
def world():
    return World(Simulated())


def user(world, *wishes, **settings):
    chosen = UserSettings(**{"brief": 0.0, "together": 1.0, **settings})
    return AgendaUser(InteractiveGoal("g", wishes), world, Random(1), chosen)


def a(domain, act, slot="", value=""):
    return Act(domain, act, slot, value)


def told(acts):
    return {one.slot: one.value for one in acts if one.act == "inform"}


def asked(acts):
    return {one.slot for one in acts if one.act == "request"}


GOES = {"departure": "restaurant"}
OFFER = a("restaurant", "recommend", "name", "merry fig")


def test_a_whole_dialogue(world):
    wish = DomainWish(
        "restaurant", {"food": "thai"}, book={"book day": "friday"}, request=("phone",), reference=True
    )  # fmt: skip
    one = user(world, wish)
    assert told(one.speak([])) == {"food": "thai"}
    said = one.speak([OFFER])
    assert (told(said), asked(said)) == ({"book day": "friday"}, {"phone"})
    said = one.speak([a("restaurant", "inform", "phone", "1"), a("restaurant", "book")])
    assert (told(said), asked(said)) == ({}, {"ref"})
    said = one.speak([a("restaurant", "book", "ref", "X")])
    assert [act.act for act in said] == ["thank", "bye"]
    assert one.end == "done"


def test_it_rejects_another_name_than_the_goals(world):
    one = user(world, DomainWish("restaurant", {"name": "dusty walnut"}, request=("phone",)))
    one.speak([])
    said = one.speak([OFFER])
    assert said == (a("restaurant", "negate"), a("restaurant", "inform", "name", "dusty walnut"))
    assert asked(one.speak([a("restaurant", "recommend", "name", "Dusty Walnut")])) == {"phone"}


def test_it_insists_once_and_then_takes_the_alternative(world):
    wish = DomainWish("restaurant", {"food": "thai", "area": "north"}, first={"food": "welsh", "area": "north"})
    one = user(world, wish)
    first = one.speak([])
    assert told(first) == {"food": "welsh", "area": "north"}
    assert one.speak([a("restaurant", "nooffer")]) == first
    assert told(one.speak([a("restaurant", "nooffer")])) == {"food": "thai"}


def test_it_asks_again_of_another_offer(world):
    one = user(world, DomainWish("restaurant", {"food": "thai"}, request=("phone", "address")))
    one.speak([])
    assert asked(one.speak([OFFER])) == {"phone", "address"}
    elsewhere = a("restaurant", "recommend", "name", "hollow fig")
    said = one.speak([elsewhere, a("restaurant", "inform", "phone", "1")])
    assert asked(said) == {"address"}
    assert asked(one.speak([a("restaurant", "inform", "address", "2"), OFFER])) == {"phone"}
    two = [OFFER, a("restaurant", "inform", "phone", "3"), elsewhere, a("restaurant", "inform", "address", "4")]
    assert asked(one.speak(two)) == {"phone"}


def test_an_offer_beside_bad_news_is_heard(world):
    one = user(world, DomainWish("restaurant", {"food": "thai"}, request=("phone",)))
    one.speak([])
    assert asked(one.speak([a("restaurant", "nooffer"), OFFER])) == {"phone"}
    wish = DomainWish("restaurant", {"food": "thai"}, first={"food": "welsh"})
    one = user(world, wish)
    one.speak([])
    assert told(one.speak([a("restaurant", "nooffer"), OFFER])) == {"food": "thai"}
    one = user(world, DomainWish("restaurant", {}, book={"book day": "friday"}), DomainWish("taxi", places=GOES))
    one.speak([])
    one.speak([OFFER])
    elsewhere = a("restaurant", "recommend", "name", "hollow fig")
    assert told(one.speak([a("restaurant", "nobook"), elsewhere])) == {"book day": "friday"}
    assert told(one.speak([a("restaurant", "book")])) == {"departure": "hollow fig"}


def test_what_the_alternative_drops_it_does_not_care_about(world):
    one = user(world, DomainWish("restaurant", {"area": "north"}, first={"food": "welsh", "area": "north"}))
    one.speak([])
    one.speak([a("restaurant", "nooffer")])
    assert told(one.speak([a("restaurant", "nooffer")])) == {"food": "dontcare"}


def test_it_gives_up_what_cannot_be_had_and_goes_on(world):
    one = user(world, DomainWish("restaurant", {"food": "thai"}), DomainWish("attraction", {"area": "west"}))
    one.speak([])
    one.speak([a("restaurant", "nooffer")])
    assert told(one.speak([a("restaurant", "nooffer")])) == {"area": "west"}
    one.speak([a("attraction", "recommend", "name", "x")])
    assert one.end == "gave_up"


def test_a_refused_booking(world):
    wish = DomainWish("restaurant", {}, book={"book time": "18:00"}, first_book={"book time": "19:00"})
    one = user(world, wish)
    assert one.speak([]) == (a("restaurant", "inform"),)
    assert told(one.speak([OFFER])) == {"book time": "19:00"}
    assert told(one.speak([a("restaurant", "nobook")])) == {"book time": "18:00"}
    assert told(one.speak([a("restaurant", "nobook")])) == {"book time": "18:00"}
    one.speak([a("restaurant", "nobook")])
    assert one.end == "gave_up"


@pytest.mark.parametrize(
    ("slot", "answer"),
    [
        ("food", ("food", "thai")),
        ("area", ("area", "dontcare")),
        ("book day", ("book day", "friday")),
        ("name", ("name", "dontcare")),
    ],
)
def test_it_answers_questions(world, slot, answer):
    one = user(world, DomainWish("restaurant", {"food": "thai"}, book={"book day": "friday"}))
    one.speak([])
    assert one.speak([a("restaurant", "request", slot)]) == (a("restaurant", "inform", *answer),)


def test_it_answers_one_time_for_the_other(world):
    one = user(world, DomainWish("train", {"arriveby": "10:00"}))
    one.speak([])
    assert told(one.speak([a("train", "request", "leaveat")])) == {"arriveby": "10:00"}


def test_it_wants_no_booking_that_the_goal_does_not_have(world):
    one = user(world, DomainWish("restaurant", {"food": "thai"}))
    one.speak([])
    assert one.speak([a("restaurant", "request", "book day")]) == (a("restaurant", "negate"),)


def test_it_answers_questions_about_a_domain_that_it_is_through_with(world):
    one = user(world, DomainWish("restaurant", {"food": "thai"}), DomainWish("attraction", {"area": "west"}))
    one.speak([])
    one.speak([OFFER])
    assert told(one.speak([a("restaurant", "request", "area")])) == {"area": "dontcare"}
    assert one.end == ""


def test_a_taxi_goes_where_the_user_has_been(world):
    places = {"departure": "restaurant", "destination": "attraction"}
    one = user(
        world,
        DomainWish("restaurant", {"food": "thai"}),
        DomainWish("attraction", {"area": "west"}),
        DomainWish("taxi", {"leaveat": "10:00"}, places=places),
    )
    one.speak([])
    one.speak([OFFER])
    said = one.speak([a("attraction", "recommend", "name", "granite yard")])
    assert told(said) == {"leaveat": "10:00", "departure": "merry fig", "destination": "granite yard"}


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_it_leaves_when_its_patience_is_at_an_end(world, patience):
    one = user(world, DomainWish("restaurant", {"food": "thai"}), patience=patience)
    turns = 0
    while not one.end:
        one.speak([Act("general", "reqmore")])
        turns += 1
    assert one.end == "left"
    assert turns == patience + 1


def test_what_belongs_to_no_goal_is_not_heard(world):
    one = user(world, DomainWish("restaurant", {"food": "thai"}))
    one.speak([])
    assert asked(one.speak([a("hotel", "recommend", "name", "x"), a("hotel", "request", "stars")])) == {"name"}


@pytest.mark.parametrize("settings", [{"patience": 0}, {"patience": True}, {"brief": 1.5}, {"together": -1}])
def test_settings_out_of_range(settings):
    with pytest.raises(UserError, match=r"user\.\w+ must be"):
        UserSettings(**settings)
