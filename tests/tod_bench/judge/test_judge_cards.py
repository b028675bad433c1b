"""Judge cards: the measures are right, what was not measured says so, and planted faults are found."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tod_bench.cli.judge_card import _command_of
from tod_bench.cli.main import command
from tod_bench.errors import UserError
from tod_bench.judge.cards import answers, making
from tod_bench.judge.cards.card import read_card
from tod_bench.judge.cards.gold import gold_measures
from tod_bench.judge.cards.making import make_card
from tod_bench.judge.cards.pages import NOT_MEASURED, card_markdown, cards_markdown, cards_rows, read_cards
from tod_bench.judge.clients import Access
from tod_bench.judge.prompt_reader import read_speakers
from tod_bench.judge.scripted import Biases, ScriptedJudge
from tod_bench.llm.scripted import ScriptedClient
from tod_metrics.judge.ratings import Rating


def emotion(item, value, candidate="text"):
    return Rating(item, "emotion", value, candidate, turn=0)


def by_name(measures):
    return {(one.name, one.about): one for one in measures}


def test_accuracy_and_macro_f1_are_those_of_scikit_learn():
    from sklearn.metrics import accuracy_score, f1_score

    rng = np.random.default_rng(3)
    labels = ["joy", "anger", "neutral"]
    gold, given = rng.choice(labels, 60), rng.choice(labels, 60)
    judged = [emotion(f"d{n}", str(label)) for n, label in enumerate(given)]
    right = {(f"d{n}", "emotion", "text", 0): frozenset({str(label)}) for n, label in enumerate(gold)}
    found = by_name(gold_measures(judged, right))
    accuracy, f1 = found["accuracy", "emotion"], found["macro F1", "emotion"]
    assert accuracy.value == pytest.approx(100 * accuracy_score(gold, given))
    assert f1.value == pytest.approx(100 * f1_score(gold, given, average="macro"))
    assert accuracy.low < accuracy.value < accuracy.high
    assert f1.low < f1.value < f1.high


def test_unread_answers_are_left_out_and_bounded():
    right = {(f"d{n}", "emotion", "text", 0): frozenset({"joy", "love"} if n == 0 else {"joy"}) for n in range(4)}
    values = ["love", "joy", "anger", None]
    found = by_name(gold_measures([emotion(f"d{n}", value) for n, value in enumerate(values)], right))
    accuracy = found["accuracy", "emotion"]
    assert accuracy.value == pytest.approx(200 / 3)
    assert "50.0 to 75.0 whatever the 1 unread are" in accuracy.note
    assert "1 texts that have several" in accuracy.note
    assert found["accuracy, texts with one label", "emotion"].value == pytest.approx(50)
    assert found["floor: always joy", "emotion"].value == 100


def test_only_the_first_answer_counts_and_only_under_the_own_persona():
    right = {("d1", "Q1", "", None): frozenset({3}), ("d2", "Q1", "", None): frozenset({3})}
    base = Rating("d1", "Q1", 3, "restyled")
    others = [
        replace(base, value=1, repeat=1),
        replace(base, value=1, persona="blank"),
        replace(base, item="d2", value=2),
    ]
    assert by_name(gold_measures([base, *others], right))["accuracy", "Q1"].value == 50


def test_a_share_of_none_is_not_without_doubt():
    asked = [replace_answer(f"d{n}") for n in range(20)]
    rate = by_name(answers.unread(asked))["unread", ""]
    assert (rate.value, rate.low) == (0, 0)
    assert rate.high == pytest.approx(100 * (1 - 0.025 ** (1 / 20)))


def replace_answer(item):
    from tod_bench.judge.items import Query
    from tod_bench.judge.store import Attempt, Judged
    from tod_bench.judge.verdicts import Verdict

    usage = {"prompt_tokens": 90, "completion_tokens": 10}
    attempt = Attempt("{}", "stop", "m", usage=usage, seconds=0.5)
    return Judged("k", Query(item, ("a", "b"), ("winner",)), Verdict({"winner": "1"}), (attempt,), "p", "x")


def test_what_an_item_costs():
    judged = [replace_answer(f"d{n}") for n in range(5)] * 2  # two queries an item
    found = by_name(answers.costs(judged, lambda counts: 0.001 * counts["prompt_tokens"]))
    assert found["tokens an item", ""].value == pytest.approx(200)
    assert found["dollars an item", ""].value == pytest.approx(0.18)
    assert found["seconds an item", ""].value == pytest.approx(1.0)
    program = by_name(answers.costs(judged, lambda _: 0.0, reads_tokens=False))
    assert program["tokens an item", ""].value is None
    assert program["dollars an item", ""].value == 0
    unknown = by_name(answers.costs(judged, lambda _: None))["dollars an item", ""]
    assert unknown.value is None
    assert "not known" in unknown.note


@pytest.fixture
def card_of(tiny, make_config, monkeypatch, tmp_path):
    """Makes the card of a scripted judge."""

    def make(task, judge, name="card", labels=None, **changes):
        monkeypatch.setattr(making, "open_client", lambda *_: ScriptedClient(judge))
        config = make_config(task, sample={"items": 16, "by": []}, judge={"model": "scripted"}, **changes)
        return make_card(config, tmp_path / name, Access(tmp_path / "a.sqlite"), labels=labels, checked=12)

    return make


def test_a_likert_card(card_of, tmp_path):
    ratings = tmp_path / "ratings.csv"
    rows = [f"d{n:03},Q3,{rater},{2 + (n + rater) % 3}" for n in range(40) for rater in (0, 1)]
    ratings.write_text("item,question,rater,value\n" + "\n".join(rows) + "\n")
    card = card_of("likert", ScriptedJudge(), labels=str(ratings), questions=["Q3", "Q5"])
    assert card.of("alpha, people", "Q3").value is not None
    assert card.of("alpha, judge and labels", "Q3").n == 16
    assert card.of("accuracy", "Q3").n == 16
    assert card.of("accuracy", "Q5") is None
    assert card.of("equal answers over repeats", "Q5").value == 100
    assert card.of("fall under a shuffled persona", "Q3").n == 12
    assert card.of("fall under a blank persona", "Q3").value > 0.5
    assert card.of("which of four people said it").value > 50
    assert card.of("order: asked together less asked alone", "Q3").value == 0
    assert card.of("order: change of a score a place down the list").value is not None
    assert card.of("position").value is None
    text = card_markdown(card)
    assert NOT_MEASURED in text
    assert "ratings.csv: 2 raters" in text
    assert read_card(tmp_path / "card" / "card.json") == card


def test_planted_faults_are_found(card_of, tmp_path):
    seat = card_of("pairwise", ScriptedJudge(Biases(position=50)), "seat")
    agree = seat.of("position: both orders agree")
    assert (agree.value, agree.low) == (0, 0)
    assert agree.high == pytest.approx(100 * (1 - 0.025 ** (1 / 16)))
    assert seat.of("position: verdicts for the first seat").value == 0
    assert any("order decides" in line for line in seat.conclusions)
    dumb = card_of("pairwise", ScriptedJudge(Biases(failure=1.0)), "dumb")
    assert dumb.of("unread").value == 100
    assert any("unread" in line for line in dumb.conclusions)
    half = card_of("pairwise", ScriptedJudge(Biases(failure=0.7), seed=2), "half")
    score = next(one for one in half.measures if one.name.startswith("score of"))
    assert "whatever the" in score.note
    noisy = card_of("pairwise", ScriptedJudge(Biases(noise=30)), "noisy")
    assert noisy.of("equal answers over repeats", "winner").value < 90
    rows = {row[0]: row for row in cards_rows(read_cards(tmp_path))}
    assert set(rows) == {"seat", "dumb", "half", "noisy"}
    assert rows["seat"][5] == NOT_MEASURED  # no labels
    assert all(cell for row in rows.values() for cell in row)
    assert "| seat |" in cards_markdown(read_cards(tmp_path))


def test_a_judge_that_copies_the_example_is_found(card_of):
    plain = ScriptedJudge()

    def copies(request):
        text = request.messages[0].content
        if read_speakers(text):
            return plain(request)
        example = json.loads(next(line for line in text.splitlines() if line.startswith('{"check"')))
        return json.dumps({**example, "reason": "so it is"})

    card = card_of("likert", copies, questions=["Q3"])
    echo = card.of("example: answers equal to the example's")
    assert echo.value == 100
    assert "25 by chance" in echo.note
    assert any("copies" in line for line in card.conclusions)
    assert card.of("equal answers over repeats", "Q3").value < 60


def test_a_judge_that_knows_who_speaks_and_one_that_guesses(card_of):
    plain = ScriptedJudge()

    def always_first(request):
        known = read_speakers(request.messages[0].content)
        return json.dumps({"check": known[2], "reason": "r", "speaker": 1}) if known else plain(request)

    guessed = card_of("pairwise", always_first)
    assert any("unfit for questions on whether" in line for line in guessed.conclusions)


def test_texts_with_labels_are_judged_themselves(card_of, tmp_path):
    texts = tmp_path / "texts.csv"
    said = {"remorse": "I am sorry.", "gratitude": "Thank you.", "neutral": "At nine."}
    rows = [f"t{n}{label},{text},{label}" for label, text in said.items() for n in range(6)]
    texts.write_text("item,text,label\n" + "\n".join(rows) + "\nodd,Sorry again.,joy\n")
    card = card_of("emotions", ScriptedJudge(), labels=str(texts))
    assert card.of("accuracy").value == pytest.approx(100 * 18 / 19)
    assert card.of("accuracy").n == 19
    assert card.signature["corpus"] == "texts"
    assert card.of("which of four people said it").value is None
    assert any("right more often" in line for line in card.conclusions)
    with pytest.raises(UserError, match="emotions config"):
        card_of("likert", ScriptedJudge(), "other", labels=str(texts))


def test_labels_of_other_items_are_refused(card_of, tmp_path):
    (tmp_path / "r.csv").write_text("item,question,rater,value\nelsewhere,Q1,a,3\n")
    with pytest.raises(UserError, match="'elsewhere'"):
        card_of("likert", ScriptedJudge(), labels=str(tmp_path / "r.csv"))


def test_a_command_in_a_card_names_no_place_of_the_machine():
    options = {"config": "/home/me/mine.yaml", "overrides": ("judge.trained_on=/data/a.tsv", "repeats=2")}
    asked = {"model": "classifier", "labels": "/data/b.tsv", "items": None, "checked": 50, "output": "cards/one"}
    made = _command_of({**options, **asked})
    assert made.startswith(
        "tod-bench judge card mine.yaml judge.trained_on=a.tsv repeats=2 --judge classifier --labels b"
    )
    assert made.endswith("--checked 50 -o cards/one")


def test_the_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("texts.csv").write_text("item,text,label\na,I am sorry.,remorse\nb,Thank you.,gratitude\nc,Hm.,neutral\n")
    arguments = ["judge", "card", "judge_emotions", "--judge", "scripted", "--labels", "texts.csv", "-o", "cards/one"]
    made = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert made.exit_code == 0, made.output
    assert "100.0 [29.2, 100.0] %" in made.stdout
    page = Path("cards/one/card.html").read_text(encoding="utf-8")
    assert "Judge card: scripted, emotions" in page
    assert "not measured" in page
    listed = CliRunner().invoke(command, ["judge", "cards", "cards", "-o", "cards.html"], catch_exceptions=False)
    assert "--judge scripted --labels texts.csv --checked 50 -o cards/one" in listed.stdout
    assert "Price against agreement" in Path("cards.html").read_text(encoding="utf-8")
    none = CliRunner().invoke(command, ["judge", "cards", "."], catch_exceptions=True)
    assert none.exit_code == 0  # below the folder there is the card of `cards/one`
