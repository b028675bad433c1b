"""Inform, Success, Combined: every rule of the script by a hand-worked dialogue over a toy database."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tod_metrics.dialogue.combined import Combined
from tod_metrics.dialogue.inform_success import Inform, Success
from tod_metrics.dialogue.venues import Venues, minutes
from tod_metrics.items import DialogueItem, DialogueTurn, DomainWish
from tod_metrics.response.delex_bleu import DelexBleu
from tod_metrics.state.active_domains import from_slot_names, from_state_changes

TABLES: dict[str, list[dict[str, Any]]] = {
    "restaurant": [
        {"id": "1", "name": "copper ladle", "food": "italian", "area": "north", "pricerange": "cheap"},
        {"id": "2", "name": "silver spoon", "food": "italian", "area": "south", "pricerange": "cheap"},
        {"id": "3", "name": "iron pan", "food": "north indian", "area": "north", "pricerange": "?"},
    ],
    "hotel": [{"id": "1", "name": "mill lodge", "area": "north", "stars": "4", "type": "guesthouse", "parking": "yes"}],
    "attraction": [{"id": "1", "name": "the junction", "area": "south", "type": "theatre"}],
    "train": [
        {
            "trainID": "TR1",
            "departure": "ely",
            "destination": "cambridge",
            "day": "monday",
            "leaveAt": "09:00",
            "arriveBy": "09:15",
        },
        {
            "trainID": "TR1",
            "departure": "ely",
            "destination": "cambridge",
            "day": "friday",
            "leaveAt": "09:00",
            "arriveBy": "09:15",
        },
        {
            "trainID": "TR2",
            "departure": "ely",
            "destination": "cambridge",
            "day": "monday",
            "leaveAt": "11:00",
            "arriveBy": "11:15",
        },
    ],
}


class Toy:
    def query(self, domain: str, constraints: Mapping[str, str]) -> list[dict[str, Any]]:
        return TABLES[domain]


ITALIAN_NORTH = {"restaurant": {"food": "italian", "area": "north"}}


def turn(response: str | None, state: Mapping[str, Mapping[str, str]] | None = None, **fields: Any) -> DialogueTurn:
    return DialogueTurn(fields.pop("reference", ""), response=response, state=state, **fields)


def dialogue(goal: Mapping[str, DomainWish], *turns: DialogueTurn) -> DialogueItem:
    return DialogueItem("d", turns, goal)


def rates(item: DialogueItem, **options: Any) -> tuple[bool, bool]:
    row = Inform(Toy(), **options).statistics([item])[0]
    assert row[2] == 1
    return bool(row[0]), bool(row[1])


WANTED = {"restaurant": DomainWish({"food": "italian", "area": "north"}, ("phone",))}


@pytest.mark.parametrize(
    ("turns", "informed", "succeeded"),
    [
        # the venues of the state are those of the goal, and the phone is given
        ([turn("[value_name] , call [value_phone]", ITALIAN_NORTH)], True, True),
        # in either style, or bare, or over two turns
        ([turn("[restaurant_name]", ITALIAN_NORTH), turn("[restaurant_phone]", ITALIAN_NORTH)], True, True),
        ([turn("restaurant_name , restaurant_phone", ITALIAN_NORTH)], True, True),
        ([turn("[name] [phone]", ITALIAN_NORTH)], True, True),
        # no phone
        ([turn("[value_name] is nice", ITALIAN_NORTH)], True, False),
        # no name was ever mentioned
        ([turn("call [value_phone]", ITALIAN_NORTH)], False, False),
        # the state is less specific than the goal: a venue in the south might be meant
        ([turn("[value_name] [value_phone]", {"restaurant": {"food": "italian"}})], False, False),
        # the state is more specific: fewer venues, all of them right
        (
            [
                turn(
                    "[value_name] [value_phone]",
                    {"restaurant": {"food": "italian", "area": "north", "name": "copper ladle"}},
                )
            ],
            True,
            True,
        ),
        # the last mention counts: first wrong, then right
        (
            [
                turn("[value_name]", {"restaurant": {"food": "italian", "area": "south"}}),
                turn("[value_name] [value_phone]", ITALIAN_NORTH),
            ],
            True,
            True,
        ),
        # and the other way round
        (
            [
                turn("[value_name] [value_phone]", ITALIAN_NORTH),
                turn("[value_name]", {"restaurant": {"food": "italian", "area": "south"}}),
            ],
            False,
            False,
        ),
        # an offer that is among those of a vaguer later state still stands
        (
            [
                turn("[value_name] [value_phone]", ITALIAN_NORTH),
                turn("[value_name]", {"restaurant": {"food": "italian"}}),
            ],
            True,
            True,
        ),
        # nothing in the database meets the state
        ([turn("[value_name] [value_phone]", {"restaurant": {"food": "thai"}})], False, False),
        # no response at all
        ([turn(None, ITALIAN_NORTH)], False, False),
    ],
)
def test_offers_and_requests(turns: list[DialogueTurn], informed: bool, succeeded: bool) -> None:
    assert rates(dialogue(WANTED, *turns)) == (informed, succeeded)


@pytest.mark.parametrize(
    ("goal", "informed"),
    [
        ({"taxi": DomainWish({"leaveat": "10:00"}, ("phone",))}, True),
        ({"police": DomainWish({}, ("phone",))}, True),
        ({"hospital": DomainWish({})}, True),
        ({"restaurant": DomainWish({"name": "iron pan"})}, True),
        ({"restaurant": DomainWish({"food": "italian"})}, False),
        ({"train": DomainWish({"day": "monday"})}, True),
        ({"train": DomainWish({"day": "monday"}, ("trainid",))}, False),
    ],
)
def test_what_matches_by_definition_without_an_offer(goal: dict[str, DomainWish], informed: bool) -> None:
    assert rates(dialogue(goal, turn("hello", {})))[0] is informed


def test_a_train_that_was_offered_must_fit_even_if_its_id_was_not_asked_for() -> None:
    goal = {"train": DomainWish({"day": "monday", "leaveat": "10:00"})}
    late, early = {"train": {"day": "monday", "leaveat": "10:30"}}, {"train": {"day": "monday", "leaveat": "08:00"}}
    assert rates(dialogue(goal, turn("[value_id]", late)))[0]
    assert not rates(dialogue(goal, turn("[train_id]", early)))[0]
    # a name is not the id of a train
    assert rates(dialogue(goal, turn("[value_name]", early)))[0]


def test_a_reference_counts_only_once_gold_has_booked() -> None:
    goal = {"restaurant": DomainWish({"name": "copper ladle"}, book={"book day": "friday"})}
    state, gold = {"restaurant": {"book day": "friday"}}, {"restaurant": {"book day": ("friday",)}}
    booked = (("booking", "book", "ref", "AB12CD34"),)
    early = turn("[value_reference]", state, gold_state=gold)
    late = turn("fine", state, gold_state=gold, gold_acts=booked)
    assert rates(dialogue(goal, early, late)) == (True, False)
    assert rates(dialogue(goal, early, replace(late, response="[value_reference]"))) == (True, True)


def test_details_count_for_the_active_domain_only() -> None:
    goal = {"restaurant": DomainWish({"name": "copper ladle"}, ("phone",)), "taxi": DomainWish({}, ("phone",))}
    states = [
        {"restaurant": {"name": "copper ladle"}},
        {"restaurant": {"name": "copper ladle"}, "taxi": {"leaveat": "10:00"}},
    ]
    first, second = turn("[value_phone]", states[0]), turn("ok", states[1])
    assert rates(dialogue(goal, first, second)) == (True, False)
    assert rates(dialogue(goal, first, replace(second, response="[value_phone]"))) == (True, True)


def test_sources_of_the_active_domain() -> None:
    goal = {"hotel": DomainWish({"name": "mill lodge"}, ("phone",))}
    item = dialogue(goal, turn("[hotel_phone]", {"taxi": {"leaveat": "10:00"}}, active_domains=("hotel",)))
    assert rates(item, active="given") == (True, True)
    assert rates(item, active="slot_names") == (True, True)
    assert rates(item, active="state_changes") == (True, False)
    assert rates(item) == (True, True)
    assert "active:given" in str(Inform(Toy()).resolved([item]).signature)


def test_gold_states_are_taken_only_where_no_turn_has_one() -> None:
    one = dialogue(WANTED, turn("[value_name]", ITALIAN_NORTH, active_domains=("restaurant",)))
    other = dialogue(WANTED, turn("[value_name]", gold_state={"restaurant": {"food": ("italian",)}}))
    settled = Success(Toy()).resolved([one, other])
    assert isinstance(settled, Success)
    assert (settled.state, settled.active) == ("predicted", "given")
    assert settled.notes[0] == "1 of 2 turns have no predicted state; theirs counts as empty"
    assert settled.notes[1] == "1 of 2 turns do not say their active domains and count as about none"
    alone = Success(Toy()).resolved([other])
    assert (alone.state, alone.active) == ("gold", "state_changes")
    assert "because no turn has a predicted state" in alone.notes[0]
    assert "success|protocol:tod_bench|state:gold|active:state_changes|text:delexicalised" in str(alone.signature)


@pytest.mark.parametrize("protocol", ["tod_bench", "mwzeval"])
def test_a_missing_turn_scores_as_an_empty_one(protocol: Any) -> None:
    gold = {"gold_state": {"restaurant": {"food": ("italian",), "area": ("north",)}}}
    full = [turn("[value_name]", ITALIAN_NORTH, **gold), turn("[value_phone]", ITALIAN_NORTH, **gold)]
    others = [dialogue(WANTED, *full)] * 3
    absent = [*others, dialogue(WANTED, full[0], turn(None, None, **gold))]
    empty = [*others, dialogue(WANTED, full[0], turn("", {}, **gold))]
    for metric in (Inform(Toy(), protocol=protocol), Combined(Toy(), protocol="tod_bench")):
        assert metric.statistics(absent).tolist() == metric.statistics(empty).tolist()


def test_missing_sources_are_named() -> None:
    item = dialogue(WANTED, turn("[value_name]"), turn("bye"))
    with pytest.raises(ValueError, match=r"no turn has a predicted state; score with state=gold"):
        Inform(Toy(), state="predicted").statistics([item])
    with pytest.raises(ValueError, match=r"no turn says its active domains; take active=state_changes"):
        Inform(Toy(), active="given").statistics([item])
    with pytest.raises(ValueError, match="no dialogue has a goal"):
        Inform(Toy()).statistics([dialogue({}, turn("x", {}))])


def test_gold_states_take_first_values_without_dontcare() -> None:
    gold = {"restaurant": {"food": ("italian", "roman"), "area": ("north",), "pricerange": ("dontcare", "cheap")}}
    assert rates(dialogue(WANTED, turn("[value_name] [value_phone]", gold_state=gold)), state="gold") == (True, True)


def test_by_domain_and_undefined() -> None:
    goal = {**WANTED, "taxi": DomainWish()}
    item = dialogue(goal, turn("[value_name]", ITALIAN_NORTH))
    rows = {
        domain: Inform(Toy(), domain=domain).statistics([item])[0].tolist()
        for domain in ("restaurant", "taxi", "hotel")
    }
    assert rows == {"restaurant": [1, 0, 1], "taxi": [1, 1, 1], "hotel": [0, 0, 0]}
    assert np.isnan(Inform(Toy()).aggregate(np.zeros(3)))


def test_rates_and_combined_from_the_same_sums() -> None:
    good = dialogue(
        WANTED,
        turn(
            "[value_name] is nice , call [value_phone]",
            ITALIAN_NORTH,
            reference="[value_name] is nice , call [value_phone]",
        ),
    )
    bad = dialogue(WANTED, turn("sorry i know none of those", ITALIAN_NORTH, reference="sorry i know none of those"))
    both = [good, bad]
    assert float(Inform(Toy()).aggregate(Inform(Toy()).statistics(both).sum(axis=0))) == 50
    assert float(Success(Toy()).aggregate(Success(Toy()).statistics(both).sum(axis=0))) == 50
    assert float(DelexBleu().aggregate(DelexBleu().statistics(both).sum(axis=0))) == pytest.approx(100)
    combined = Combined(Toy())
    assert float(combined.aggregate(combined.statistics(both).sum(axis=0))) == pytest.approx(150)


def test_delex_bleu_does_not_mind_the_style_of_placeholders() -> None:
    spans = (("restaurant", "name", "Copper Ladle", 0, 12),)
    for response in (
        "[value_name] is really very nice",
        "[restaurant_name] is really very nice",
        "[name] is REALLY very nice",
    ):
        item = dialogue({}, turn(response, reference="Copper Ladle is really very nice", spans=spans))
        assert float(DelexBleu().aggregate(DelexBleu().statistics([item]).sum(axis=0))) == pytest.approx(100)


def test_lexicalised_responses_are_delexicalised_by_the_database() -> None:
    goal = {"restaurant": DomainWish({"food": "italian", "area": "north"})}
    item = dialogue(goal, turn("The Copper Ladle serves pasta.", ITALIAN_NORTH))
    assert rates(item, text="delexicalised") == (False, False)
    assert rates(item, text="lexicalised") == rates(item) == (True, True)
    assert Inform(Toy()).resolved([item]).text == Combined(Toy()).resolved([item]).text == "lexicalised"


def test_the_majority_of_responses_says_whether_they_are_delexicalised() -> None:
    lexicalised, delexicalised = turn("The Copper Ladle.", ITALIAN_NORTH), turn("[value_name]", ITALIAN_NORTH)
    one_left = Inform(Toy()).resolved([dialogue(WANTED, *[lexicalised] * 4, delexicalised, turn(None))])
    assert one_left.text == "lexicalised"
    assert any("1 of 5 responses have placeholders, so all are taken as lexicalised" in note for note in one_left.notes)
    assert Inform(Toy()).resolved([dialogue(WANTED, lexicalised, *[delexicalised] * 2)]).text == "delexicalised"
    assert Inform(Toy()).resolved([dialogue(WANTED, turn(None))]).text == "delexicalised"


def test_one_placeholder_left_over_changes_no_dialogue() -> None:
    items = [dialogue(WANTED, turn("Copper Ladle , 01223 000000", ITALIAN_NORTH)) for _ in range(9)]
    changed = [*items[:-1], dialogue(WANTED, turn("The number is [phone] . Copper Ladle", ITALIAN_NORTH))]
    assert Inform(Toy()).statistics(items)[:, 0].sum() == Inform(Toy()).statistics(changed)[:, 0].sum() == 9


def test_order_of_slots_and_domains_does_not_matter() -> None:
    goal = {**WANTED, "taxi": DomainWish({}, ("phone",))}
    states = [ITALIAN_NORTH, {**ITALIAN_NORTH, "taxi": {"leaveat": "1:00", "departure": "x"}}]
    generator = random.Random(0)

    def shuffled(value: Mapping[str, Any]) -> dict[str, Any]:
        keys = generator.sample(sorted(value), len(value))
        return {key: shuffled(value[key]) if isinstance(value[key], dict) else value[key] for key in keys}

    for _ in range(10):
        item = dialogue(
            {key: goal[key] for key in generator.sample(sorted(goal), 2)},
            *(turn("[value_name] [value_phone]", shuffled(state)) for state in states),
        )
        assert rates(item) == (True, True)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([{}, {"hotel": {"area": "north"}}], ["", "hotel"]),
        # nothing changes: the domain stays
        ([{"hotel": {"area": "north"}}, {"hotel": {"area": "north"}}], ["hotel", "hotel"]),
        # of two that change the one with more slots, then the other, then no further change
        (
            [{"hotel": {"area": "north"}, "taxi": {"leaveat": "1", "departure": "x"}}] * 3,
            ["taxi", "hotel", "hotel"],
        ),
        # the current domain is among those that change
        (
            [{"hotel": {"area": "north"}}, {"hotel": {"area": "south"}, "taxi": {"leaveat": "1", "departure": "x"}}],
            ["hotel", "hotel"],
        ),
        # a tie, whatever the order
        ([{"taxi": {"leaveat": "1"}, "hotel": {"area": "north"}}], ["hotel"]),
        ([{"hotel": {"area": "north"}, "taxi": {"leaveat": "1"}}], ["hotel"]),
        # a slot that disappears is no change
        ([{"hotel": {"area": "north", "stars": "4"}, "taxi": {}}, {"hotel": {"area": "north"}}], ["hotel", "hotel"]),
    ],
)
def test_active_domain_from_state_changes(states: list[dict[str, dict[str, str]]], expected: list[str]) -> None:
    assert from_state_changes(states) == [{name} if name else set() for name in expected]


def test_active_domains_from_slot_names() -> None:
    assert from_slot_names(["[hotel_name] [taxi_phone]", "[value_name]", ""]) == [{"hotel", "taxi"}, set(), set()]


@pytest.mark.parametrize(
    ("domain", "constraints", "count"),
    [
        ("restaurant", {}, 3),
        ("restaurant", {"food": "dontcare", "book day": "friday"}, 3),
        ("restaurant", {"food": "Italian"}, 2),
        ("restaurant", {"food": "indian"}, 1),  # part of "north indian": the fuzzy match is partial
        ("restaurant", {"name": "the copper ladle"}, 1),
        ("restaurant", {"pricerange": "expensive"}, 1),  # "?" meets anything
        ("restaurant", {"food": "italian", "area": "west"}, 0),
        ("hotel", {"type": "guest house", "parking": "free"}, 1),
        ("attraction", {"name": "the junction"}, 1),
        ("attraction", {"name": "junction theatre"}, 1),
        ("train", {"day": "monday"}, 2),
        ("train", {}, 2),  # two entries have one id
        ("train", {"leaveat": "10:00"}, 1),
        ("train", {"leaveat": "9am"}, 2),
        ("train", {"arriveby": "09:15", "day": "monday"}, 1),
        ("train", {"arriveby": "soon"}, 0),
        ("train", {"leaveat": "soon"}, 2),
    ],
)
def test_venues(domain: str, constraints: dict[str, str], count: int) -> None:
    assert len(Venues(Toy()).ids(domain, constraints)) == count


def test_entries_without_an_id_are_told_apart() -> None:
    class Nameless:
        def query(self, domain: str, constraints: Mapping[str, str]) -> list[dict[str, Any]]:
            return [{"area": "north", "trainid": "TR1"}, {"area": "south", "trainid": "TR2"}]

    venues = Venues(Nameless())
    assert len(venues.ids("hotel", {})) == 2
    assert venues.ids("hotel", {"area": "north"}) < venues.ids("hotel", {})


def test_an_empty_table_is_refused() -> None:
    class Empty:
        def query(self, domain: str, constraints: Mapping[str, str]) -> list[dict[str, Any]]:
            return []

    with pytest.raises(ValueError, match="no restaurant table"):
        Venues(Empty())


@pytest.mark.parametrize(("time", "expected"), [("09:15", 555), ("24:06", 1446), ("9:15", 0), ("soon", 0), ("", 0)])
def test_minutes(time: str, expected: int) -> None:
    assert minutes(time) == expected
