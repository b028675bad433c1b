"""Hand-worked values for every rule of every normaliser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_metrics.normalization import MULTIWOZ_SLOTS, NORMALISERS, canonical_slot, detok, mwzeval, strict, trade

HOTEL_NAME = ("hotel", "name")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("  The  Gonville Hotel ", "the gonville hotel"),
        ("", ""),
        ("   ", ""),
        ("Not  mentioned", ""),
        ("None", "none"),
        ("dontcare", "dontcare"),
        ("dont care", "dontcare"),
        ("don't care", "dontcare"),
        ("don’t care", "dontcare"),
        ("do n't care", "dontcare"),
        ("do not care", "dontcare"),
        ("doesn't care", "dontcare"),
        ("does not care", "dontcare"),
        ("Do Not Care", "dontcare"),
        ("intensive care", "intensive care"),
        ("any", "any"),
        ("15 : 00", "15 : 00"),
    ],
)
def test_strict(value, expected):
    assert strict(*HOTEL_NAME, value) == expected


@pytest.mark.parametrize(
    ("domain", "slot", "value", "expected"),
    [
        ("hotel", "type", "guesthouse", "guest house"),
        ("attraction", "type", "musuem", "museum"),
        ("hotel", "area", "Center", "centre"),
        ("hotel", "area", "n", "north"),  # n is mended to no, and no in an area to north
        ("hotel", "area", "cent", "centre"),
        ("hotel", "area", "moderate", "none"),
        ("hotel", "book day", "we", "wednesday"),
        ("train", "day", "t", "none"),
        ("train", "day", "no", "none"),
        ("hotel", "internet", "free", "yes"),
        ("hotel", "internet", "4", "none"),
        ("hotel", "parking", "free", "free"),
        ("hotel", "pricerange", "2", "none"),
        ("restaurant", "pricerange", "ch", "cheap"),
        ("restaurant", "pricerange", "moderate -ly", "moderate"),
        ("hotel", "type", "4", "hotel"),
        ("hotel", "type", "bed & breakfast", "bed & breakfast"),
        ("hotel", "type", "b&b", "none"),  # rewritten to bed and breakfast, which is no hotel type
        ("hotel", "stars", "4 stars", "4"),
        ("hotel", "stars", "3 star hotel", "3 star hotel"),  # the script's rule for it names a slot that does not exist
        ("restaurant", "area", "cambridge", "none"),
        ("attraction", "area", "cambridge", "cambridge"),
        ("attraction", "type", "gallery", "none"),
        ("hotel", "name", "a and b guest-house", "a and b guest house"),
        ("hotel", "name", "rosa's b and b", "rosa s bed and breakfast"),
        ("hotel", "name", "rosa 's bed and breakfast", "rosa s bed and breakfast"),
        ("restaurant", "name", "restaurant one seven", "restaurant 17"),
        ("restaurant", "name", "nando's (city centre)", "nando s city centre"),
        ("restaurant", "food", "asian/oriental", "asian and oriental"),
        ("hotel", "name", "any", "dontcare"),
        ("train", "leaveat", "15 : 00", "15 : 00"),
        ("train", "leaveat", "15:00", "15:00"),
        ("hotel", "name", "not", "none"),
        ("Events_1", "category", "Art", "art"),  # repairs are facts about MultiWOZ
        ("Hotels_2", "area", "no", "no"),
    ],
)
def test_trade(domain, slot, value, expected):
    assert trade(domain, slot, value) == expected


@pytest.mark.parametrize(
    ("value", "same"),
    [
        ("15 : 00", "15:00"),
        ("15 :00", "15:00"),
        ("john 's college", "john's college"),
        ("john s college", "john's college"),
        ("saint john ' s", "saint john's"),
        ("price -s", "prices"),
        ("alpha - milton guest house", "alpha-milton guest house"),
        ("what ?", "what?"),
        ("3 . 5", "3.5"),
        ("the golden house ( east )", "the golden house (east)"),
    ],
)
@pytest.mark.parametrize("domain", ["hotel", "Hotels_1"])
def test_detok_unites_tokenised_and_plain(domain, value, same):
    assert detok(domain, "name", value) == detok(domain, "name", same)


@pytest.mark.parametrize(("one", "other"), [("5:15", "15:15"), ("north", "no"), ("a b", "ab"), ("12:30", "1230")])
def test_detok_keeps_different_values_apart(one, other):
    assert detok("hotel", "name", one) != detok("hotel", "name", other)


@pytest.mark.parametrize(
    ("slot", "value", "expected"),
    [
        ("name", "Rosa's", "rosas bed and breakfast"),
        ("name", "a & b", "a and b"),
        ("destination", "the junction", "junction theatre"),
        ("food", "Brazilian", "portuguese"),
        ("type", "guest house", "guesthouse"),
        ("parking", "free", "yes"),
        ("leaveat", "5 pm", "17:00"),
        ("leaveat", "5:15 p.m.", "17:15"),
        ("leaveat", "after 9:15", "09:15"),
        ("arriveby", "0915", "09:15"),
        ("arriveby", "9", "09:00"),
        ("arriveby", "noon", "12:00"),
        ("arriveby", "15 : 00", "15:00"),
        ("arriveby", "9 am.", "9 am"),
        ("arriveby", "ten o'clock a.m.", "10:00"),
        ("book time", "5 pm", "17:00"),
        ("book time", "9:30", "09:30"),
        ("area", "north", "north"),
    ],
)
def test_mwzeval(slot, value, expected):
    assert mwzeval("restaurant", slot, value) == expected


@pytest.mark.parametrize(
    ("domain", "slot", "expected"),
    [
        ("hotel", "bookday", ("hotel", "book day")),
        ("Hotel", "Day", ("hotel", "book day")),
        ("hotel", "hotel-bookday", ("hotel", "book day")),
        ("hotel", "book_day", ("hotel", "book day")),
        ("train", "day", ("train", "day")),
        ("train", "arriveBy", ("train", "arriveby")),
        ("taxi", "leave at", ("taxi", "leaveat")),
        ("taxi", "leave", ("taxi", "leaveat")),
        ("restaurant", "price range", ("restaurant", "pricerange")),
        ("restaurant", "people", ("restaurant", "book people")),
        ("restaurant", "time", ("restaurant", "book time")),
        ("Restaurants_1", "price_range", ("Restaurants_1", "price_range")),
    ],
)
def test_canonical_slot(domain, slot, expected):
    assert canonical_slot(domain, slot) == expected


def test_thirty_slots():
    assert [len(slots) for slots in MULTIWOZ_SLOTS.values()] == [7, 10, 3, 6, 4]
    assert all(
        canonical_slot(domain, slot) == (domain, slot) for domain, slots in MULTIWOZ_SLOTS.items() for slot in slots
    )


PLACES = st.sampled_from(
    [(domain, slot) for domain, slots in MULTIWOZ_SLOTS.items() for slot in slots] + [("X_1", "y")]
)
TEXTS = st.one_of(st.text(max_size=25), st.from_regex(r"[a-z0-9 :.'&/-]{0,25}", fullmatch=True))


@given(place=PLACES, value=TEXTS)
def test_no_normaliser_raises_and_case_and_blanks_never_matter(place, value):
    for normalise in NORMALISERS.values():
        found = normalise(*place, value)
        assert found == normalise(*place, f"  {value} ")
        if value.isascii():
            assert found == normalise(*place, value.upper())
