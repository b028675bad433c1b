"""Confidence from log-probabilities: of the value's tokens alone, carried along, and none where there is doubt."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_baselines.chat.confidence import confidence_after
from tod_baselines.chat.recipe import Reply


def reply(*pieces):
    """Pieces of text with log-probabilities."""
    return Reply("".join(text for text, _ in pieces), logprobs=pieces)


JSON = reply(
    ('{"slots": [{"domain": "hotel", "slot": "area", "value": "', -9.0), ("no", -0.1), ("rth", -0.2), ('"}]}', -9.0)
)


@pytest.mark.parametrize(
    ("said", "slot"),
    [
        (JSON, "area"),
        (reply(('{"hotel": {"area": "', -9), ("no", -0.1), ("rth", -0.2), ('"}}', -9)), "area"),
        (reply(("SELECT * FROM hotel WHERE leave_at = '", -9), ("no", -0.1), ("rth", -0.2), ("'", -9)), "leave at"),
        (reply(('find_hotel(area="', -9), ("no", -0.1), ("rth", -0.2), ('")', -9)), "area"),
    ],
)
def test_the_probability_of_the_values_own_tokens(said, slot):
    sure = confidence_after([said], {"hotel": {slot: "north"}}, {}, {})
    assert sure["hotel"][slot] == pytest.approx(math.exp(-0.3))


def test_a_token_that_reaches_over_the_value_counts_whole():
    said = reply(('{"hotel": {"area":', -9), (' "nor', -0.4), ('th"', -0.5), ("}}", -9))
    assert confidence_after([said], {"hotel": {"area": "north"}}, {}, {})["hotel"]["area"] == pytest.approx(
        math.exp(-0.9)
    )


def test_it_holds_on_for_what_is_not_written_again():
    state, sure = {"hotel": {"area": "north"}}, {"hotel": {"area": 0.5}}
    assert confidence_after([Reply("{}")], state, state, sure) == sure
    assert confidence_after([Reply("{}")], {"hotel": {"area": "south"}}, state, sure) == {}


def test_two_domains_with_the_same_value_are_told_apart():
    said = reply(
        ('{"hotel": {"area": "', -9), ("north", -1), ('"}, "train": {"area": "', -9), ("north", -2), ('"}}', -9)
    )
    state = {"hotel": {"area": "north"}, "train": {"area": "north"}}
    sure = confidence_after([said], state, {}, {})
    assert sure == {"hotel": {"area": pytest.approx(math.exp(-1))}, "train": {"area": pytest.approx(math.exp(-2))}}


@pytest.mark.parametrize(
    "said",
    [
        Reply(JSON.text),
        Reply(JSON.text + "!", logprobs=JSON.logprobs),
        reply(('{"hotel": {"area": "north", "area": "north"}}', -1)),
        reply(("north it is", -1)),
    ],
)
def test_where_there_is_doubt_there_is_none(said):
    assert confidence_after([said], {"hotel": {"area": "north"}}, {}, {}) == {}


@given(st.lists(st.tuples(st.text(max_size=4), st.floats(-50, 0)), max_size=8), st.text(min_size=1, max_size=3))
def test_it_is_a_probability_whatever_was_written(pieces, value):
    said = reply(*pieces, ('{"hotel": {"area": "', -1.0), (value, -0.5), ('"}}', -1.0))
    for slots in confidence_after([said], {"hotel": {"area": value}}, {}, {}).values():
        assert all(0 <= each <= 1 for each in slots.values())
