"""The protocol table and the score sheet as values: rows, columns, data frames."""

import math

import pytest

from tod_bench.corpora.base import open_corpus
from tod_bench.scoring import protocol_table, score, score_rows, tasks_answered
from tod_bench.splits import read_split
from tod_bench.tasks import gold_prediction


@pytest.fixture(scope="module")
def corpus():
    return open_corpus("simulated", dialogues={"test": 4})


@pytest.fixture(scope="module")
def dialogues(corpus):
    return list(read_split(corpus, "test"))


@pytest.fixture(scope="module")
def answers(dialogues):
    """Gold, but for the states of the last dialogue, which are empty."""
    made = {
        (dialogue.id, turn.index): gold_prediction(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns
    }
    return {
        key: answer if key[0] != dialogues[-1].id else type(answer)(*key, state={}, acts=answer.acts)
        for key, answer in made.items()
    }


def test_a_protocol_table_has_metrics_and_slices_down_and_protocols_across(corpus, dialogues, answers):
    metrics = ["jga", "domain_jga_all", "slot_f1"]
    table = protocol_table(
        "dst", corpus, "test", dialogues, answers, metrics=metrics, protocols=["tod_bench", "mwzeval"], draws=0
    )
    assert table.protocols == ("tod_bench", "mwzeval")
    assert table.rows[0] == ("jga", None)
    jga = table.score("jga", None, "tod_bench")
    assert jga is not None
    assert jga.value is not None
    assert 0 < jga.value < 100
    assert table.score("domain_jga_all", None, "mwzeval") is None
    frame = table.to_pandas()
    assert list(frame.columns) == ["tod_bench", "mwzeval"]
    assert frame.index.names == ["metric", "slice"]
    assert frame.loc[("jga", ""), "tod_bench"] == jga.value
    assert math.isnan(frame.loc[("domain_jga_all", ""), "mwzeval"])
    assert len(frame) == len(table.rows) == len(set(table.rows))


def test_a_score_sheet_holds_the_rows_that_its_scores_come_from(corpus, dialogues, answers):
    where = {"corpus_name": corpus.name, "split": "test", "schema": corpus.schema, "notes": ["a note"]}
    names = ["jga", "slot_f1"]
    sheet = score("dst", dialogues, answers, metrics=names, draws=50, **where)
    assert [row.value for row in sheet.rows] == [found.value for found in sheet]
    assert [row.score.signature for row in sheet.rows] == [found.signature for found in sheet]
    assert all(len(row.sums) == len(dialogues) for row in sheet.rows)
    rows = score_rows("dst", dialogues, answers, metrics=names, **where)
    assert [(row.score, row.sums.tolist()) for row in rows] == [(row.score, row.sums.tolist()) for row in sheet.rows]
    frame = sheet.to_pandas()
    assert list(frame["metric"]) == [found.metric for found in sheet]
    assert list(frame["value"]) == [found.value for found in sheet]
    assert set(frame["slice_kind"]) == {"", "domain"}
    assert frame["notes"][0].startswith("a note")


def test_metrics_of_the_corpus_stand_in_their_place_and_have_no_rows(corpus, dialogues):
    said = [gold_prediction(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns]
    where = {"corpus_name": corpus.name, "split": "test", "schema": corpus.schema}
    names = ["token_entropy", "mean_length", "distinct_ngrams", "msttr"]
    sheet = score("response", dialogues, said, metrics=names, draws=20, **where)
    assert [found.metric for found in sheet] == names
    assert [row.score.metric for row in sheet.rows] == ["mean_length", "msttr"]
    assert score_rows("response", dialogues, said, metrics=["token_entropy"], **where) == []


def test_tasks_are_those_that_a_file_answers_and_the_metrics_score(answers):
    assert tasks_answered(answers) == ("dst", "policy", "response")
    assert tasks_answered(answers, ["jga", "bleu"]) == ("dst", "response")
