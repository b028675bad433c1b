"""Answers of `decoder`: the tokens of training again, and what is made of what the model wrote."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from conftest import TOY_SCHEMA, toy_dialogues  # noqa: E402

from tod_baselines.decoder.answering import Answerer  # noqa: E402
from tod_baselines.decoder.decoding import Written  # noqa: E402
from tod_baselines.decoder.models import new_model, ready_tokenizer  # noqa: E402
from tod_baselines.decoder.sequence import dialogue_pieces, encode, marks_of  # noqa: E402
from tod_baselines.decoder.settings import Settings  # noqa: E402
from tod_bench.errors import UserError  # noqa: E402
from tod_bench.predictions import UNKNOWN_NOTE, UNREAD_NOTE  # noqa: E402
from tod_bench.records import Dialogue, Prediction, TaskName  # noqa: E402
from tod_bench.systems import FitContext, TurnInput  # noqa: E402
from tod_bench.tasks import turn_inputs  # noqa: E402

TINY: dict[str, Any] = {
    "model": "llama-tiny",
    "init": "scratch",
    "vocab_size": 320,
    "dims": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4},
    "max_tokens": 512,
    "max_new_tokens": 64,
}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("tokenizer")
    return ready_tokenizer(Settings(**TINY), toy_dialogues(12), FitContext("dst", TOY_SCHEMA, 0, folder))


def answerer(tokenizer: Any, fixed: bool = False, **settings: Any) -> Answerer:
    chosen = Settings(**{**TINY, **settings})
    torch.manual_seed(0)
    return Answerer(new_model(chosen, tokenizer), tokenizer, chosen, chosen.max_new_tokens, TOY_SCHEMA, fixed=fixed)


def shown(dialogue: Dialogue, task: TaskName) -> list[TurnInput]:
    return list(turn_inputs([dialogue], task, states="gold", acts="gold"))


def play(ours: Answerer, task: TaskName, turns: Sequence[TurnInput], said: Sequence[Any]) -> Any:
    """Plays the model: gives each answer (a text, or what was written), returns what was asked and the predictions."""
    asked, talk = [], ours._dialogue(task, turns)
    ask = next(talk)
    for answer in said:
        asked.append(ask)
        try:
            ask = talk.send(answer if isinstance(answer, Written) else as_written(ours, answer))
        except StopIteration as end:
            return asked, end.value
    raise AssertionError("the dialogue goes on")


def as_written(ours: Answerer, text: str) -> Written:
    ids = tuple(ours._tokenizer(text, add_special_tokens=False).input_ids)
    return Written(ids, tuple([-0.25] * len(ids)), True)


@pytest.mark.parametrize("task", ["dst", "policy", "response"])
@pytest.mark.parametrize("target", ["changes", "state"])
def test_with_gold_answers_the_model_reads_the_tokens_of_training(tokenizer: Any, task: TaskName, target: str) -> None:
    dialogue = toy_dialogues(1)[0]
    ours = answerer(tokenizer, target=target)
    pieces = dialogue_pieces(dialogue, task, ours._settings, marks_of(tokenizer, ours._settings))
    tokens = encode(tokenizer, pieces)
    trained = [token for some in tokens for token in some]
    starts, gold, end = [], [], 0
    for piece, some in zip(pieces, tokens, strict=True):
        if piece.learned and not piece.special:
            starts.append(end)
            gold.append(Written(tuple(some), tuple([-0.1] * len(some)), True))
        end += len(some)
    asked, _ = play(ours, task, shown(dialogue, task), gold)
    assert [list(ask.ids) for ask in asked] == [trained[:start] for start in starts]


def test_changes_are_added_to_the_models_own_state(tokenizer: Any) -> None:
    turns = shown(toy_dialogues(1)[0], "dst")
    said = [" [restaurant] (area) west (food) Thai", " [restaurant] (book day) friday (food) none"]
    _, (first, second) = play(answerer(tokenizer), "dst", turns, said)
    assert first.state == {"restaurant": {"area": "west", "food": "Thai"}}
    assert second.state == {"restaurant": {"area": "west", "book day": "friday"}}
    assert second.raw == {"dst": said[1]}
    assert not first.notes


def test_confidence_is_the_probability_of_a_values_tokens_when_it_was_written(tokenizer: Any) -> None:
    turns = shown(toy_dialogues(1)[0], "dst")
    said = [" [restaurant] (area) west", " [restaurant] (book day) friday"]
    _, (first, second) = play(answerer(tokenizer), "dst", turns, said)
    ids = tokenizer(" west", add_special_tokens=False).input_ids
    assert first.confidence == {"restaurant": {"area": pytest.approx(math.exp(-0.25 * len(ids)))}}
    assert second.confidence["restaurant"]["area"] == first.confidence["restaurant"]["area"]
    assert 0 < second.confidence["restaurant"]["book day"] < 1


def test_what_cannot_be_read_is_noted_and_an_answer_that_was_cut_too(tokenizer: Any) -> None:
    turns = shown(toy_dialogues(1)[0], "dst")
    ids = tuple(tokenizer(" [restaurant] (ar", add_special_tokens=False).input_ids)
    said = [" nonsense [hotel] (stars) 4", Written(ids, tuple([-1.0] * len(ids)), False)]
    _, (first, second) = play(answerer(tokenizer), "dst", turns, said)
    assert first.state == {}
    assert first.notes[UNKNOWN_NOTE] == ["hotel stars"]
    assert "nonsense" in str(first.notes[UNREAD_NOTE])
    assert second.notes["answer_cut"] is True


def test_a_response_makes_room_for_the_corpus_own(tokenizer: Any) -> None:
    turns = shown(toy_dialogues(1)[0], "response")
    asked, (first, _) = play(answerer(tokenizer), "response", turns, [" Something else.", " Bye."])
    assert first.response == "Something else."
    text = tokenizer.decode(asked[1].ids)
    assert "Something else" not in text
    assert "The Copper Ladle (cheap). Book it?" in text


def test_the_oldest_turns_go_where_there_is_no_room(tokenizer: Any) -> None:
    dialogue = toy_dialogues(1)[0]
    turns = [
        replace(turn, index=index, user=f"turn {index} {turn.user}")
        for index in range(8)
        for turn in dialogue.turns[:1]
    ]
    ours = answerer(tokenizer, max_tokens=200)
    asked, answers = play(ours, "dst", shown(replace(dialogue, turns=tuple(turns)), "dst"), [""] * 8)
    assert all(len(ask.ids) <= 200 - 64 for ask in asked)
    first = [answer.notes.get("turns_truncated", 0) for answer in answers]
    assert first[0] == 0
    assert first[-1] > 0
    for ask, dropped, number in zip(asked, first, range(8), strict=True):
        text = tokenizer.decode(ask.ids)
        assert [f"turn {index} " in text for index in range(number + 1)] == [
            index >= dropped for index in range(number + 1)
        ]


def test_an_utterance_that_is_too_long_by_itself_is_cut_and_noted(tokenizer: Any) -> None:
    (turn, *_) = shown(toy_dialogues(1)[0], "dst")
    long = replace(turn, user="a table for two " * 60)
    (ask,), (answer,) = play(answerer(tokenizer, max_tokens=200), "dst", [long], [""])
    assert len(ask.ids) == 200 - 64
    assert answer.notes["utterance_tokens_truncated"] > 0


@pytest.mark.parametrize("task", ["dst", "policy", "response"])
def test_answers_do_not_depend_on_what_is_beside_them(tokenizer: Any, task: TaskName) -> None:
    dialogues = toy_dialogues(3)
    turns = [turn for dialogue in dialogues for turn in shown(dialogue, task)]
    together = answerer(tokenizer, max_new_tokens=9, decode_rows=2).answers(task, turns)
    alone = [
        answer
        for dialogue in dialogues
        for answer in answerer(tokenizer, max_new_tokens=9, decode_rows=1).answers(task, shown(dialogue, task))
    ]
    assert [_without_confidence(answer) for answer in together] == [_without_confidence(answer) for answer in alone]
    assert [(answer.dialogue_id, answer.turn) for answer in together] == [
        (turn.dialogue_id, turn.turn) for turn in turns
    ]


@pytest.mark.parametrize("task", ["dst", "policy"])
def test_a_dialogue_that_is_held_turn_by_turn_reads_and_writes_no_turn_twice(
    tokenizer: Any, task: TaskName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an agent is asked: for all turns so far, every time."""
    dialogues = [shown(dialogue, task) for dialogue in toy_dialogues(3)]
    at_once = answerer(tokenizer, max_new_tokens=9, decode_rows=3)
    held = answerer(tokenizer, fixed=True, max_new_tokens=9, decode_rows=3)
    read: dict[str, int] = {}
    for name, some in (("at once", at_once), ("held", held)):
        _count_tokens(some, monkeypatch, read, name)
    expected = at_once.answers(task, [turn for turns in dialogues for turn in turns])
    found = {}
    for length in range(1, max(map(len, dialogues)) + 1):
        for answer in held.answers(task, [turn for turns in dialogues for turn in turns[:length]]):
            found[answer.dialogue_id, answer.turn] = _without_confidence(answer)
    assert found == {(answer.dialogue_id, answer.turn): _without_confidence(answer) for answer in expected}
    assert read["held"] == read["at once"]


def _count_tokens(some: Answerer, monkeypatch: pytest.MonkeyPatch, read: dict[str, int], name: str) -> None:
    decoding = some._decoding()
    step = decoding._logits

    def counted(cache: Any, ids: list[int], *more: Any) -> Any:
        read[name] = read.get(name, 0) + len(ids)
        return step(cache, ids, *more)

    monkeypatch.setattr(decoding, "_logits", counted)
    monkeypatch.setattr(some, "_decoding", lambda: decoding)


def test_a_model_that_is_still_learning_is_asked_anew(tokenizer: Any) -> None:
    """Dev scores between epochs: neither answers nor copies of weights of the epoch before."""
    ours = answerer(tokenizer, max_new_tokens=9)
    turns = shown(toy_dialogues(1)[0], "dst")
    before = ours.answers("dst", turns)
    with torch.no_grad():
        for weights in ours._model.parameters():
            weights.copy_(torch.randn_like(weights))
    changed = ours.answers("dst", turns)
    assert [answer.raw for answer in changed] != [answer.raw for answer in before]
    fresh = Answerer(ours._model, tokenizer, ours._settings, 9, TOY_SCHEMA).answers("dst", turns)
    assert changed == fresh


def test_answers_are_forgotten_when_there_are_too_many(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tod_baselines.decoder.answering.ANSWERS_KEPT", 2)
    ours = answerer(tokenizer, fixed=True, max_new_tokens=9)
    turns = [turn for dialogue in toy_dialogues(2) for turn in shown(dialogue, "dst")]
    first = ours.answers("dst", turns)
    assert len(ours._answered) == 2
    assert [_without_confidence(answer) for answer in ours.answers("dst", turns)] == [
        _without_confidence(answer) for answer in first
    ]


def _without_confidence(answer: Prediction) -> Prediction:
    return replace(answer, confidence=None)


def test_more_tokens_than_the_model_reads_are_refused(tokenizer: Any) -> None:
    with pytest.raises(UserError, match="reads 2048 tokens at most; set max_tokens: 2048"):
        answerer(tokenizer, max_tokens=5000)
