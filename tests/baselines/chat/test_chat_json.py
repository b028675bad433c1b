"""The recipe `json`: its examples are read back, and whatever is written is read or counted."""

import json
from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_baselines.chat.recipe import Example, Reply, Shown
from tod_baselines.chat.recipes.json_ import Json
from tod_bench.records import Act, SlotSpec
from tod_bench.systems import TurnInput

SCHEMA = {
    "hotel": {"price range": SlotSpec(), "name": SlotSpec(), "stars": SlotSpec(categorical=True, values=("3", "4"))},
    "Restaurants_1": {"party_size": SlotSpec()},
}
TURN = TurnInput("d", 1, (), "hello")
RECIPES = {False: Json(), True: Json(state="whole")}
values = st.text(min_size=1, max_size=12).filter(str.strip) | st.sampled_from(['a"b', "{x}; y", "a\nb", "é’😀", "null"])
states = st.fixed_dictionaries(
    {},
    optional={
        "hotel": st.dictionaries(st.sampled_from(["price range", "name"]), values, min_size=1),
        "Restaurants_1": st.dictionaries(st.just("party_size"), values, min_size=1),
    },
)


def shown(task="dst", previous=None):
    return Shown(task, TURN, previous or {}, (), SCHEMA)


def read(recipe, text, task="dst", previous=None, failure=""):
    conversation = recipe.ask(shown(task, previous))
    next(conversation)
    with pytest.raises(StopIteration) as end:
        conversation.send(Reply(text, failure=failure))
    return end.value.value


def example(previous=None, state=None, acts=(), response=""):
    return Example("d", 1, (), "hello", previous or {}, state or {}, acts, response)


@pytest.mark.parametrize("whole", [False, True])
@given(states, states)
def test_an_examples_answer_is_read_back(whole, previous, state):
    recipe = RECIPES[whole]
    answer = read(recipe, recipe.example_answer("dst", example(previous, state)), previous=previous)
    assert answer.readable
    assert not answer.unread
    assert not answer.unknown
    squeezed = {d: {s: "dontcare" if _is_dontcare(v) else v for s, v in slots.items()} for d, slots in state.items()}
    assert answer.state == squeezed


def _is_dontcare(value):
    return "".join(value.split()).replace("_", "").replace("-", "").casefold() == "dontcare"


@given(st.lists(st.builds(Act, values, values, st.just("") | values, st.just("") | values), max_size=4))
def test_acts_are_read_back(acts):
    answer = read(RECIPES[False], RECIPES[False].example_answer("policy", example(acts=tuple(acts))), "policy")
    assert answer.acts == tuple(acts)


@pytest.mark.parametrize(
    ("text", "state", "unread", "unknown"),
    [
        (
            'Sure! ```json\n{"slots": [{"domain": "Hotel", "slot": "Price_Range", "value": "cheap"}]}\n```',
            "cheap",
            0,
            0,
        ),
        ('{"slots": {"hotel": {"price range": "cheap"}}}', "cheap", 0, 0),
        ('{"slots": [{"domain": "hotel", "slot": "price range", "value": "cheap"}, {"slot": 3}]}', "cheap", 1, 0),
        ('{"slots": [{"domain": "hotel", "slot": "price range", "value": "cheap"}, "north"]}', "cheap", 1, 0),
        ('{"slots": [{"domain": "hotel", "slot": "price range", "value": ["x"]}]}', None, 1, 0),
    ],
)
def test_odd_answers_are_read_as_far_as_they_say_something(text, state, unread, unknown):
    answer = read(RECIPES[False], text)
    assert answer.readable
    assert answer.state == ({"hotel": {"price range": state}} if state else {})
    assert (len(answer.unread), len(answer.unknown)) == (unread, unknown)


@pytest.mark.parametrize("text", ["", "no", '{"slots": [', '{"state": {}}', '{"slots": "none"}', "[1]", '{"slots": 3}'])
def test_what_says_nothing_is_unread_and_no_empty_change(text):
    answer = read(RECIPES[False], text, previous={"hotel": {"name": "x"}})
    assert (answer.readable, answer.state) == (False, {})
    assert answer.unread


@given(
    st.text()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ).map(json.dumps)
)
def test_whatever_a_model_writes_is_read_or_counted(text):
    answers = [read(RECIPES[False], text, task) for task in ("dst", "policy", "response")]
    for answer in (*answers, read(RECIPES[True], '{"slots": ' + text + "}")):
        assert answer.readable or answer.unread
        assert answer.readable or not (answer.state or answer.acts or answer.response)
        pairs = [(slot, value) for slots in (answer.state or {}).values() for slot, value in slots.items()]
        assert all(isinstance(slot, str) and isinstance(value, str) and slot and value.strip() for slot, value in pairs)
        assert all(act.act and {type(part) for part in astuple(act)} == {str} for act in answer.acts or ())


def test_a_slot_that_is_removed_and_that_there_is_not_is_named():
    text = json.dumps({"slots": [{"domain": "hotel", "slot": slot, "value": None} for slot in ("wifi", "stars")]})
    answer = read(RECIPES[False], text, previous={"hotel": {"stars": "4"}})
    assert (answer.state, answer.unknown) == ({}, ("hotel wifi",))


def test_a_cut_response_is_unread():
    assert not read(RECIPES[False], "It is in the", "response", failure="length").readable
    assert read(RECIPES[False], " Two\nlines ", "response").response == "Two lines"
