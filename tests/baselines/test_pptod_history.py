"""History: how much of a dialogue is shown, and states that are carried from turn to turn."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tod_baselines.pptod.examples import training_examples
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.system import PPTOD
from tod_baselines.training.rollout import roll_out, whole_dialogues
from tod_bench.errors import UserError
from tod_bench.records import Act, Dialogue, Prediction, Turn, as_state
from tod_bench.systems import FitContext, TurnInput
from tod_bench.tasks import turn_inputs


@pytest.fixture
def long_dialogue() -> Dialogue:
    foods = ("thai", "greek", "irish", "sushi")
    turns = tuple(
        Turn(
            index=index,
            user=f"Rather {food}.",
            system=f"Noted: {food}.",
            state={"restaurant": {"food": (food,)}},
            acts=(Act("restaurant", "inform", "food", food),),
            services=("restaurant",),
        )
        for index, food in enumerate(foods)
    )
    return Dialogue("d", "toy", "train", ("restaurant",), turns)


@pytest.mark.parametrize(
    ("history", "task", "last"),
    [
        (
            "all",
            "dst",
            "rather thai.|noted: thai.|rather greek.|noted: greek.|rather irish.|noted: irish.|rather sushi.",
        ),
        ("last+2", "dst", "rather greek.|noted: greek.|rather irish.|noted: irish.|rather sushi."),
        ("last+0", "dst", "rather sushi."),
        (
            "last+9",
            "dst",
            "rather thai.|noted: thai.|rather greek.|noted: greek.|rather irish.|noted: irish.|rather sushi.",
        ),
        ("state+1", "dst", "rather irish.|noted: irish.|rather sushi.|[restaurant] (food) irish"),
        ("state+0", "dst", "rather sushi.|[restaurant] (food) irish"),
        ("state+1", "policy", "rather irish.|noted: irish.|rather sushi.|[restaurant] (food) sushi"),
        ("last+1", "policy", "rather irish.|noted: irish.|rather sushi.|[restaurant] (food) sushi"),
    ],
)
def test_what_is_shown_of_the_last_turn(history: str, task: Any, last: str, long_dialogue: Dialogue) -> None:
    shown, _ = list(training_examples([long_dialogue], [task], Recipe(history=history)))[-1]
    spans = [span.split(" ", 1)[1] for span in list(shown.segments())[1:]]
    assert "|".join(spans) == last


def test_the_first_turn_carries_an_empty_state(long_dialogue: Dialogue) -> None:
    shown, _ = next(training_examples([long_dialogue], ["dst"], Recipe(history="state+1")))
    assert shown.text() == "dialogue to state: <user> rather thai. <state>"


@pytest.mark.parametrize("history", ["", "some", "last", "state+", "last+-1", "state+1.5", "all+1"])
def test_a_history_that_cannot_be_read(history: str) -> None:
    with pytest.raises(UserError, match=r"history must be all, last\+K or state\+K"):
        Recipe(history=history)


def counter(seen: list[list[tuple[str, int]]]) -> Any:
    """Answers with the number of turns so far, which it knows only from the state before."""

    def answer(turns: Sequence[TurnInput]) -> list[Prediction]:
        seen.append([(turn.dialogue_id, turn.turn) for turn in turns])
        found = []
        for turn in turns:
            before = (turn.previous_state or {}).get("count", {}).get("turns", ("0",))[0]
            found.append(Prediction(turn.dialogue_id, turn.turn, {"count": {"turns": str(int(before) + 1)}}))
        return found

    return answer


def turns_of(**lengths: int) -> list[TurnInput]:
    gold = as_state({"count": {"turns": "100"}})
    return [
        TurnInput(dialogue, index, (), "hello", previous_state=gold)
        for dialogue, length in lengths.items()
        for index in range(length)
    ]


def test_each_turn_is_shown_the_state_predicted_before_it() -> None:
    seen: list[list[tuple[str, int]]] = []
    turns = turns_of(a=3, b=1, c=2)
    answers = roll_out(turns, counter(seen))
    assert [(answer.dialogue_id, answer.turn) for answer in answers] == [(t.dialogue_id, t.turn) for t in turns]
    assert [answer.state for answer in answers] == [{"count": {"turns": str(turn.turn + 1)}} for turn in turns]
    assert seen == [[("a", 0), ("b", 0), ("c", 0)], [("a", 1), ("c", 1)], [("a", 2)]]


def test_chunks_end_where_dialogues_end() -> None:
    turns = turns_of(a=3, b=1, c=2, d=1)
    assert [len(chunk) for chunk in whole_dialogues(turns, 2)] == [3, 3, 1]
    assert [len(chunk) for chunk in whole_dialogues(turns, 4)] == [4, 3]
    assert [turn for chunk in whole_dialogues(turns, 1) for turn in chunk] == turns
    assert list(whole_dialogues([], 3)) == []


def test_gold_states_are_never_shown_when_answering(
    context: FitContext, toy_train: list[Dialogue], tiny: dict[str, Any]
) -> None:
    system = PPTOD(**{**tiny, "history": "state+0"})
    system.fit(toy_train, toy_train[:2], context)
    system.load(context)
    plain = list(system.predict("dst", turn_inputs(toy_train, "dst")))
    leaking = turn_inputs(toy_train, "dst", gold_access=frozenset({"previous_state"}))
    assert list(system.predict("dst", leaking)) == plain
    alone = list(system.predict("dst", [replace(turn, state=None) for turn in turn_inputs(toy_train[3:4], "dst")]))
    assert alone == [answer for answer in plain if answer.dialogue_id == toy_train[3].id]
