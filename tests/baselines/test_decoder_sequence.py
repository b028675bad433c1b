"""The text of a dialogue: the same in training and when a model answers; any answer is read."""

from dataclasses import replace
from typing import Any

import pytest
from conftest import TOY_SCHEMA, toy_dialogues
from hypothesis import given
from hypothesis import strategies as st

from tod_baselines.decoder.examples import longest_answer, windows
from tod_baselines.decoder.sequence import (
    PLAIN_MARKS,
    Marks,
    Piece,
    Transcript,
    acts_text,
    changes,
    dialogue_pieces,
    encode,
    marks_of,
    read_answer,
    turns_to_drop,
    with_changes,
)
from tod_baselines.decoder.settings import Settings
from tod_baselines.training.tokenizers import train_tokenizer
from tod_bench.errors import UserError
from tod_bench.records import Act, Dialogue, TaskName, first_values
from tod_bench.tasks import TASKS, turn_inputs

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


class Rooms:
    """A database of one table."""

    def query(self, domain: str, constraints: Any) -> list[dict[str, str]]:
        return [{"name": "one"}, {"name": "two"}] if domain == "restaurant" else []


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    texts = [text for dialogue in toy_dialogues(12) for turn in dialogue.turns for text in (turn.user, turn.system)]
    made = train_tokenizer(texts, 400)
    made.add_special_tokens({"additional_special_tokens": [*PLAIN_MARKS, "<|im_start|>", "<|im_end|>"]})
    return made


def settings_of(marks: str, **others: Any) -> Settings:
    return Settings(marks=marks, **others)  # type: ignore[arg-type]


def ready(tokenizer: Any, marks: str) -> Any:
    if marks == "chat":
        tokenizer.chat_template, tokenizer.eos_token = CHATML, "<|im_end|>"
    else:
        tokenizer.eos_token = "</s>"
    return tokenizer


def gold_answer(task: TaskName, dialogue: Dialogue, index: int, transcript: Transcript, settings: Settings) -> str:
    turn = dialogue.turns[index]
    if task == "dst":
        previous = first_values(dialogue.turns[index - 1].state) if index else {}
        return transcript.state_text(previous, first_values(turn.state))
    return acts_text(turn.acts, settings) if task == "policy" else turn.system


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("marks", ["plain", "chat"])
@pytest.mark.parametrize("target", ["changes", "state"])
def test_gold_answers_fed_back_give_the_training_sequence(
    task: TaskName, marks: str, target: str, tokenizer: Any
) -> None:
    tokenizer = ready(tokenizer, marks)
    settings = settings_of(marks, target=target, act_values=True, lowercase=True)
    found = marks_of(tokenizer, settings)
    end = tokenizer.convert_tokens_to_ids(found.end)
    for dialogue in toy_dialogues(3):
        pieces = dialogue_pieces(dialogue, task, settings, found, Rooms())
        trained = encode(tokenizer, pieces)
        shown_turns = turn_inputs([dialogue], task, states="gold", acts="gold", database=Rooms())
        transcript, text, asked = Transcript(task, settings, found), [], []
        for shown in shown_turns:
            text += [token for tokens in encode(tokenizer, transcript.context(shown)) for token in tokens]
            asked.append(list(text))
            answer = gold_answer(task, dialogue, shown.turn, transcript, settings)
            [tokens] = encode(tokenizer, [Piece(f" {answer}", 0)]) if answer else [[]]
            if task != "response":
                text += [*tokens, end]
                transcript.answered()
        starts = [
            sum(len(tokens) for tokens in trained[:number])
            for number, piece in enumerate(pieces)
            if piece.learned and not pieces[number - 1].learned
        ]
        whole = [token for tokens in trained for token in tokens]
        assert [len(some) for some in asked] == starts
        assert asked == [whole[:start] for start in starts]
        assert whole[-1] == end


def test_only_answers_and_their_ends_are_learned(tokenizer: Any) -> None:
    settings = settings_of("plain")
    marks = marks_of(ready(tokenizer, "plain"), settings)
    dialogue = toy_dialogues(1)[0]
    learned = {
        task: [piece.text for piece in dialogue_pieces(dialogue, task, settings, marks, Rooms()) if piece.learned]
        for task in TASKS
    }
    assert learned == {
        "dst": [" [restaurant] (area) north (food) Thai", "</s>", " [restaurant] (book day) friday", "</s>"],
        "policy": [
            " [restaurant] [recommend] (name) [restaurant] [request] (book day)",
            "</s>",
            " [general] [reqmore] [restaurant] [book]",
            "</s>",
        ],
        "response": [" The Copper Ladle (cheap). Book it?", "</s>", " Done. Anything else?", "</s>"],
    }


def test_what_is_given_stands_before_the_answer(tokenizer: Any) -> None:
    settings = settings_of("plain", target="state")
    marks = marks_of(ready(tokenizer, "plain"), settings)
    pieces = dialogue_pieces(toy_dialogues(1)[0], "response", settings, marks, Rooms())
    assert "".join(piece.text for piece in pieces if piece.turn == 1) == (
        "<user> Yes, for Friday.<state> [restaurant] (area) north (book day) friday (food) Thai</s>"
        "<db> [restaurant] 2</s><acts> [general] [reqmore] [restaurant] [book]</s><system> Done. Anything else?</s>"
    )


def test_dst_never_sees_acts_or_the_gold_state_of_its_own_turn(tokenizer: Any) -> None:
    marks = marks_of(ready(tokenizer, "plain"), settings_of("plain"))
    pieces = dialogue_pieces(toy_dialogues(1)[0], "dst", settings_of("plain", multitask=True), marks, Rooms())
    given_text = "".join(piece.text for piece in pieces if not piece.learned)
    assert "<acts>" not in given_text
    assert "(book day)" not in given_text


def test_a_chat_template_is_taken_apart(tokenizer: Any) -> None:
    marks = marks_of(ready(tokenizer, "chat"), settings_of("chat"))
    assert (marks.start, marks.user_end, marks.end, marks.after) == ("", "<|im_end|>\n", "<|im_end|>", "\n")
    assert marks.openings["user"] == "<|im_start|>user\n"
    assert marks.openings["state"] == "<|im_start|>assistant\nstate:"


def test_a_template_that_repeats_or_hides_contents_is_refused(tokenizer: Any) -> None:
    ready(tokenizer, "chat").chat_template = "{{ messages[-1].content }}</s>"
    with pytest.raises(UserError, match="set marks: plain"):
        marks_of(tokenizer, settings_of("chat"))
    tokenizer.chat_template = None
    with pytest.raises(UserError, match="has no chat template"):
        marks_of(tokenizer, settings_of("chat"))


def test_marks_within_an_utterance_are_text(tokenizer: Any) -> None:
    [said, mark] = encode(tokenizer, [Piece("<state> </s>", 0), Piece("<state>", 0, special=True)])
    assert len(mark) == 1
    assert not {*mark, tokenizer.convert_tokens_to_ids("</s>")} & set(said)
    assert tokenizer.decode(said) == "<state> </s>"


def test_turns_that_were_never_asked_about_stand_in_the_text(tokenizer: Any) -> None:
    settings = settings_of("plain")
    marks = marks_of(ready(tokenizer, "plain"), settings)
    second = list(turn_inputs(toy_dialogues(1), "dst"))[1]
    text = "".join(piece.text for piece in Transcript("dst", settings, marks).context(second))
    assert text == (
        "<user> A Thai restaurant in the north, please.<system> The Copper Ladle (cheap). Book it?</s>"
        "<user> Yes, for Friday.<state>"
    )


values = st.text(st.sampled_from("abc ()[]%"), min_size=1, max_size=5).map(lambda text: " ".join(text.split()) or "x")
states = st.dictionaries(
    st.sampled_from(["hotel", "taxi"]),
    st.dictionaries(st.sampled_from(["area", "book day"]), values, min_size=1),
)
SCHEMA = {domain: dict.fromkeys(("area", "book day"), TOY_SCHEMA["restaurant"]["food"]) for domain in ("hotel", "taxi")}


@given(states, states, st.sampled_from(["changes", "state"]))
def test_a_written_state_is_read_back(previous: Any, state: Any, target: str) -> None:
    assert with_changes(previous, changes(previous, state)) == state
    settings = settings_of("plain", target=target)
    marks = Marks("", dict.fromkeys(("user", "state", "db", "acts", "system"), ""), "", "</s>", "")  # type: ignore[arg-type]
    text = Transcript("dst", settings, marks).state_text(previous, state)
    answer = read_answer("dst", text, previous, settings, SCHEMA)
    assert (answer.state, answer.unread, answer.unknown) == (state, (), ())


@given(st.text(), st.sampled_from(TASKS), st.sampled_from(["changes", "state"]))
def test_any_text_is_read(text: str, task: TaskName, target: str) -> None:
    answer = read_answer(task, text, {"hotel": {"area": "north"}}, settings_of("plain", target=target), SCHEMA)
    assert (answer.state is not None, answer.acts is not None, answer.response is not None) == tuple(
        task == other for other in TASKS
    )


def test_what_cannot_be_read_and_what_is_unknown_are_told() -> None:
    text = "well [restaurant] (area) south (wifi) yes (food)"
    answer = read_answer("dst", text, {"restaurant": {"food": "Thai"}}, settings_of("plain"), TOY_SCHEMA)
    assert answer.state == {"restaurant": {"food": "Thai", "area": "south"}}
    assert answer.unread == ("'well' stands before the first mark", "slot 'food' has no value")
    assert answer.unknown == ("restaurant wifi",)


def test_a_slot_is_removed_and_dontcare_is_kept() -> None:
    before, after = {"restaurant": {"area": "north", "food": "Thai"}}, {"restaurant": {"food": "dontcare"}}
    assert changes(before, after) == {"restaurant": {"food": "dontcare", "area": "none"}}
    assert with_changes({"restaurant": {"area": "north"}}, {"restaurant": {"area": "none"}}) == {}


def test_acts_are_read() -> None:
    answer = read_answer("policy", " [hotel] [inform] (area)", {}, settings_of("plain"), {})
    assert answer.acts == (Act("hotel", "inform", "area"),)


@pytest.mark.parametrize(
    ("lengths", "limit", "dropped"),
    [([3, 3, 4], 10, 0), ([3, 3, 5], 10, 2), ([3, 3, 40], 10, 2), ([40], 10, 0), ([9, 1, 1], 10, 1)],
)
def test_the_oldest_turns_go_down_to_half_of_the_room(lengths: list[int], limit: int, dropped: int) -> None:
    assert turns_to_drop(lengths, limit) == dropped


def test_a_long_dialogue_becomes_windows_in_which_each_answer_is_learned_once() -> None:
    pieces = [Piece("start", -1)]
    ids = [[0]]
    for turn in range(6):
        pieces += [Piece("user", turn), Piece("answer", turn, True)]
        ids += [[10 + turn] * 2, [20 + turn]]
    found = list(windows(pieces, ids, 11))
    assert [some.ids.tolist() for some in found] == [
        [0, 10, 10, 20, 11, 11, 21, 12, 12, 22],
        [0, 13, 13, 23, 14, 14, 24, 15, 15, 25],
    ]
    learned = [token for some in found for token in some.ids[some.learned].tolist()]
    assert learned == [20, 21, 22, 23, 24, 25]
    wide = list(windows(pieces, ids, 14))
    assert wide[1].ids.tolist()[:4] == [0, 13, 13, 23]
    assert sorted(token for some in wide for token in some.ids[some.learned].tolist()) == learned
    assert longest_answer(found) == 1


def test_context_turns_of_a_window_are_read_and_not_learned() -> None:
    pieces, ids = [], []
    for turn, size in enumerate([2, 2, 2, 2, 5]):
        pieces += [Piece("user", turn), Piece("answer", turn, True)]
        ids += [[1] * size, [20 + turn]]
    first, second = windows(pieces, ids, 15)
    assert first.ids[first.learned].tolist() == [20, 21, 22, 23]
    assert second.ids[second.learned].tolist() == [24]
    assert 23 not in second.ids.tolist() or not second.learned[list(second.ids).index(23)]


@pytest.mark.parametrize(
    ("given_settings", "message"),
    [
        ({"batch_tokens": 0}, "batch_tokens must be above 0"),
        ({"epochs": -1}, "epochs must not be below 0"),
        ({"init": "scratch", "marks": "chat"}, "set marks: plain"),
        ({"init": "scratch", "epochs": 0}, "must be trained"),
        ({"init": "scratch", "lora": {}}, "lora adapts a pretrained model"),
        ({"lora": {"rank": 3}}, "lora.rank is unknown"),
        ({"dims": {"hidden_size": 3}}, "dims can only be set with init: scratch"),
        ({"max_new_tokens": 4096}, "max_new_tokens must be below max_tokens"),
    ],
)
def test_wrong_settings_are_named(given_settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Settings(**given_settings)


def test_lora_has_defaults() -> None:
    assert Settings(lora={"r": 4}).adapters == {"r": 4, "alpha": 32, "dropout": 0.0, "targets": "all-linear"}
    assert replace(Settings(), lora=None).to_json()["lora"] is None
