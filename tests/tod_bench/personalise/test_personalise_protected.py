"""Protected values: where they are found, and what counts as lost."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tod_bench.personalise.protected import find_lost, merged, protected_values, unsaid_values
from tod_bench.personalise.styling import Protected
from tod_bench.personalise.value_forms import places
from tod_bench.records import Act, Span, Turn


@pytest.mark.parametrize(
    ("text", "slot", "value", "said"),
    [
        ("a room for two please", "book people", "2", ["two"]),
        ("18 people at 8", "book people", "8", ["8"]),
        ("leave at 17:30", "book people", "30", []),
        ("leave at 17:30", "book people", "17", []),
        ("arrive by 5:30 pm.", "arriveby", "17:30", ["5:30 pm"]),
        ("arrive by 5pm", "arriveby", "17:00", ["5pm"]),
        ("leave around noon", "leaveat", "12:00", ["noon"]),
        ("a moderately priced place", "pricerange", "moderate", ["moderately"]),
        ("to Saint John's College", "departure", "saint johns college", ["Saint John's College"]),
        ("to Pizza Hut Fen Ditton", "destination", "pizza hut fenditton", ["Pizza Hut Fen Ditton"]),
        ("in the center", "area", "centre", ["center"]),
        ("a guest house", "type", "guesthouse", ["guest house"]),
        ("I don't care about the price, any is fine", "pricerange", "dontcare", ["don't care", "any"]),
        ("with free parking", "parking", "yes", ["parking"]),
        ("I want wifi", "internet", "yes", ["wifi"]),
        ("does it serve alcohol?", "serves_alcohol", "True", ["alcohol"]),
        ("it is just me", "book people", "1", ["just me"]),
        ("the northern part", "area", "north", []),
        ("to cheapen", "pricerange", "cheap", []),
        ("", "area", "north", []),
    ],
)
def test_places(text: str, slot: str, value: str, said: list[str]) -> None:
    assert [text[start:end] for start, end in places(text, slot, value)] == said


def test_protected_values_of_the_user() -> None:
    turn = Turn(
        0,
        "Yes, a cheap hotel in the north for two, but not on Friday.",
        state={"hotel": {"area": ("north",), "pricerange": ("cheap",), "name": ("acorn",), "stars": ("4",)}},
        user_acts=(Act("hotel", "inform", "book people", "2"), Act("hotel", "request", "phone", "?")),
        spans=(Span("user", "hotel", "area", "north", 26, 31), Span("system", "hotel", "phone", "1", 0, 3)),
    )
    before = Turn(0, "", state={"hotel": {"stars": ("4",)}})
    found = [(each.slot, each.text, each.kind) for each in protected_values(turn, "user", before)]
    assert found == [
        ("yes", "Yes", "polarity"),
        ("pricerange", "cheap", "state"),
        ("area", "north", "span"),
        ("book people", "two", "act"),
        ("not", "not", "polarity"),
    ]
    assert unsaid_values(turn, "user", before) == (("hotel", "name", "acorn"),)


def test_spans_lose_the_punctuation_around_them() -> None:
    turn = Turn(0, "hi", system="At Clifton road. Bye.", spans=(Span("system", "hotel", "address", "x", 3, 16),))
    assert [each.text for each in protected_values(turn, "system", None)] == ["Clifton road"]


def _value(slot: str, text: str, start: int, domain: str = "hotel") -> Protected:
    return Protected(domain, slot, text, start, start + len(text), "span")


@pytest.mark.parametrize(
    ("styled", "lost"),
    [
        ("2 people, 2 nights", []),
        ("2 of us for 2", []),
        ("2 people for two nights", ["stay"]),
        ("22 people, 2 nights", ["stay"]),
        ("nobody", ["people", "stay"]),
    ],
)
def test_find_lost_counts(styled: str, lost: list[str]) -> None:
    protected = [_value("people", "2", 0), _value("stay", "2", 10)]
    assert [each.slot for each in find_lost(protected, styled)] == lost


def test_find_lost_of_one_slot_said_twice_needs_it_once() -> None:
    assert find_lost([_value("name", "Acorn", 0), _value("name", "Acorn", 20)], "ACORN!") == ()


@pytest.mark.parametrize(
    ("plain", "styled", "lost"),
    [
        ("Yes please", "Yeah, please", []),
        ("Yes please", "please", ["yes"]),
        ("No, I don't need it", "Nope, I do not need it", []),
        ("No, I don't need it", "I do not need it", ["no"]),
        ("I don't need it", "I need it", ["not"]),
        ("I need it", "Anything", []),
    ],
)
def test_polarity(plain: str, styled: str, lost: list[str]) -> None:
    assert [each.slot for each in find_lost(protected_values(Turn(0, plain), "user", None), styled)] == lost


def test_merged() -> None:
    protected = [_value("a", "xxxx", 2), _value("b", "xxxx", 4), _value("c", "x", 8), _value("d", "x", 3)]
    assert merged(protected) == ((2, 8), (8, 9))


_words = st.lists(st.sampled_from(["cheap", "North", "two", "2", "17:30", "a", "not", "yes", "b&b", "St. John's"]))


@settings(deadline=None, max_examples=50)
@given(_words, st.sampled_from([".", "!", ", ", " "]))
def test_unchanged_text_loses_nothing_and_removal_loses(words: list[str], glue: str) -> None:
    text = f" {glue} ".join(words)
    state = {"hotel": {"price": ("cheap",), "area": ("north",), "people": ("2",), "time": ("17:30",), "n": ("b&b",)}}
    protected = protected_values(Turn(0, text, state=state), "user", None)
    assert find_lost(protected, text) == find_lost(protected, text.upper()) == ()
    stretches = merged(protected)
    assert all(one[1] <= other[0] for one, other in pairwise(stretches))
    for each in protected:
        assert text[each.start : each.end] == each.text
        if each.kind != "polarity":
            without = " ".join(word for word in words if word.casefold() != each.text.casefold())
            assert each.slot in {lost.slot for lost in find_lost(protected, without)}


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=40), st.text(min_size=1, max_size=8))
def test_any_text_and_value(text: str, value: str) -> None:
    for start, end in places(text, "slot", value):
        assert 0 <= start < end <= len(text)
