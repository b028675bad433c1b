"""Plain rows and the items they become."""

import pytest

from tod_metrics.items import ActItem, DialogueItem, DomainWish, NotedItem, ResponseItem, StateItem
from tod_metrics.pairs import items_of
from tod_metrics.style.emotions import EmotionItem

EAST = {"hotel": {"area": "east"}}


def test_states_take_one_value_or_a_list_and_may_be_json():
    wanted = StateItem("row 0", 0, {"hotel": {"area": ("east",)}}, EAST)
    for prediction, reference in (
        (EAST, EAST),
        (EAST, {"hotel": {"area": ["east"]}}),
        ('{"hotel": {"area": "east"}}', '{"hotel": {"area": ["east"]}}'),
        ({"predicted": EAST}, {"gold": EAST}),
    ):
        (item,) = items_of(StateItem, [prediction], [reference])
        assert (item.dialogue_id, item.turn, item.gold, item.predicted) == (
            wanted.dialogue_id,
            wanted.turn,
            wanted.gold,
            wanted.predicted,
        )


def test_turns_of_a_dialogue_are_linked_whatever_their_order():
    rows = [
        ({"hotel": {"area": "east"}}, {"gold": EAST, "dialogue_id": "a", "turn": 1, "goal_domains": ["hotel"]}),
        ({"taxi": {}}, {"gold": {}, "dialogue_id": "a", "turn": 0, "services": ["taxi"]}),
    ]
    second, first = items_of(StateItem, *zip(*rows, strict=True))
    assert (first.previous_gold, first.previous_predicted, first.services) == ({}, {}, ("taxi",))
    assert (second.previous_gold, second.previous_predicted, second.goal_domains) == ({}, {}, ("hotel",))
    third = items_of(StateItem, [EAST, {}], [rows[0][1], {"gold": {}, "dialogue_id": "a", "turn": 2}])[1]
    assert (third.previous_gold, third.previous_predicted) == ({"hotel": {"area": ("east",)}}, EAST)


@pytest.mark.parametrize("reference", [EAST, {"gold": EAST, "dialogue_id": "a", "turn": 1}])
def test_a_turn_before_that_is_not_there_is_never_guessed(reference):
    (item,) = items_of(StateItem, [EAST], [reference])
    for look in (len, list, lambda state: state["hotel"], bool):
        with pytest.raises(ValueError, match="row 0: this metric looks at the turn before"):
            look(item.previous_gold)


def test_raw_text_comes_with_the_prediction():
    assert items_of(StateItem, [{"predicted": {}, "raw": "[hotel] area east"}], [EAST])[0].raw == "[hotel] area east"


def test_acts_and_responses():
    (item,) = items_of(
        ActItem, [[["hotel", "request", "area"]]], ['[["hotel", "inform", "area", "east"], ["general", "bye"]]']
    )
    assert item.predicted == (("hotel", "request", "area", ""),)
    assert item.gold == (("hotel", "inform", "area", "east"), ("general", "bye", "", ""))
    (item,) = items_of(
        ResponseItem, ["yes"], [{"gold": "no", "dialogue_id": "a", "turn": 3, "group": {"age": "adult"}}]
    )
    assert item == ResponseItem("a", 3, "no", "yes", {"age": "adult"})


@pytest.mark.parametrize(
    ("kind", "prediction", "reference", "problem"),
    [
        (StateItem, ["hotel"], {}, "row 0: a state must map"),
        (StateItem, {"hotel": "east"}, {}, "row 0: a state must map"),
        (StateItem, {"hotel": {"stars": 4}}, {}, "predicted hotel-stars must be a text, not 4"),
        (StateItem, {"hotel": {"stars": None}}, {}, "predicted hotel-stars must be a text, not None"),
        (StateItem, {"hotel": {"stars": ["4"]}}, {}, "predicted hotel-stars must be a text"),
        (StateItem, {}, {"hotel": {"stars": [4]}}, "gold hotel-stars must be a text or a list of texts"),
        (StateItem, {}, {"hotel": {"stars": []}}, "gold hotel-stars must be a text or a list of texts"),
        (StateItem, "{", {}, "row 0: the text is not JSON"),
        (StateItem, {}, {"gold": {}, "dialogue": "a"}, "there is no field 'dialogue'"),
        (ActItem, "[]", {"hotel": 1}, "acts must be a list"),
        (ActItem, [["hotel"]], [], "an act must be"),
        (ActItem, ["hotel"], [], "an act must be"),
        (ActItem, [["hotel", 1]], [], "an act must be"),
        (ResponseItem, None, "yes", "row 0: this must be a text, not None"),
    ],
)
def test_what_does_not_have_the_form_is_refused_with_its_row(kind, prediction, reference, problem):
    with pytest.raises(ValueError, match=problem):
        items_of(kind, [prediction], [reference])


def test_lengths_and_repeated_turns():
    with pytest.raises(ValueError, match="2 predictions and 1 references"):
        items_of(StateItem, [{}, {}], [{}])
    twice = [{"gold": {}, "dialogue_id": "a", "turn": 0}] * 2
    with pytest.raises(ValueError, match="row 1: dialogue a, turn 0 stands in an earlier row"):
        items_of(StateItem, [{}, {}], twice)


TURN = {"reference": "it is in the east", "state": EAST, "services": ["hotel"], "acts": [["hotel", "inform"]]}
GOAL = {"hotel": {"inform": {"area": "east"}, "request": ["phone"], "book": {}}}


def test_dialogues():
    (item,) = items_of(
        DialogueItem,
        [[{"response": "east", "state": EAST, "acts": [], "active_domains": ["hotel"]}, {}]],
        [{"dialogue_id": "a", "goal": GOAL, "turns": [TURN, {"reference": "bye"}]}],
    )
    assert (item.dialogue_id, item.goal) == ("a", {"hotel": DomainWish({"area": "east"}, ("phone",), {})})
    first, second = item.turns
    assert (first.gold_state, first.state, first.services) == ({"hotel": {"area": ("east",)}}, EAST, ("hotel",))
    assert (first.gold_acts, first.acts, first.active_domains) == ((("hotel", "inform", "", ""),), (), ("hotel",))
    assert (second.response, second.state, second.acts, second.active_domains) == (None,) * 4


@pytest.mark.parametrize(
    ("prediction", "reference", "problem"),
    [
        ([], {"turns": [TURN]}, "row 0: the prediction must be a list of 1 turns"),
        ([{}], [TURN], "row 0: this must be a mapping with dialogue_id, goal, turns, group"),
        ([{"text": "x"}], {"turns": [TURN]}, "row 0, turn 0: there is no field 'text'"),
        ([{"response": 3}], {"turns": [TURN]}, "row 0, turn 0: this must be a text, not 3"),
        ([{}], {"turns": [{}]}, "row 0, turn 0: this must be a text, not None"),
        ([{}], {"turns": [TURN], "goal": {"hotel": {"informed": {}}}}, "goal hotel: there is no field 'informed'"),
    ],
)
def test_dialogues_that_do_not_have_the_form(prediction, reference, problem):
    with pytest.raises(ValueError, match=problem):
        items_of(DialogueItem, [prediction], [reference])


def test_emotions():
    rows = items_of(
        EmotionItem, ["joy", "neutral"], [None, {"gold": None, "dialogue_id": "a", "group": {"age": "child"}}]
    )
    assert rows == [EmotionItem("row 0", 0, "joy"), EmotionItem("a", 0, "neutral", {"age": "child"})]


def test_a_predicted_state_may_say_how_sure_it_is():
    sure = {"hotel": {"area": 0.9}}
    assert items_of(StateItem, [{"predicted": EAST, "confidence": sure}], [EAST])[0].confidence == sure


def test_what_prediction_files_note_is_no_row():
    with pytest.raises(ValueError, match="tod-bench score"):
        items_of(NotedItem, ["x"], ["x"])
