"""Reading what a model wrote."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_baselines.chat.reading import (
    apply_changes,
    changes_between,
    fit_to_schema,
    json_object,
    names_in_code,
    state_of_json,
)
from tod_bench.errors import UserError
from tod_bench.records import SlotSpec
from tod_metrics import metric
from tod_metrics.items import StateItem
from tod_metrics.state.states import StateBatch

SCHEMA = {
    "hotel": {
        "price range": SlotSpec(categorical=True, values=("cheap", "expensive")),
        "name": SlotSpec(),
    },
    "Restaurants_1": {"party_size": SlotSpec(categorical=True, values=("1", "2"))},
}
names = st.text(min_size=1, max_size=8)
states = st.dictionaries(names, st.dictionaries(names, names, min_size=1, max_size=3), max_size=3)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"hotel": {}}', {"hotel": {}}),
        ('Sure! Here it is: {"a": 1} Have fun.', {"a": 1}),
        ('```json\n{"a": {"b": "}"}}\n```', {"a": {"b": "}"}}),
        ('The set {x} is empty.\n{"a": 1}', {"a": 1}),
        ("no object", None),
        ("[1, 2]", None),
        ('{"hotel": {"area": "north"}', None),  # cut: what is within is not the whole
        ('{"acts": [\n  {"act": "inform"}', None),
        ("{hotel: north}", None),
    ],
)
def test_the_first_whole_object_is_read(text: str, value: object) -> None:
    assert json_object(text) == value


@given(states, st.text(alphabet="abc .:\n", max_size=10), st.text(max_size=10))
def test_an_object_is_read_from_among_prose(state: dict[str, dict[str, str]], before: str, after: str) -> None:
    assert json_object(f"{before}{json.dumps(state)}{after}") == state


def test_names_and_categorical_values_get_the_schemas_spelling() -> None:
    state, unknown = fit_to_schema(
        SCHEMA, {"Hotel": {"PriceRange": "Cheap", "name": "The  Inn"}, "restaurants 1": {"party-size": "2"}}
    )
    assert state == {"hotel": {"price range": "cheap", "name": "The  Inn"}, "Restaurants_1": {"party_size": "2"}}
    assert unknown == ()


def test_what_the_schema_does_not_have_is_kept_and_named() -> None:
    written = {"hotel": {"wifi": "yes", "price range": "dear"}, "spa": {"area": "north"}}
    state, unknown = fit_to_schema(SCHEMA, written)
    assert state == written
    assert unknown == ("hotel wifi", "hotel price range=dear", "spa area")


def test_every_slot_may_be_dontcare_and_may_name_its_domain() -> None:
    state, unknown = fit_to_schema(SCHEMA, {"hotel": {"hotel-price_range": "don't care", "hotel name": "dont care"}})
    assert unknown == ("hotel price range=don't care",)
    assert state["hotel"]["name"] == "dontcare"


def test_a_spelling_that_scoring_takes_for_a_slot_is_that_slot() -> None:
    state, unknown = fit_to_schema(SCHEMA, {"hotel": {"price range": "cheap", "price": "Expensive"}})
    assert (state, unknown) == ({"hotel": {"price range": "expensive"}}, ())


@given(
    st.dictionaries(
        st.sampled_from(["hotel", "Hotel", "bus", "Bus", "spa"]),
        st.dictionaries(
            st.sampled_from(["price", "pricerange", "price range", "leave", "leave at", "Leave_At"]), names
        ),
    )
)
def test_a_state_holds_no_slot_twice(written: dict[str, dict[str, str]]) -> None:
    state, _ = fit_to_schema(SCHEMA, written)
    batch = StateBatch([StateItem("d", 0, {}, state)])
    assert len(metric("jga").statistics(batch)) == 1  # it refuses a slot with two values


@given(states, states)
def test_changes_lead_from_one_state_to_the_next(
    before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]
) -> None:
    changed, removed = changes_between(before, after)
    assert apply_changes(before, changed, removed) == after


def test_values_of_json_are_texts() -> None:
    state, problems = state_of_json(
        {"hotel": {"stars": 4, "internet": True, "area": None, "name": ["inn", "hotel"]}, "taxi": "now", "train": None}
    )
    assert state == {"hotel": {"stars": "4", "internet": "yes", "name": "inn"}}
    assert problems == ('taxi: "now" is no object of slots',)
    assert state_of_json([1]) == ({}, ("[1] is no object of domains",))
    assert state_of_json({"hotel": {"area": {"x": 1}}})[1] == ('hotel area: {"x": 1} is no value',)


def test_names_that_code_cannot_tell_apart_are_refused() -> None:
    assert names_in_code(["a b", "c"], lambda name: name.replace(" ", "_"), "python") == {"a_b": "a b", "c": "c"}
    with pytest.raises(UserError, match="the recipe tools writes 'a b' and 'a_b' of the schema alike"):
        names_in_code(["a b", "a_b"], lambda name: name.replace(" ", "_"), "tools")
