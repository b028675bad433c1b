"""The stage `reviews`: rows by turn, made anew where what decides them has changed."""

import json
from contextlib import ExitStack

import pytest
from llm_arm_support import Rules

from tod_bench.corpora.base import Corpus
from tod_bench.personalise.options import Options
from tod_bench.personalise.reviews_stage import ReviewsStage, city_of, sentences
from tod_bench.personalise.rows import Row, StageFile, row_key
from tod_bench.personalise.work import Work
from tod_bench.records import Act, Dialogue, Turn

pytest.importorskip("bm25s")

TEXTS = [
    "Curry Garden is quiet. Next door is Acorn House.",
    "I like Curry Garden for its beer",
    "Curry Garden is for children",
    "We ate in Verona",
    "Curry Garden has beer and naan",
]


class Three(Corpus):
    """One dialogue: a greeting, a venue, a farewell."""

    name, fingerprint, splits, schema = "three", "3", ("test",), {}

    def dialogues(self, split):
        acts = ((), (Act("restaurant", "recommend", "name", "curry garden"),), (Act("general", "bye"),))
        turns = (
            Turn(number, f"user {number}", f"system {number}", acts=said, state={"restaurant": {"area": ("north",)}})
            for number, said in enumerate(acts)
        )
        yield Dialogue("d1", self.name, split, (), tuple(turns))


@pytest.fixture
def work(tmp_path):
    reviews = tmp_path / "reviews"
    reviews.mkdir()
    (reviews / "restaurants.json").write_text(json.dumps({"Curry Garden": TEXTS}), encoding="utf-8")
    with ExitStack() as held:
        files = {
            stage: held.enter_context(StageFile(tmp_path / f"{stage}.jsonl")) for stage in ("user", "reviews", "system")
        }
        for turn in range(3):
            files["user"].add(Row(row_key("test", "d1", turn), "", {"text": "we want beer", "by": "rules"}))

        def make(reading="tod_bench", folder=reviews, encoder="bm25"):
            options = Options(
                corpus="three",
                output=tmp_path,
                reviews=folder,
                encoder=encoder,
                strategies=reading,
                splits={"test": "test"},
            )
            return Work(options, Three(), {}, Rules(), None, files)

        yield make


def rows(stage, work):
    return {row.key: row for row in stage.make(work, list(stage.units(work)))}


def test_a_row_a_turn(work):
    made = rows(ReviewsStage(), work())
    assert [row.value["strategy"] for row in made.values()] == ["greeting", "review", "goodbye"]
    assert made["test/d1/0"].value == {"strategy": "greeting", "venue": "", "reviews": []}
    row = made["test/d1/1"]
    assert row.value["venue"] == "Curry Garden"
    ids = [review["id"] for review in row.value["reviews"]]
    assert {ids[0], ids[1]} == {"restaurants/Curry Garden/1", "restaurants/Curry Garden/4"}
    assert "restaurants/Curry Garden/3" not in ids
    assert row.provenance["left_out"] == {"off_topic": 1, "no_sentence_left": 0}
    assert row.provenance["encoder"].startswith("bm25s")
    assert [pair[0] for pair in row.provenance["reviews"]] == ids


def test_sentences_that_bring_something_foreign_in_are_left_out(work):
    heard = []

    def foreign(text, allowed):
        heard.append(allowed)
        return ("Acorn House",) if "Acorn" in text else ("beer",) if "beer" in text else ()

    row = rows(ReviewsStage(foreign), work())["test/d1/1"]
    assert [review["text"] for review in row.value["reviews"]] == [
        "Curry Garden is quiet.",
        "Curry Garden is for children",
    ]
    assert row.provenance["left_out"] == {"off_topic": 1, "no_sentence_left": 2}
    assert set(heard) == {"system 1 Curry Garden north"}


def test_where_nothing_is_left_nothing_is_added(work):
    row = rows(ReviewsStage(lambda text, allowed: ("x",)), work())["test/d1/1"]
    assert row.value == {"strategy": "none", "venue": "", "reviews": []}
    assert row.provenance["why_not"] == "no sentence left"


def test_other_readings_look_at_no_text(work):
    row = rows(ReviewsStage(lambda text, allowed: ("x",)), work("paper_text"))["test/d1/1"]
    assert len(row.value["reviews"]) == 3
    assert [one.value["strategy"] for one in rows(ReviewsStage(), work("picpersona")).values()] == [
        "greeting",
        "none",
        "goodbye",
    ]


def test_without_reviews_no_encoder_is_needed(work):
    made = rows(ReviewsStage(), work(folder=None, encoder="nobody/has-this"))
    assert [row.value["strategy"] for row in made.values()] == ["greeting", "none", "goodbye"]


def test_inputs_change_with_what_decides_a_row(work):
    def inputs(stage, opened):
        return [unit.inputs for unit in stage.units(opened)]

    first = inputs(ReviewsStage(), work())
    assert inputs(ReviewsStage(), work()) == first
    other = inputs(ReviewsStage(foreign_version="2"), work())
    assert [a == b for a, b in zip(first, other, strict=True)] == [True, False, True]
    assert inputs(ReviewsStage(), work("picpersona"))[0] != first[0]
    opened = work()
    opened.files["user"].add(Row(row_key("test", "d1", 1), "", {"text": "we want naan", "by": "rules"}))
    changed = inputs(ReviewsStage(), opened)
    assert [a == b for a, b in zip(first, changed, strict=True)] == [True, False, True]


def test_only_the_units_that_are_asked_for_are_made(work):
    stage, opened = ReviewsStage(), work()
    units = list(stage.units(opened))
    assert [row.key for row in stage.make(opened, units[1:2])] == ["test/d1/1"]


def test_sentences():
    assert sentences("Good.Bad! Really? e.g. this 3.5 one") == ["Good.", "Bad!", "Really?", "e.g.", "this 3.5 one"]
    assert sentences("") == []


def test_the_city():
    corpus = Three()
    assert city_of(corpus) == ""
    corpus.name = "multiwoz2.2-unofficial"
    assert city_of(corpus) == "cambridge"
