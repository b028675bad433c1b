"""PicPersona-TOD: its text annotation, both parts, both styles, what is odd in it."""

import copy
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from corpora_releases import PICPERSONA, picpersona_turn
from hypothesis import assume, given
from hypothesis import strategies as st

from tod_bench.corpora.picpersona import PicPersona
from tod_bench.corpora.picpersona_text import parse_acts, parse_state
from tod_bench.errors import DataError, UserError
from tod_bench.records import Act, Persona


@pytest.mark.parametrize(
    ("text", "pairs", "unread"),
    [
        ("", [], []),
        ("[Homes] ", [], []),
        ("[Homes] area 'San Jose' ", [("Homes", "area", "San Jose")], []),
        (
            "[Homes] area 'San Jose' pets 'True' [Media] title 'It' ",
            [("Homes", "area", "San Jose"), ("Homes", "pets", "True"), ("Media", "title", "It")],
            [],
        ),
        (
            "[Restaurants] name 'Mama's' city 'Oak' ",
            [("Restaurants", "name", "Mama's"), ("Restaurants", "city", "Oak")],
            [],
        ),
        ("[Media] title 'It's 'Fine'' ", [("Media", "title", "It's 'Fine'")], []),
        ("[Media] title '[Rec] 2' ", [("Media", "title", "[Rec] 2")], []),
        ("[Media] title '' genre 'drama' ", [("Media", "title", ""), ("Media", "genre", "drama")], []),
        ("[hotel] price range 'cheap' ", [("hotel", "price range", "cheap")], []),
        (
            "[restaurant] food modern european area centre [taxi] leave 17:15",
            [
                ("restaurant", "food", "modern european"),
                ("restaurant", "area", "centre"),
                ("taxi", "leave", "17:15"),
            ],
            [],
        ),
        ("[hotel] book day friday stay 2", [("hotel", "book day", "friday"), ("hotel", "stay", "2")], []),
        ("area 'x' ", [], ["area 'x'"]),
        ("[Homes] area San Jose ", [], ["area San Jose"]),
        ("[Homes] area 'San Jose", [], ["area 'San Jose"]),
        ("[hotel] cheap area", [], ["cheap", "area"]),
    ],
)
def test_states(text: str, pairs: list[tuple[str, str, str]], unread: list[str]) -> None:
    assert parse_state(text) == (pairs, unread)


WORDS = st.text("abcxyz '-,.[]&0", max_size=12)


@given(st.dictionaries(st.sampled_from(["Homes", "Media"]), st.dictionaries(st.sampled_from(["a", "b_c"]), WORDS)))
def test_a_state_that_was_written_is_read_back_as_text(state: dict[str, dict[str, str]]) -> None:
    for value in (value for slots in state.values() for value in slots.values()):
        # A value that itself holds something like the end of a value has no single reading.
        early = re.search(r"'(?=\s*$|\s+\[[^\[\]']+\]|\s+[^\s'\[\]]+(?: [^\s'\[\]]+)? ')", f"{value}' ")
        assume(early is not None and early.start() == len(value))
    text = "".join(f"[{d}] " + "".join(f"{s} '{v}' " for s, v in slots.items()) for d, slots in state.items())
    pairs, unread = parse_state(text)
    assert unread == []
    assert pairs == [(domain, slot, value) for domain, slots in state.items() for slot, value in slots.items()]


@given(st.text() | st.text("[]' abc-,:?HotelInform"))
def test_any_text_is_accepted(text: str) -> None:
    pairs, unread = parse_state(text)
    assert all(isinstance(part, str) and part for part in unread)
    assert all(len(pair) == 3 for pair in pairs)
    for sgd in (True, False):
        acts, _ = parse_acts(text, sgd=sgd)
        assert all(isinstance(act, Act) for act in acts)


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("", ()),
        ("Homes-GOODBYE", (Act("Homes", "goodbye"),)),
        ("Homes-REQ_MORE--?", (Act("Homes", "req_more"),)),
        (
            "Homes-OFFER-address-5-7 Elm St, Oak City, Homes-NOTIFY_SUCCESS, Homes-REQUEST-time-?",
            (
                Act("Homes", "offer", "address", "5-7 Elm St, Oak City"),
                Act("Homes", "notify_success"),
                Act("Homes", "request", "time"),
            ),
        ),
        (
            "Homes-INFORM_COUNT-count-3, Homes-OFFER_INTENT-intent-BookHouse",
            (Act("Homes", "inform_count", "count", "3"), Act("Homes", "offer_intent", "intent", "BookHouse")),
        ),
        (
            "Travel-OFFER-attraction_name-Stow-on-the-Wold, St. Ives",
            (Act("Travel", "offer", "attraction_name", "Stow-on-the-Wold, St. Ives"),),
        ),
    ],
)
def test_acts_of_sgd(text: str, acts: tuple[Act, ...]) -> None:
    assert parse_acts(text, sgd=True) == (acts, [])


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        (
            "Taxi-Request:Leave-?, Taxi-Request:Arrive-?",
            (Act("taxi", "request", "leaveat"), Act("taxi", "request", "arriveby")),
        ),
        ("Restaurant-Inform:Name-Chez Lou, Elm Rd", (Act("restaurant", "inform", "name", "Chez Lou, Elm Rd"),)),
        ("general-bye-none-none, ", (Act("general", "bye"),)),
        (
            "general-reqmore:none-none, Booking-Book:Ref-X1",
            (Act("general", "reqmore"), Act("booking", "book", "ref", "X1")),
        ),
        (
            "Train-OfferBook:none-none, Train-Inform:Id-TR1",
            (Act("train", "offerbook"), Act("train", "inform", "trainid", "TR1")),
        ),
    ],
)
def test_acts_of_multiwoz(text: str, acts: tuple[Act, ...]) -> None:
    assert parse_acts(text, sgd=False) == (acts, [])


@pytest.mark.parametrize(
    ("text", "sgd"),
    [("what is this", True), ("hello, Homes-GOODBYE", True), ("Homes-GOODBYE, hello", True), ("Homes-GOODBYE", False)],
)
def test_acts_that_cannot_be_read_are_given_back(text: str, sgd: bool) -> None:
    assert parse_acts(text, sgd=sgd)[1] != []


def test_the_sgd_part(release_picpersona: Path) -> None:
    corpus = PicPersona(release_picpersona, part="sgd")
    (dialogue,) = corpus.dialogues("train")
    first, second = dialogue.turns
    assert (corpus.name, dialogue.id, dialogue.services) == (
        "picpersona-sgd-original",
        "1_00000_train",
        ("Restaurants",),
    )
    expected = Persona(
        "00000/00001.png", "The person appears to be in a hurry.", "adult", "female", "casual", "neutral"
    )
    assert dialogue.persona == expected
    assert (first.user, first.styled_user) == ("Find me some soup.", "Yo, soup!")
    assert (first.system, first.styled_system) == ("In which city?", "Sure thing! Which city, friend?")
    assert second.state == {"Restaurants": {"cuisine": ("Soup",), "city": ("Oak City",)}}
    assert second.acts[1] == Act("Restaurants", "offer", "address", "5-7 Elm St, Oak City")
    assert list(corpus.schema["Restaurants"]) == ["cuisine", "city"]


def test_the_multiwoz_part_has_canonical_names(release_picpersona: Path) -> None:
    (dialogue,) = PicPersona(release_picpersona, part="multiwoz").dialogues("train")
    (turn,) = dialogue.turns
    assert turn.state == {"hotel": {"pricerange": ("cheap",), "book day": ("friday",)}}
    assert turn.acts == (
        Act("hotel", "inform", "name", "the old mill"),
        Act("booking", "request", "book people"),
        Act("general", "reqmore"),
    )
    assert turn.services == ("hotel",)


def test_the_style_chooses_the_utterances_and_nothing_else(release_picpersona: Path) -> None:
    plain = list(PicPersona(release_picpersona, style="original").dialogues("train"))
    styled = list(PicPersona(release_picpersona, style="personalised").dialogues("train"))
    assert [dialogue.id for dialogue in plain] == [dialogue.id for dialogue in styled] == ["1_00000_train", "SNG1"]
    for one, other in zip(plain, styled, strict=True):
        for turn, restyled in zip(one.turns, other.turns, strict=True):
            assert (restyled.user, restyled.system) == (turn.styled_user, turn.styled_system)
            assert (restyled.styled_user, restyled.state, restyled.acts) == (turn.styled_user, turn.state, turn.acts)


def test_folder_repository_zip_and_file_are_accepted(release_picpersona: Path, tmp_path: Path) -> None:
    repository = tmp_path / "repo" / "dataset" / "mwoz_sgd"
    repository.mkdir(parents=True)
    with zipfile.ZipFile(repository / "dataset.zip", "w") as archive:
        archive.writestr("dataset/valid.json", json.dumps(PICPERSONA))
    expected = [dialogue.turns for dialogue in PicPersona(release_picpersona).dialogues("train")]
    for path in (tmp_path / "repo", repository, repository / "dataset.zip"):
        corpus = PicPersona(path)
        assert corpus.splits == ("dev",)
        assert [dialogue.turns for dialogue in corpus.dialogues("dev")] == expected
    assert PicPersona(release_picpersona / "train.json").splits == ("train",)


def _with(*turns: dict[str, Any], **fields: Any) -> dict[str, Any]:
    record = copy.deepcopy(PICPERSONA["1_00000_train"])
    return {"1_00000_train": {**record, **fields, **({"dialogue": list(turns)} if turns else {})}}


def test_what_is_odd_in_the_release_is_kept_and_reported(write: Any, tmp_path: Path) -> None:
    turns = (
        picpersona_turn(0, bspn="[Homes] area 'Elm' [Restaurants] cuisine 'Soup' ", st_user="Find me some soup."),
        picpersona_turn(1, bspn="[Restaurants] cuisine 'Soup' "),
    )
    write("odd/test.json", _with(*turns))
    corpus = PicPersona(tmp_path / "odd")
    (dialogue,) = corpus.dialogues("test")
    assert dialogue.turns[0].state["Homes"] == {"area": ("Elm",)}
    assert [(error.turn, error.problem) for error in corpus.warnings] == [
        (0, "the first state holds the domain 'Homes', which the turn is not about"),
        (0, "the user's utterance was not restyled"),
        (1, "the domain 'Homes' has dropped out of the state"),
    ]


BAD: list[tuple[dict[str, Any], str]] = [
    (
        _with(picpersona_turn(0, bspn="[Restaurants] city Oak ")),
        "turn 0: the belief state has a piece that cannot be read: 'city Oak'",
    ),
    (_with(picpersona_turn(0, act="Restaurants-SING-x-y")), "turn 0: the acts have a piece that cannot be read"),
    (_with(picpersona_turn(0), picpersona_turn(2)), "turn 1: the turn calls itself number 2"),
    (
        _with(picpersona_turn(0, bspn="[hotel] view 'sea' "), type="MWOZ"),
        "turn 0: the state has a value for slot 'view' of hotel",
    ),
    (_with(picpersona_turn(0, resp=None)), "turn 0: an utterance is None"),
]


@pytest.mark.parametrize(("record", "message"), BAD)
def test_bad_records(write: Any, tmp_path: Path, record: dict[str, Any], message: str) -> None:
    write("bad/test.json", {**record, **{"SNG1": PICPERSONA["SNG1"]}})
    with pytest.raises(DataError, match=re.escape(f"test.json, dialogue 1_00000_train, {message}")):
        list(PicPersona(tmp_path / "bad").dialogues("test"))
    lenient = PicPersona(tmp_path / "bad", skip_invalid=True)
    assert [dialogue.id for dialogue in lenient.dialogues("test")] == ["SNG1"]
    assert len(lenient.skipped) == 1


def test_what_is_not_there(tmp_path: Path, release_picpersona: Path) -> None:
    with pytest.raises(UserError, match=r"no train\.json"):
        PicPersona(tmp_path)
    with pytest.raises(UserError, match="is not a file named"):
        PicPersona(tmp_path / "all.json")
    with pytest.raises(UserError, match="no style 'styled'"):
        PicPersona(release_picpersona, style="styled")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="no part 'woz'"):
        PicPersona(release_picpersona, part="woz")  # type: ignore[arg-type]
