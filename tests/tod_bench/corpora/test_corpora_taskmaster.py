"""Taskmaster 1 to 4, in files made by hand, and what is at hand of the real ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tod_bench.corpora.check import check
from tod_bench.corpora.extent import extents
from tod_bench.corpora.taskmaster import Taskmaster
from tod_bench.errors import DataError, UserError
from tod_bench.records import Act, Span

Write = Callable[[str, Any], Path]


def _segment(text: str, part: str, *names: str) -> dict[str, Any]:
    start = text.index(part)
    annotations = [{"name": name} for name in names]
    return {"start_index": start, "end_index": start + len(part), "text": part, "annotations": annotations}


PIZZA = [
    {"index": 0, "speaker": "ASSISTANT", "text": "Yes?"},
    {
        "index": 1,
        "speaker": "USER",
        "text": "Two large ones.",
        "segments": [
            _segment("Two large ones.", "large", "pizza_ordering.size.pizza.accept", "pizza_ordering.size.pizza")
        ],
    },
    {"index": 2, "speaker": "USER", "text": "From Luigi."},
    {
        "index": 3,
        "speaker": "ASSISTANT",
        "text": "No dough left.",
        "segments": [_segment("No dough left.", "No dough", "pizza_ordering.reject")],
    },
]


def _conversation(name: str, utterances: Any) -> dict[str, Any]:
    return {"conversation_id": name, "instruction_id": "pizza-1", "utterances": utterances}


@pytest.fixture
def release1(write: Write) -> Path:
    write("TM-1-2019/self-dialogs.json", [_conversation("dlg-a", PIZZA), _conversation("dlg-b", PIZZA[:1])])
    write("TM-1-2019/woz-dialogs.json", [_conversation("dlg-c", PIZZA)])
    write("TM-1-2019/train-dev-test/train.csv", "dlg-a,\n")
    write("TM-1-2019/train-dev-test/test.csv", "dlg-b,\n")
    pizza = {"id": "pizza_ordering", "vertical": "pizza", "required": ["size.pizza"], "optional": ["name.store"]}
    return write("TM-1-2019/ontology.json", {"pizza": pizza}).parent


def test_the_first_release(release1: Path) -> None:
    corpus = Taskmaster(release1)
    assert (corpus.name, corpus.splits) == ("taskmaster1", ("train", "test", "woz"))
    assert {split: [one.id for one in corpus.dialogues(split)] for split in corpus.splits} == {
        "train": ["dlg-a"],
        "test": ["dlg-b"],
        "woz": ["dlg-c"],
    }
    (dialogue,) = corpus.dialogues("train")
    assert dialogue.services == ("pizza_ordering",)
    assert [(turn.user, turn.system) for turn in dialogue.turns] == [
        ("", "Yes?"),
        ("Two large ones.", ""),
        ("From Luigi.", "No dough left."),
    ]
    # Both workers marked it, one of them as accepted: one span, under the slot of the ontology.
    assert [turn.spans for turn in dialogue.turns] == [
        (),
        (Span("user", "pizza_ordering", "size.pizza", "large", 4, 9),),
        (),
    ]
    assert set(corpus.schema["pizza_ordering"]) == {"size.pizza", "name.store"}
    assert {one.split: one.official for one in extents(corpus, {"train": 1, "woz": 1})}["woz"] == 5507
    assert set(corpus.missing_annotations("train")) == {"states", "frames", "goals", "personas", "acts"}


def test_a_dialogue_without_spans_is_warned_of(release1: Path) -> None:
    corpus = Taskmaster(release1)
    list(corpus.dialogues("test"))
    assert "no span says which domain" in str(corpus.warnings[0])


def test_the_second_release_has_a_file_a_domain(write: Write) -> None:
    text = "The Ritz it is."
    said = {
        "index": 0,
        "speaker": "USER",
        "text": text,
        "segments": [_segment(text, "Ritz", "hotel_search.name.hotel")],
    }
    write("TM-2-2020/data/hotels.json", [_conversation("dlg-h", [said])])
    write("TM-2-2020/data/music.json", [_conversation("dlg-m", PIZZA[:1])])
    parts = [{"prefix": "hotel_search", "annotations": ["name.hotel"]}]
    corpus = Taskmaster(write("TM-2-2020/ontology/hotels.json", {"hotels": parts}).parents[1], version="2")
    hotel, music = corpus.dialogues("all")
    assert (hotel.services, music.services) == (("hotels",), ("music",))
    assert hotel.turns[0].spans == (Span("user", "hotels", "hotel_search.name.hotel", "Ritz", 4, 8),)
    assert set(corpus.schema) == {"hotels"}
    assert list(corpus.schema["hotels"]) == ["hotel_search.name.hotel"]


def test_the_third_release_has_the_calls_as_acts(write: Write) -> None:
    text = "Tickets for Nope."
    utterances = [
        {"index": 0, "speaker": "user", "text": text, "segments": [_segment(text, "Nope", "name.movie")]},
        {
            "index": 1,
            "speaker": "assistant",
            "text": "Let me look.",
            "segments": [],
            "apis": [
                {"name": "find_theaters", "index": 1, "args": {"name.movie": ["Nope"]}, "response": {}},
                {"name": "book_tickets", "index": 1, "args": [{"arg_name": "num.tickets", "arg_value": "2"}]},
            ],
        },
        {"index": 2, "speaker": "assistant", "text": "Done.", "apis": [{"name": "find_movies", "args": {}}]},
    ]
    folder = write("TM-3-2020/data/data_00.json", [{"conversation_id": "dlg-t", "utterances": utterances}]).parents[1]
    (dialogue,) = Taskmaster(folder, version="3").dialogues("all")
    assert dialogue.services == ("movie",)
    assert [turn.acts for turn in dialogue.turns] == [
        (Act("movie", "find_theaters", "name.movie", "Nope"), Act("movie", "book_tickets", "num.tickets", "2")),
        (Act("movie", "find_movies"),),
    ]
    assert "acts" not in Taskmaster(folder, version="3").missing_annotations("all")


def test_the_fourth_release_has_calls_in_texts(write: Write) -> None:
    annotations = [
        {"name": "api_call", "value": "add_order_item", "context": "api_call_0"},
        {"name": "request", "value": '{"menu_item_id": "latte", "quantity": 2}', "context": "api_call_0"},
        {"name": "api_call", "value": "finish_order", "context": "api_call_1"},
        {"name": "request", "value": "{broken", "context": "api_call_1"},
    ]
    segment = {"start_index": "4", "end_index": "10", "text": "lattes", "annotations": [{"name": "request"}]}
    said = {"index": 0, "speaker": "user", "text": "two lattes", "segments": [segment], "annotations": annotations}
    folder = write("TM-4-2024/data/data_00.json", [{"conversation_id": "dlg-l", "utterances": [said]}]).parents[1]
    corpus = Taskmaster(folder, version="4", cache=False)
    (dialogue,) = corpus.dialogues("all")
    assert dialogue.turns[0].acts == (
        Act("coffee", "add_order_item", "menu_item_id", "latte"),
        Act("coffee", "add_order_item", "quantity", "2"),
        Act("coffee", "finish_order"),
    )
    assert dialogue.turns[0].spans == (Span("user", "coffee", "request", "lattes", 4, 10),)
    assert "not a JSON object: '{broken'" in str(corpus.warnings[0])


def test_what_is_not_taskmaster_is_an_error(write: Write, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no dialogues of Taskmaster 3; give the folder TM-3-2020"):
        Taskmaster(tmp_path, version="3")
    folder = write("TM-2-2020/data/music.json", [_conversation("x", [{"speaker": "DJ", "text": "Hi"}])]).parents[1]
    with pytest.raises(DataError, match="neither USER nor ASSISTANT"):
        list(Taskmaster(folder, version="2").dialogues("all"))


@pytest.mark.realdata
def test_what_is_at_hand_of_the_real_ones(realdata: Path) -> None:
    fourth = Taskmaster(realdata / "taskmaster/TM-4-2024", version="4", cache=False)
    dialogues = list(fourth.dialogues("all"))
    spoken = sum(bool(turn.user) + bool(turn.system) for one in dialogues for turn in one.turns)
    assert (len(dialogues), spoken) == (3710, 13915)
    assert not [one for one in check(fourth, "all") if one.serious]
    (there,) = extents(fourth, {"all": 3710})
    assert str(there) == "3,710 of 6,500 dialogues"
    first = Taskmaster(realdata / "taskmaster/TM-1-2019", cache=False)
    assert (first.name, first.splits) == ("taskmaster1-unofficial", ("sample",))
    (sample,) = first.dialogues("sample")
    assert sample.services == ("restaurant_reservation",)
    named = {(span.domain, span.slot) for turn in sample.turns for span in turn.spans}
    assert named <= {(domain, slot) for domain, slots in first.schema.items() for slot in slots}
    assert not [one for one in check(first, "sample") if one.serious]
