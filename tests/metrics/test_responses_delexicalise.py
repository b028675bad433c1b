"""Placeholders of every style, and text delexicalised by spans or by the database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_metrics.dialogue.bookings import booked_domains, spans_with_domains
from tod_metrics.items import DialogueTurn
from tod_metrics.response.delexicalise import (
    Delexicaliser,
    delexicalise,
    domains_in,
    kind_of,
    kinds_in,
    placeholder,
    unknown_placeholders,
    with_kinds,
)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("name", "NAME"),
        ("value_name", "NAME"),
        ("restaurant_name", "NAME"),
        ("Hotel_Name", "NAME"),
        ("value_price", "PRICE"),
        ("hotel_pricerange", "PRICE"),
        ("price range", "PRICE"),
        ("entrance fee", "PRICE"),
        ("train_leaveat", "TIME"),
        ("arrive by", "TIME"),
        ("train_duration", "TIME"),
        ("value_postcode", "POST"),
        ("ref", "REFERENCE"),
        ("train_reference", "REFERENCE"),
        ("booking_ref", "REFERENCE"),
        ("train_id", "TRAINID"),
        ("value_id", "TRAINID"),
        ("id", "TRAINID"),
        ("train_trainid", "TRAINID"),
        ("restaurant_id", "ID"),
        ("taxi_departure", "PLACE"),
        ("book people", "COUNT"),
        ("value_choice", "COUNT"),
        ("taxi_car", "TYPE"),
        ("colour", ""),
    ],
)
def test_kinds(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_kinds_and_domains_of_a_response() -> None:
    assert kinds_in("[restaurant_name] is at [value_address] .") == {"NAME", "ADDRESS"}
    assert kinds_in("restaurant_name serves value_food food") == {"NAME", "FOOD"}
    assert kinds_in("my name is not a placeholder, nor is my phone") == set()
    assert domains_in("[restaurant_name] and [hotel_phone], [value_area]") == {"restaurant", "hotel"}


def test_text_with_kinds() -> None:
    assert with_kinds("The [value_name]s, [train_leave] and [odd] HERE") == "the NAME, TIME and  here"
    assert with_kinds("cheap [hotel_type]-s") == "cheap TYPE"


def test_unknown_names_are_counted() -> None:
    assert unknown_placeholders(["[value_name] [colour]", "[colour] [Colour x]"]) == {"colour": 2, "Colour x": 1}


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("value", "[value_name] is [value_pricerange]."),
        ("domain", "[hotel_name] is [hotel_pricerange]."),
        ("bare", "[name] is [pricerange]."),
    ],
)
def test_styles(style: str, expected: str) -> None:
    spans = [("hotel", "pricerange", "cheap", 9, 14), ("hotel", "name", "Acorn", 0, 5)]
    assert delexicalise("Acorn is cheap.", spans, style) == expected


def test_spans_that_overlap_or_lie_outside_are_left() -> None:
    text = "the red lion inn"
    spans = [("hotel", "name", "red lion", 4, 12), ("hotel", "type", "inn", 13, 16), ("hotel", "name", "lion", 8, 12)]
    assert delexicalise(text, spans) == "the [value_name] [value_type]"
    assert delexicalise(text, [("hotel", "area", "dontcare", 4, 7), ("hotel", "area", "x", 14, 99)]) == text


def test_placeholder_of_a_booking_slot_has_no_blank() -> None:
    assert placeholder("hotel", "book day") == "[value_bookday]"


@given(st.text(alphabet="ab [](){}_-0", max_size=30))
def test_any_text_is_read(text: str) -> None:
    assert kinds_in(with_kinds(text)) <= {""} or isinstance(kinds_in(text), frozenset)
    assert delexicalise(text, []) == text


TABLES = {
    "restaurant": [
        {
            "name": "the copper ladle",
            "address": "12 mill lane, city centre",
            "postcode": "cb21ab",
            "phone": "01223000111",
        }
    ],
    "hotel": [{"name": "mill lodge", "address": "7 mill lane"}],
    "train": [{"trainid": "TR0042"}],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Copper Ladle is nice.", "[restaurant_name] is nice."),
        ("Copper ladle, CB2 1AB", "[restaurant_name], [restaurant_postcode]"),
        ("at 12 Mill Lane in the city centre", "at [restaurant_address] in the [restaurant_address]"),
        ("12 mill lane , city centre !", "[restaurant_address] !"),
        ("call 01223 000111", "call [restaurant_phone]"),
        ("mill lodgers", "mill lodgers"),
        ("TR0042 it is, reference AB12CD34", "[train_trainid] it is, reference [booking_reference]"),
        ("The reference is AU82.", "The reference is [booking_reference]."),
        ("AU82 is no reference ", "AU82 is no reference "),
        ("a car, contact number 07123456789", "a car, contact number [taxi_phone]"),
        ("", ""),
    ],
)
def test_values_of_the_database_are_found(text: str, expected: str) -> None:
    assert Delexicaliser(TABLES)(text) == expected


def turn(
    reference: str = "", acts: tuple[tuple[str, str, str, str], ...] = (), **state: dict[str, tuple[str, ...]]
) -> DialogueTurn:
    return DialogueTurn(reference=reference, gold_acts=acts, gold_state=state, services=tuple(state))


BOOK = ("booking", "book", "ref", "AB12CD34")
DAY = {"book day": ("friday",)}


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([turn(), turn()], [set(), set()]),
        ([turn(acts=(("train", "offerbooked", "ref", "X"),)), turn()], [{"train"}, {"train"}]),
        ([turn(hotel=DAY), turn(acts=(BOOK,), hotel=DAY)], [set(), {"hotel"}]),
        # both have booking details: the one that changed last is meant, then the other
        (
            [
                turn(hotel=DAY),
                turn(acts=(BOOK,), hotel=DAY, restaurant=DAY),
                turn(acts=(BOOK,), hotel=DAY, restaurant=DAY),
            ],
            [set(), {"restaurant"}, {"restaurant", "hotel"}],
        ),
        # no act, but a code in the text; and a code that is no booking of anything
        ([turn("Reference : JUGXYQOP .", hotel=DAY)], [{"hotel"}]),
        ([turn("Reference : JUGXYQOP .", hotel={"area": ("north",)})], [set()]),
        ([turn("Call 01223000 please", hotel=DAY)], [set()]),
    ],
)
def test_bookings_are_told_from_references(turns: list[DialogueTurn], expected: list[set[str]]) -> None:
    assert booked_domains(turns) == expected


def test_booking_spans_get_their_domain() -> None:
    spans = (("booking", "ref", "AB12CD34", 0, 8), ("hotel", "name", "x", 9, 10))
    turns = [
        DialogueTurn("AB12CD34 x", {"hotel": DAY}, (BOOK,), ("hotel",), spans=spans),
        DialogueTurn("again", {"hotel": DAY}, (), ("restaurant",), spans=spans[:1]),
        DialogueTurn("again", {}, (), ("taxi",), spans=spans[:1]),
    ]
    assert [[span[0] for span in found] for found in spans_with_domains(turns)] == [
        ["hotel", "hotel"],
        ["restaurant"],
        ["booking"],
    ]
