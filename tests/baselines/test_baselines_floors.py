"""Floors and the ceiling: what each answers, worked by hand."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tod_baselines.floors.carry_over import CarryOver
from tod_baselines.floors.majority import Majority
from tod_baselines.floors.oracle import Oracle
from tod_baselines.floors.rule_match import RuleMatch
from tod_bench.records import Act, Dialogue, Schema, SlotSpec, Turn, first_values
from tod_bench.systems import FitContext, System, TurnInput, system_class
from tod_bench.tasks import TASKS, turn_inputs
from tod_metrics import metric
from tod_metrics.items import ActItem, StateItem


@pytest.mark.parametrize("name", ["carry_over", "majority", "oracle", "rule_match", "pptod"])
def test_every_system_is_found_and_keeps_the_protocol(name: str) -> None:
    system = system_class(name)()
    assert isinstance(system, System)
    assert system.tasks <= set(TASKS)
    assert system.gold_access <= {"previous_state", "gold"}
    for task in system.tasks:
        together = system.fits_together(task)
        assert together == () or task in together


def test_the_oracle_scores_100(toy_train: list[Dialogue]) -> None:
    oracle = Oracle()
    states, acts = [], []
    for dialogue in toy_train:
        for task in TASKS:
            shown = turn_inputs([dialogue], task, gold_access=oracle.gold_access)
            for turn, answer in zip(dialogue.turns, oracle.predict(task, shown), strict=True):
                if task == "dst":
                    states.append(StateItem(dialogue.id, turn.index, turn.state, answer.state or {}))
                elif task == "policy":
                    gold = tuple((act.domain, act.act, act.slot, act.value) for act in turn.acts)
                    assert answer.acts is not None
                    given = tuple((act.domain, act.act, act.slot, act.value) for act in answer.acts)
                    acts.append(ActItem(dialogue.id, turn.index, gold, given))
                else:
                    assert answer.response == turn.system
    for name, items in (("jga", states), ("slot_f1", states), ("act_f1", acts), ("act_match", acts)):
        scorer = metric(name)
        assert scorer.aggregate(scorer.statistics(items).sum(axis=0)) == 100


def test_the_oracle_refuses_to_guess() -> None:
    with pytest.raises(ValueError, match="must be shown the gold"):
        list(Oracle().predict("dst", [TurnInput("d", 0, (), "hello")]))


def test_carry_over_repeats_the_state_before(dialogue: Dialogue) -> None:
    shown = turn_inputs([dialogue], "dst", gold_access=CarryOver.gold_access)
    first, second = CarryOver().predict("dst", shown)
    assert first.state == {}
    assert second.state == first_values(dialogue.turns[0].state)


def fitted(system: System, train: list[Dialogue], context: FitContext) -> System:
    system.fit(train, [], context)
    fresh = type(system)()
    fresh.load(context)
    return fresh


def test_majority_answers_the_most_frequent(toy_train: list[Dialogue], context: FitContext) -> None:
    odd = replace(toy_train[0], turns=(replace(toy_train[0].turns[1], acts=()),))
    system = fitted(Majority(), [*toy_train, odd], context)
    shown = list(turn_inputs(toy_train[:1], "response"))
    # Every state stands once or twice; of the two acts the one of the first turn is as frequent but for `odd`.
    assert {answer.acts for answer in system.predict("policy", shown)} == {
        (Act("general", "reqmore"), Act("restaurant", "book"))
    }
    assert {answer.response for answer in system.predict("response", shown)} == {"Done. Anything else?"}
    assert {answer.state is not None for answer in system.predict("dst", shown)} == {True}


@settings(max_examples=20)
@given(order=st.permutations(range(6)))
def test_majority_does_not_depend_on_the_order(order: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    turns = [Turn(0, "hello", text) for text in ("a", "b", "b", "c", "c", "a")]
    train = [Dialogue(str(place), "toy", "train", (), (turns[place],)) for place in order]
    found = Majority().fit(train, [], FitContext("dst", {}, 1, tmp_path_factory.mktemp("majority")))
    assert found["response"] == "a"


SCHEMA: Schema = {
    "hotel": {"area": SlotSpec(values=("north", "south")), "name": SlotSpec(values=("north house", "the lodge"))},
    "restaurant": {"area": SlotSpec(values=("north", "south")), "food": SlotSpec(values=("thai", "dontcare"))},
    "Restaurants_1": {"city": SlotSpec(values=("San Jose",))},
}

RULES = [
    ([], {}),
    (["I need a hotel in the north"], {"hotel": {"area": "north"}}),
    (["north please, for a restaurant"], {"restaurant": {"area": "north"}}),
    (["the hotel called North House"], {"hotel": {"name": "north house"}}),
    (["a hotel in the north", "no, in the south"], {"hotel": {"area": "south"}}),
    (["a hotel in the north", "and a thai restaurant"], {"hotel": {"area": "north"}, "restaurant": {"food": "thai"}}),
    (["I dontcare about the northern restaurant"], {}),
    (["a hotel", "thai food"], {}),
    (["thai food"], {"restaurant": {"food": "thai"}}),
]


@pytest.mark.parametrize(("said", "state"), RULES)
def test_rule_match_finds_values(said: list[str], state: dict[str, dict[str, str]], context: FitContext) -> None:
    system = fitted(RuleMatch(), [], replace(context, schema=SCHEMA))
    turns = tuple(Turn(index, text) for index, text in enumerate(said or ["hello"]))
    shown = turn_inputs([Dialogue("d", "toy", "test", (), turns)], "dst")
    load = replace(context, schema=SCHEMA)
    system.load(load)
    assert [answer.state for answer in system.predict("dst", shown)][-1] == state


def test_rule_match_prefers_the_slot_that_training_prefers(context: FitContext) -> None:
    schema: Schema = {"train": {"departure": SlotSpec(values=("ely",)), "destination": SlotSpec(values=("ely",))}}
    turn = Turn(0, "to ely", state={"train": {"destination": ("ely",)}})
    here = replace(context, schema=schema)
    system = fitted(RuleMatch(), [Dialogue("d", "toy", "train", (), (turn,))], here)
    (answer,) = system.predict("dst", [TurnInput("x", 0, (), "a train, Ely")])
    assert answer.state == {"train": {"destination": "ely"}}


def test_rule_match_keeps_the_spelling_of_the_schema(context: FitContext) -> None:
    system = fitted(RuleMatch(), [], replace(context, schema=SCHEMA))
    (answer,) = system.predict("dst", [TurnInput("x", 0, (), "Restaurants in san jose")])
    assert answer.state == {"Restaurants_1": {"city": "San Jose"}}


def test_majority_counts_acts_of_annotated_dialogues(toy_train: list[Dialogue], tmp_path: Path) -> None:
    bare = [replace(one, turns=tuple(replace(turn, acts=()) for turn in one.turns)) for one in toy_train]
    context = FitContext("policy", {}, 1, tmp_path)
    most_frequent = Majority().fit([*bare, *bare, toy_train[0]], [], context)
    assert most_frequent["acts"] == Majority().fit([toy_train[0]], [], context)["acts"] != ""
