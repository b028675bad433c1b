"""Protocol ``mwzeval``: each way in which it differs from ``tod_bench``, by a hand-made case."""

from collections.abc import Mapping
from typing import Any

import pytest

from tod_metrics.dialogue.inform_success import Inform
from tod_metrics.dialogue.partial_ratio import partial_ratio, reaches
from tod_metrics.dialogue.venues import Venues
from tod_metrics.items import DialogueItem, DialogueTurn, DomainWish
from tod_metrics.normalization.mwzeval_script import (
    KNOWN_NAMES,
    script_response,
    script_text,
    script_time,
    script_value,
)
from tod_metrics.response.delex_bleu import DelexBleu
from tod_metrics.state.active_domains import from_state_changes

TABLES: dict[str, list[dict[str, Any]]] = {
    "restaurant": [
        {"id": "1", "name": "copper ladle", "food": "italian", "area": "north"},
        {"id": "2", "name": "silver spoon", "food": "italian", "area": "south"},
    ],
    "hotel": [
        {"id": "1", "name": "acorn guest house", "area": "north"},
        {"id": "2", "name": "alpha-milton guest house", "area": "north"},
    ],
    "attraction": [
        {"id": "1", "name": "the junction", "area": "south", "type": "theatre"},
        {"id": "2", "name": "cherry hinton hall", "area": "east", "type": "mutliple sports"},
    ],
    "train": [{"trainID": "TR1", "departure": "ely", "arriveBy": "09:15", "leaveAt": "09:00"}],
}


class Toy:
    def query(self, domain: str, constraints: Mapping[str, str]) -> list[dict[str, Any]]:
        return TABLES[domain]


def rates(goal: dict[str, DomainWish], *turns: DialogueTurn, **options: Any) -> dict[str, tuple[bool, bool]]:
    item = DialogueItem("d", turns, goal)
    found = {}
    for protocol in ("tod_bench", "mwzeval"):
        row = Inform(Toy(), protocol=protocol, **options).statistics([item])[0]  # type: ignore[arg-type]
        found[protocol] = (bool(row[0]), bool(row[1]))
    return found


def said(response: str, state: Mapping[str, Mapping[str, str]], **fields: Any) -> DialogueTurn:
    return DialogueTurn("", response=response, state=state, **fields)


NORTH = {"restaurant": DomainWish({"food": "italian", "area": "north"})}


def test_bookings_are_those_of_the_corpus_under_both_protocols() -> None:
    goal = {"restaurant": DomainWish({"name": "copper ladle"}, book={"book day": "friday"})}
    state = {"restaurant": {"book day": "friday"}}
    told = {"gold_state": {"restaurant": {"book day": ("friday",)}}, "gold_acts": (("booking", "book", "ref", "A1"),)}
    response = "[restaurant_reference]"
    assert set(rates(goal, said(response, state, **told, booked=())).values()) == {(True, False)}
    assert set(rates(goal, said(response, state, booked=("restaurant",))).values()) == {(True, True)}
    # where the corpus says nothing of bookings they are told from its references, and that is said
    assert set(rates(goal, said(response, state, **told)).values()) == {(True, True)}
    unannotated = Inform(Toy()).resolved([DialogueItem("d", (said(response, state, **told),), goal)])
    assert any("1 of 1 dialogues have no annotation of what was booked" in note for note in unannotated.notes)


def test_a_predicted_none_is_searched_for() -> None:
    state = {"restaurant": {"food": "italian", "area": "north", "name": "none"}}
    assert rates(NORTH, said("[restaurant_name]", state)) == {"tod_bench": (True, True), "mwzeval": (False, False)}


def test_a_domain_without_slots_may_mean_any_venue() -> None:
    goal = {"restaurant": DomainWish({"food": "italian"})}
    turn = said("[restaurant_name]", {"restaurant": {}}, active_domains=("restaurant",))
    assert rates(goal, turn) == {"tod_bench": (False, False), "mwzeval": (True, True)}


def test_tables_are_taken_as_they_are_written() -> None:
    asked = {"name": "the junction"}
    assert (
        len(Venues(Toy()).ids("attraction", asked)),
        len(Venues(Toy(), as_script=True).ids("attraction", asked)),
    ) == (1, 0)
    for venues in (Venues(Toy()), Venues(Toy(), as_script=True)):
        assert len(venues.ids("attraction", {"type": "multiple sports"})) == 1
    assert len(Venues(Toy()).ids("restaurant", {"area": "North"})) == 1
    assert len(Venues(Toy(), as_script=True).ids("restaurant", {"area": "North"})) == 0


def test_the_partial_ratio_is_fuzzywuzzy_s_under_both_protocols() -> None:
    assert partial_ratio("alpha-milton guest house", "acorn guest house") == 85
    for venues in (Venues(Toy()), Venues(Toy(), as_script=True)):
        assert len(venues.ids("hotel", {"name": "acorn guest house"})) == 1


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("", "", 100),
        ("", "a", 0),
        ("a", "", 0),
        ("indian", "north indian", 100),
        ("15:15", "5:15", 100),
        ("abcd", "XXXbcdeEEE", 75),
        ("cambridge", "ely", 50),
    ],
)
def test_partial_ratio(one: str, other: str, ratio: int) -> None:
    assert partial_ratio(one, other) == ratio
    assert not reaches(one, other, ratio + 1)
    assert ratio == 0 or reaches(one, other, ratio)


def test_ties_of_domains_go_by_the_order_in_the_file() -> None:
    states = [{"taxi": {"leaveat": "1"}, "hotel": {"area": "north"}}] * 2
    assert from_state_changes(states, in_file_order=True) == [{"taxi"}, {"hotel"}]
    assert from_state_changes(states) == [{"hotel"}, {"taxi"}]
    goal = {"hotel": DomainWish({"area": "north"}), "taxi": DomainWish({}, ("phone",))}
    turn = said("[hotel_name] [taxi_phone]", {"taxi": {"leaveat": "1"}, "hotel": {"area": "north"}})
    assert rates(goal, turn) == {"tod_bench": (True, False), "mwzeval": (False, False)}


def test_only_placeholders_that_the_script_knows_count() -> None:
    state = {"restaurant": {"food": "italian", "area": "north"}}
    for response in ("restaurant_name", "[taxi_name]"):
        found = rates(NORTH, said(response, state), text="delexicalised")
        assert found == {"tod_bench": (True, True), "mwzeval": (False, False)}


def test_lexicalised_responses_are_read_under_both_protocols() -> None:
    state = {"restaurant": {"food": "italian", "area": "north"}}
    booked = {"booked": ("restaurant",)}
    goal = {"restaurant": DomainWish({"food": "italian", "area": "north"}, book={"book day": "friday"})}
    turn = said("Copper Ladle is booked, the reference number is AB12CD34.", state, **booked)
    assert set(rates(goal, turn).values()) == {(True, True)}


def test_gold_states_without_none() -> None:
    gold = {"restaurant": {"food": ("italian",), "area": ("north",), "name": ("none",), "book day": ("don't care",)}}
    turn = DialogueTurn("", gold_state=gold, response="[restaurant_name]")
    assert set(rates(NORTH, turn).values()) == {(True, True)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[value_name] is CHEAP", "NAME is cheap"),
        ("the [restaurant_name]s and [hotel_type]es", "the NAMEs and TYPE".replace("NAMEs", "NAME")),
        ("[Attraction_ID] [value_id] [train]", "ID TRAINID TRAINID"),
        ("[booking_reference] [restaurant-name] restaurant_name", " [restaurant-name] restaurant_name"),
        ("[arrive by] [bookday] [value_bookday]", "TIME DAY "),
    ],
)
def test_placeholders_as_the_script_reads_them(text: str, expected: str) -> None:
    assert script_text(text) == expected


def test_every_known_name_has_a_kind() -> None:
    assert len(KNOWN_NAMES) == 130
    assert all(script_text(f"[{name}]").isupper() for name in KNOWN_NAMES)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        *(("afternoon", "13:00"), ("one o'clock p.m.", "13:00"), ("", "00:00"), ("by 5:15", "05:15")),
        *(("after 9", "09:00"), ("1715", "17:15"), ("5 pm", "17:00"), ("5:15pm", "17:15"), ("5:15 p.m.", "17:15")),
        *(("9am", "09:00"), ("17 : 15", "17:15"), ("5:15.", "05:15"), ("soon", "soon"), ("five pm", "five")),
    ],
)
def test_times_as_the_script_reads_them(time: str, expected: str) -> None:
    assert script_time(time) == expected


@pytest.mark.parametrize(
    ("slot", "value", "expected"),
    [
        ("name", " Caffee Uno", "caffe uno"),
        ("food", "Sea Food", "seafood"),
        ("type", "Guest House", "Guest House"),
        ("type", "guest house", "guesthouse"),
        ("parking", "free", "yes"),
        ("area", "North", "North"),
        ("book time", "5:15", "05:15"),
    ],
)
def test_values_as_the_script_has_them(slot: str, value: str, expected: str) -> None:
    assert script_value(slot, value) == expected


def test_text_goes_through_moses_and_back() -> None:
    pytest.importorskip("sacremoses")
    assert script_response("it 's [hotel_stars] star -s , is n't it ? call [hotel_phone] .") == (
        "it 's COUNT star, is n't it? call PHONE."
    )
    reference, spans = "It is a 4 star, isn't it?", (("hotel", "stars", "4", 8, 9),)
    item = DialogueItem(
        "d", (DialogueTurn(reference, response="it is a [hotel_stars] star , isn't it ?", spans=spans),)
    )
    scores = {name: DelexBleu(name) for name in ("tod_bench", "mwzeval")}  # type: ignore[arg-type]
    values = {name: float(one.aggregate(one.statistics([item]).sum(axis=0))) for name, one in scores.items()}
    assert values["mwzeval"] == pytest.approx(100)
    assert "detok:sacremoses" in str(scores["mwzeval"].signature)
    assert "detok" not in str(scores["tod_bench"].signature)


def test_of_two_spans_that_start_together_the_script_takes_the_first_given() -> None:
    pytest.importorskip("sacremoses")
    spans = (("hotel", "address", "Acorn", 0, 5), ("hotel", "name", "Acorn House", 0, 11))
    item = DialogueItem(
        "d", (DialogueTurn("Acorn House is here now.", response="[address] house is here now.", spans=spans),)
    )
    scored = DelexBleu("mwzeval")
    assert float(scored.aggregate(scored.statistics([item]).sum(axis=0))) == pytest.approx(100)
