"""Metrics of personalisation through the harness: what is learned when, what is kept, and where it is refused."""

from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("sklearn", reason="scikit-learn is in the extra: pip install 'tod-bench[style]'")

import tod_bench
from tod_bench.corpora.base import Corpus
from tod_bench.errors import UserError
from tod_bench.records import Dialogue, Persona, Prediction, Turn
from tod_bench.scoring import protocol_table, resources, score
from tod_bench.scoring.gold import undefined_metrics
from tod_bench.scoring.resources import Resources, TextEncoder
from tod_bench.simulated import Simulated
from tod_bench.splits import read_all
from toy_styles import LetterEncoder

STYLE = ("style_strength", "style_direction", "style_accuracy", "persona_attribution", "copy_rate", "slots_said")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def fresh(monkeypatch, cache):
    """A process that has learned nothing yet, and an encoder of letters in MiniLM's place."""
    monkeypatch.setenv("TOD_BENCH_CACHE", str(cache))
    monkeypatch.setattr(resources, "_LEARNED", {})
    monkeypatch.setattr(resources, "encode", lambda name, texts: LetterEncoder()(texts))
    monkeypatch.setattr(resources, "version_of", lambda name: "letters")
    TextEncoder.shared.cache_clear()
    yield
    TextEncoder.shared.cache_clear()


@pytest.fixture(scope="module")
def corpus():
    return Simulated(dialogues={"train": 120, "dev": 1, "test": 20}, style="personalised")


def answers(corpus: Corpus, *, plain: bool = False) -> list[Prediction]:
    shown = corpus.plain if plain else corpus
    assert shown is not None
    return [
        Prediction(dialogue.id, turn.index, response=turn.system)
        for dialogue in read_all(shown, "test")
        for turn in dialogue.turns
    ]


def test_a_corpus_knows_its_plain_form(corpus):
    original = Simulated(dialogues={"train": 120, "dev": 1, "test": 20})
    assert original.plain is original
    assert corpus.plain.fingerprint == original.fingerprint
    said = Resources(corpus, "test[:1]")["plain_responses"]
    (dialogue,) = read_all(original, "test[:1]")
    assert said == {(dialogue.id, turn.index): turn.system for turn in dialogue.turns}


def test_gold_stands_at_the_ceiling_and_plain_responses_at_the_floor(corpus):
    gold, plain = (
        {
            one.metric: one
            for one in tod_bench.score(answers(corpus, plain=plain), corpus, metrics=STYLE, draws=0).scores
        }
        for plain in (False, True)
    )
    assert plain["style_strength"].value == plain["style_direction"].value == 0.0
    assert gold["style_strength"].value > 0
    assert gold["style_direction"].value > 0.1
    assert gold["style_accuracy"].value > plain["style_accuracy"].value + 10
    assert gold["persona_attribution"].value > plain["persona_attribution"].value
    for name in ("style_accuracy", "persona_attribution"):
        assert any(f"ceiling {gold[name].value:.1f}" in note for note in plain[name].notes)
    assert "encoder:minilm letters" in str(gold["style_direction"].signature)


def test_rows_by_group_and_a_comparison(corpus):
    table = protocol_table(
        "response",
        corpus,
        "test",
        read_all(corpus, "test"),
        {(one.dialogue_id, one.turn): one for one in answers(corpus)},
        metrics=["style_accuracy(attribute=formality)"],
        groups=["formality"],
        draws=20,
    )
    whole, *parts = table.scores
    assert {str(part.slice) for part in parts} == {"formality:casual", "formality:formal"}
    assert sum(part.n for part in parts) == whole.n == 20
    assert whole.value == pytest.approx(sum(part.value * part.n for part in parts) / 20)
    made = tod_bench.compare(answers(corpus), answers(corpus, plain=True), corpus, metrics=["style_accuracy"], draws=50)
    (compared,) = made
    assert compared.a > compared.b
    assert any(note.startswith("A: ") or "ceiling" in note for note in compared.notes)


def test_nothing_is_learned_unless_a_metric_asks(corpus, monkeypatch, tmp_path):
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path))

    def refuse(*_: Any) -> None:
        raise AssertionError("was learned")

    monkeypatch.setattr(resources, "train_classifier", refuse)
    monkeypatch.setattr(resources, "mean_directions", refuse)
    tod_bench.score(answers(corpus), corpus, metrics=["bleu", "slots_said", "copy_rate", "style_strength"], draws=0)
    with pytest.raises(AssertionError, match="was learned"):
        tod_bench.score(answers(corpus), corpus, metrics=["style_accuracy"], draws=0)


def test_what_was_learned_is_kept(corpus, monkeypatch):
    kept = Resources(corpus, "test")
    first, directions = kept["style_classifier"], kept["style_directions"]
    assert kept["style_classifier"] is first
    monkeypatch.setattr(resources, "_LEARNED", {})
    monkeypatch.setattr(resources, "train_classifier", None)
    monkeypatch.setattr(resources, "mean_directions", None)
    again = kept["style_classifier"]
    assert again is not first
    assert again.version == first.version
    assert again.read("age", ["Good day, madam."]) == first.read("age", ["Good day, madam."])
    assert kept["style_directions"].digest == directions.digest
    assert kept["style_directions"].means.keys() == directions.means.keys()


def test_what_is_scored_is_not_learned_from(corpus):
    trained = [Resources(corpus, split)["style_classifier"].trained for split in ("test", "train[:60]", "train[90:]")]
    assert trained == [96, 48, 72]  # four fifths of 120, 60 and 90
    part, whole = (Resources(corpus, split)["style_directions"] for split in ("train[:60]", "dev"))
    assert part.dialogues < whole.dialogues
    with pytest.raises(UserError, match=r"train without dev\+train, which is scored: a classifier of styles needs"):
        Resources(corpus, "dev+train")["style_classifier"]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 half", "truncated"])
def test_what_was_kept_and_damaged_is_one_sentence(corpus, monkeypatch, tmp_path, damage):
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(resources, "_LEARNED", {})
    Resources(corpus, "test")["style_directions"]
    (file,) = (tmp_path / "style").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2] if damage == "truncated" else damage)
    monkeypatch.setattr(resources, "_LEARNED", {})
    with pytest.raises(UserError, match=r"npz is damaged \(.*\); delete it and run the same command again"):
        Resources(corpus, "test")["style_directions"]
    file.unlink()
    assert Resources(corpus, "test")["style_directions"].means


def test_another_formula_makes_other_directions(corpus, monkeypatch):
    before = Resources(corpus, "test")["style_directions"].digest
    monkeypatch.setattr(resources, "_LEARNED", {})
    monkeypatch.setattr(resources, "FORMULA", 2)
    assert Resources(corpus, "test")["style_directions"].digest != before


def test_gold_of_an_original_rendering_is_the_restyled_one(corpus):
    """Its own responses say nothing of a user; the classifier learns from those beside them."""
    original = Simulated(dialogues={"train": 120, "dev": 1, "test": 20})
    ours, theirs = (Resources(one, "test")["style_classifier"] for one in (original, corpus))
    assert ours.version == theirs.version


class Toy(Corpus):
    """A corpus of given dialogues."""

    name, splits, schema, fingerprint = "toy", ("train", "test"), {"cafe": {}}, ""

    def __init__(self, dialogues: list[Dialogue], splits: tuple[str, ...] = ("train", "test")) -> None:
        self.listed, self.splits = dialogues, splits

    def dialogues(self, split: str) -> Any:
        return iter(self.listed)


DIALOGUE = Dialogue("a", "toy", "test", ("cafe",), (Turn(0, "Hello.", "Yes."),))
USER = replace(DIALOGUE, persona=Persona(age="child", formality="casual", emotion="neutral"))


@pytest.mark.parametrize(
    ("corpus", "spec", "why"),
    [
        (Toy([DIALOGUE]), "style_accuracy", "toy test has no personas"),
        (Toy([DIALOGUE]), "slots_said", "toy test has no system acts"),
        (Toy([USER]), "style_strength", "toy has its responses in one style only"),
        (Toy([USER], ("test",)), "persona_attribution", "toy has no train split here"),
    ],
)
def test_where_it_is_undefined(corpus, spec, why):
    assert undefined_metrics(corpus, "test", "response", [spec])[spec].startswith(why)
    with pytest.raises(UserError, match=why):
        tod_bench.score([Prediction("a", 0, response="Yes.")], corpus, metrics=[spec], draws=0)


def test_too_little_to_learn_from_is_said():
    with pytest.raises(UserError, match="toy train: a classifier of styles needs at least 10 dialogues"):
        tod_bench.score([Prediction("a", 0, response="Yes.")], Toy([USER]), metrics=["style_accuracy"], draws=0)


def test_a_score_without_the_corpus_says_what_it_needs(corpus):
    with pytest.raises(UserError, match="needs the corpus's classifier of styles"):
        score(
            "response",
            read_all(corpus, "test"),
            answers(corpus),
            corpus_name="x",
            split="test",
            schema=corpus.schema,
            metrics=["style_accuracy"],
        )
