"""Users' pictures in a page: each once and small, all within a budget, what is not shown counted."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

import tod_bench.images
from pictures import Painted
from tod_bench.corpora.base import open_corpus
from tod_bench.images import Images
from tod_bench.records import Dialogue, Persona, Prediction, Turn
from tod_bench.reports.browser import Answers, BrowsedCorpus, browser_data
from tod_bench.reports.page import page_data, render
from tod_bench.reports.portraits import BUDGET, SIDE, Portraits


def of_user(number: int, image: str) -> Dialogue:
    turn = Turn(0, "Hi.", "Hello.", styled_user="Hey!", styled_system="Hello, dear!")
    return Dialogue(f"d{number}", "toy", "test", (), (turn,), persona=Persona(image, f"Person {number}."))


def browsed(images: Images | None, *names: str, answers: tuple[Answers, ...] = ()) -> Mapping[str, Any]:
    dialogues = [of_user(number, name) for number, name in enumerate(names)]
    corpora = [BrowsedCorpus(label, len(dialogues), dialogues, answers, images) for label in ("one", "two")]
    return browser_data(corpora)


def test_each_picture_is_there_once() -> None:
    shown = browsed(Painted(), "a.png", "b.png", "a.png")
    assert [one["picture"] for one in shown["dialogues"]] == [0, 1, 0] * 2
    assert len(shown["pictures"]) == len(set(shown["pictures"])) == 2
    assert all(url.startswith("data:image/jpeg;base64,") for url in shown["pictures"])
    assert [one["impression"] for one in shown["dialogues"][:3]] == ["Person 0.", "Person 1.", "Person 2."]
    assert shown["notes"] == []


def test_a_corpus_without_pictures_shows_the_impression_alone() -> None:
    shown = browsed(None, "a.png", "")
    assert {one["picture"] for one in shown["dialogues"]} == {None}
    assert shown["dialogues"][0]["impression"] == "Person 0."
    assert (shown["pictures"], shown["notes"]) == ([], [])


def test_pictures_that_are_not_there_are_counted() -> None:
    shown = browsed(Painted(lost=frozenset({"b.png", "c.png"})), "a.png", "b.png", "c.png")
    assert [one["picture"] for one in shown["dialogues"]] == [0, None, None] * 2
    (note,) = shown["notes"]
    assert note.startswith("no pictures of the users of 4 dialogues: they cannot be read (first: images: b.png is no")


def test_pictures_are_bounded_one_by_one_and_together() -> None:
    large = Portraits()
    assert large.number(Painted(side=900), "a.png") == 0
    small = Painted(side=SIDE).scaled_url("a.png", 4 * SIDE)
    assert len(large.urls[0]) <= 1.1 * len(small)
    few = Portraits(budget=int(2.5 * len(small)))
    numbers = [few.number(Painted(side=SIDE), f"{name}.png") for name in "abacd"]
    assert numbers == [0, 1, 0, None, None]
    (note,) = few.notes()
    assert note.startswith("no pictures of the users of 2 dialogues: the pictures of a page may take 1 MB")
    assert BUDGET == 1_000_000


def test_without_pillow_the_page_is_made_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    assert tod_bench.images
    shown = browsed(Painted(), "a.png", "b.png")
    assert shown["notes"] == [
        "no pictures of the users of 4 dialogues: a picture on a page needs PIL: pip install 'tod-bench[report]'"
    ]


def test_a_turn_has_what_is_said_to_the_persona_where_that_differs() -> None:
    (turn,) = browsed(None, "a.png")["dialogues"][0]["turns"]
    assert turn["styled"] == {"user": "Hey!", "system": "Hello, dear!"}
    alike = replace(of_user(0, ""), turns=(Turn(0, "Hi.", "Hello.", "Hi.", "Hello."), Turn(1, "Hi.", "Hello.")))
    turns = browser_data([BrowsedCorpus("one", 1, [alike], [])])["dialogues"][0]["turns"]
    assert not any("styled" in turn for turn in turns)


def test_the_first_impression_that_a_system_wrote_is_shown() -> None:
    predicted = Prediction("d0", 0, response="Hello, sir.", notes={"impression": "An old man."})
    shown = browsed(None, "a.png", answers=(Answers("seeing", {"response": {("d0", 0): predicted}}),))
    (answer,) = shown["dialogues"][0]["turns"][0]["answers"]
    assert answer == {"response": "Hello, sir.", "impression": "An old man."}


def test_the_page_of_a_run_has_its_users(floors) -> None:
    page = page_data(floors, dialogues=3)
    images = open_corpus("simulated").images
    personas = [one.persona for one in open_corpus("simulated", dialogues={"test": 12}).dialogues("test")]
    names = {persona.impression: persona.image for persona in personas if persona}
    for one in page.browser["dialogues"]:
        assert page.browser["pictures"][one["picture"]] == images.scaled_url(names[one["impression"]], SIDE)
    assert page.browser["pictures"][0] in render(page)
    assert page.notes == ()
