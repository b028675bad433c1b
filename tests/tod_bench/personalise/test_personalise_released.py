"""Records: in the released layout, and without loss through the reader of it."""

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tod_bench.corpora.base import Corpus, open_corpus
from tod_bench.corpora.picpersona import PicPersona
from tod_bench.corpora.picpersona_made import read_about, read_made, write_about
from tod_bench.errors import UserError
from tod_bench.personalise.released import acts_text, record_key, record_of, state_text, text_loses, type_of
from tod_bench.records import Act, Dialogue, DomainGoal, Frame, Persona, Span, Turn
from tod_bench.simulated.corpus import Simulated

PERSONA = Persona("00000/1.png", "Somebody.", "adult", "female", "casual", "positive")


def styled(dialogue: Dialogue) -> list[tuple[str, str]]:
    return [(f"Hey, {turn.user}", f"{turn.system} Bye!") for turn in dialogue.turns]


def written(folder: Path, corpus: Corpus, dialogues: list[Dialogue], split: str, reader: str) -> Path:
    kind = type_of(corpus)
    records = {record_key(kind, split, one.id): record_of(kind, split, one, PERSONA, styled(one)) for one in dialogues}
    (folder / f"{split}.json").write_text(json.dumps(records))
    write_about(folder, corpus, reader, {})
    return folder


def without_style(dialogue: Dialogue) -> Dialogue:
    turns = tuple(replace(turn, styled_user=None, styled_system=None) for turn in dialogue.turns)
    return replace(dialogue, corpus="", split="", persona=None, turns=turns)


TEXT = st.text("ab '\"[]-,:?\n", max_size=6)
NAME = st.sampled_from(["hotel", "Hotels_1", "general", "[x]", "a'b"])
TURN = st.builds(
    Turn,
    index=st.just(0),
    user=TEXT,
    system=TEXT,
    state=st.dictionaries(NAME, st.dictionaries(NAME, st.lists(TEXT, min_size=1, max_size=3).map(tuple))),
    acts=st.lists(st.builds(Act, NAME, NAME, TEXT, TEXT), max_size=3).map(tuple),
    user_acts=st.lists(st.builds(Act, NAME, NAME, TEXT, TEXT), max_size=2).map(tuple),
    services=st.lists(NAME, max_size=2).map(tuple),
    spans=st.lists(st.builds(Span, st.just("user"), NAME, NAME, TEXT, st.just(0), st.just(2)), max_size=2).map(tuple),
    db_matches=st.dictionaries(NAME, st.integers(0, 9)),
    frames=st.lists(st.builds(Frame, NAME, NAME, st.lists(NAME).map(tuple)), max_size=2).map(tuple),
    booked=st.none() | st.lists(NAME, max_size=2).map(tuple),
)
GOAL = st.dictionaries(NAME, st.builds(DomainGoal, st.dictionaries(NAME, TEXT), st.lists(NAME).map(tuple)))


@settings(max_examples=25)
@given(st.lists(TURN, min_size=1, max_size=2), GOAL, st.sampled_from(["MultiWOZ", "SGD", "mine"]))
def test_any_dialogue_comes_back_whole(turns, goal, kind):
    numbered = tuple(replace(turn, index=place) for place, turn in enumerate(turns))
    dialogue = Dialogue("d'1", "mine", "dev", ("hotel",), numbered, goal)
    record = json.loads(json.dumps(record_of(kind, "train", dialogue, PERSONA, styled(dialogue))))
    back = read_made(record)
    assert without_style(back) == without_style(dialogue)
    assert (back.id, back.split, back.persona) == ("d'1", "dev", PERSONA)
    assert [(turn.styled_user, turn.styled_system) for turn in back.turns] == styled(dialogue)


def test_the_embedded_corpus_through_the_reader(tmp_path: Path):
    corpus = Simulated()
    dialogues = list(islice(corpus.dialogues("test"), 5))
    folder = written(tmp_path, corpus, dialogues, "test", "simulated")
    plain, personalised = (PicPersona(folder, style=style, cache=False) for style in ("original", "personalised"))
    assert plain.name == "simulated1-original"
    assert personalised.name == "simulated1-personalised"
    assert plain.schema == corpus.schema
    assert plain.database is not None
    assert plain.database.query("hotel", {}) == corpus.database.query("hotel", {})
    for first, second, source in zip(plain.dialogues("test"), personalised.dialogues("test"), dialogues, strict=True):
        assert without_style(first) == without_style(source)
        assert first.persona == second.persona == PERSONA
        assert [(turn.user, turn.system) for turn in second.turns] == styled(source)
        assert [turn.state for turn in second.turns] == [turn.state for turn in source.turns]
        assert [turn.acts for turn in second.turns] == [turn.acts for turn in source.turns]
    assert not plain.warnings


def test_a_folder_of_the_release_is_none_of_ours(tmp_path: Path):
    assert read_about(tmp_path) is None
    (tmp_path / "corpus.json").write_text('{"made_by": "somebody"}')
    assert read_about(tmp_path) is None
    (tmp_path / "corpus.json").write_text('{"made_by": "tod-bench personalise"}')
    with pytest.raises(UserError, match="not laid out as expected"):
        read_about(tmp_path)


def test_parts(tmp_path: Path):
    corpus = Simulated()
    folder = written(tmp_path, corpus, list(islice(corpus.dialogues("test"), 2)), "test", "simulated")
    found = {
        part: len(list(PicPersona(folder, part, cache=False).dialogues("test"))) for part in ("all", "sgd", "multiwoz")
    }
    assert found == {"all": 2, "sgd": 0, "multiwoz": 0}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("MultiWOZ", "Hotel-Inform:Area-east, general-bye, Train-Request:Leaveat-?, Booking-NoBook"),
        ("SGD", "Hotels-INFORM-area-east, Hotels-GOODBYE, Hotels-REQUEST-leaveat-?, Hotels-NOTIFY_FAILURE"),
    ],
)
def test_acts_as_text(kind: str, text: str):
    domain = {"MultiWOZ": "hotel", "SGD": "Hotels_2"}[kind]
    multiwoz = kind == "MultiWOZ"
    acts = [
        Act(domain, "inform", "area", "east"),
        Act("general", "bye") if multiwoz else Act(domain, "goodbye"),
        Act("train" if multiwoz else domain, "request", "leaveat"),
        Act("booking", "nobook") if multiwoz else Act(domain, "notify_failure"),
    ]
    assert acts_text(kind, acts) == text


def test_states_as_text():
    state = {"Hotels_2": {"area": ("east", "the east"), "stars": ("4",)}, "hotel": {}}
    assert state_text("SGD", state) == "[Hotels] area 'east' stars '4' [hotel] "
    assert state_text("MultiWOZ", {"hotel": {"book day": ("friday",)}}) == "[hotel] book day 'friday' "


def test_what_the_released_fields_lose_is_counted(dialogue):
    def lost(**change):
        turn = replace(dialogue.turns[0], **{"state": {}, "acts": (), **change})
        one = replace(dialogue, turns=(turn,))
        return text_loses("MultiWOZ", record_of("MultiWOZ", "test", one, PERSONA, styled(one)))

    assert lost() == {"state": 0, "acts": 0, "further_values": 0}
    assert lost(state={"hotel": {"name": ("a", "b")}})["further_values"] == 1
    assert lost(state={"hotel": {"name": ("x' y 'z",)}})["state"] == 1
    assert lost(acts=(Act("hotel", "inform", "name", "a, hotel-inform:area-x"),))["acts"] == 1


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "split"), [("multiwoz", "test"), ("sgd", "dev"), ("star", None), ("kvret", "test")])
def test_corpora_come_back_whole(realdata: Path, tmp_path: Path, name: str, split: str | None):
    corpus = open_corpus(name)
    dialogues = list(islice(corpus.dialogues(split or corpus.splits[0]), 200))
    folder = written(tmp_path, corpus, dialogues, "test", name)
    back = PicPersona(folder, cache=False)
    assert [*map(without_style, back.dialogues("test"))] == [*map(without_style, dialogues)]
    assert back.schema == corpus.schema
    if name == "multiwoz":
        assert back.database is not None
        assert back.database.query("hotel", {"area": "east"}) == corpus.database.query("hotel", {"area": "east"})
