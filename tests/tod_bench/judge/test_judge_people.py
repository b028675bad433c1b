"""Ratings by people: every form of CSV, what is wrong with one, and agreement worked by hand or by the package."""

import krippendorff
import numpy as np
import pytest

from tod_bench.errors import DataError, UserError
from tod_bench.judge.agreement import agreements, coverage_curve
from tod_bench.judge.config import Resampling
from tod_bench.judge.markdown import study_markdown
from tod_bench.judge.people import read_study
from tod_bench.judge.ratings_csv import read_ratings
from tod_metrics.judge.alpha import consensus
from tod_metrics.judge.ratings import OUTCOMES, Rating

BY = Resampling(draws=300)
LONG = "item,question,rater,value\nd1,Q1,ann,3\nd1,Q1,bob,4\nd2,Q1,ann,1\nd2,Q1,bob,1\n"


def write(tmp_path, text, name="ratings.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def flat(read):
    return {(r.item, r.question, r.rater): r.value for r in read.ratings}


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        "\ufeff" + LONG.replace(",", ";"),
        LONG.replace("3", "3 - somewhat").replace(",4", ",a lot").replace(",1\n", ",Not at all\n"),
        "rater,d1 Q1,d2 Q1\nann,3,1\nbob,4,1\n",
        "Timestamp\tName\tQ1 [d1]\tQ1 [d2]\nx\tann\t3\t1\ny\tbob\t4\t1\n",
        "Item,Rater,Q1\nd1,ann,3\nd2,ann,1\nd1,bob,4\nd2,bob,1\n",
        "name,d1/Q1: How well?,d1_q1,d2_q1\n".replace("d1/Q1: How well?,", "") + "ann,3,1\nbob,4,1\n",
    ],
)
def test_every_form_says_the_same(tmp_path, text):
    assert flat(read_ratings(write(tmp_path, text))) == {
        ("d1", "Q1", "ann"): 3,
        ("d1", "Q1", "bob"): 4,
        ("d2", "Q1", "ann"): 1,
        ("d2", "Q1", "bob"): 1,
    }


def test_pairs_factors_and_groups(tmp_path):
    text = (
        "item,arm,question,rater,value,age,emotion\n"
        "d1,a|b,winner,ann,second,Child,positive\nd1,a|b,factors,ann,age; greeting,Child,positive\n"
        "d2,a|b,winner,ann,A,adult,neutral\nd3,a|b,winner,ann,tie,adult,neutral\nd4,a|b,winner,ann,,adult,neutral\n"
    )
    read = read_ratings(write(tmp_path, text))
    assert [rating.value for rating in read.ratings] == ["second", "first", "tie", None]
    assert read.ratings[0].factors == ("age", "greeting")
    assert read.attributes["d1"] == {"age": "child", "emotion": "positive"}
    study = read_study(write(tmp_path, text), by=BY)
    row = {row.group: row for row in study.pairs["a|b"] if row.metric.name == "win_rate"}
    assert [row["all"].count(outcome) for outcome in OUTCOMES] == [1, 1, 1, 0, 1]
    assert row["child+teenager"].score.value == 100
    assert "Factors named" in study_markdown(study, "study")
    assert str(study.scores[0].signature).startswith("win_rate|ties:half")


def test_versions_can_be_named(tmp_path):
    text = "item,question,rater,value\nd1,winner,ann,Pictor\nd2,winner,ann,LLaVA\n"
    read = read_ratings(write(tmp_path, text), versions=("llava", "pictor"))
    assert [rating.value for rating in read.ratings] == ["second", "first"]


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("a,b\n1,2\n", UserError, "no column names a question"),
        ("item,question,rater,value\nd1,Q7,ann,3\n", DataError, "line 2: there is no question 'Q7'"),
        ("item,question,rater,value\nd1,Q1,ann,3.5\n", DataError, "'3.5' is no answer to Q1"),
        ("item,question,rater,value\nd1,Q1,ann,5\n", DataError, "'5' is no answer to Q1"),
        ("item,question,rater,value\nd1,Q1,ann,3 - a lot\n", DataError, "no answer to Q1"),
        ("item,question,rater,value\nd1,winner,ann,C\n", DataError, "first, second or tie"),
        ("item,question,rater,value\nd1,emotion,ann,apology\n", DataError, "GoEmotions"),
        ("item,question,rater,value\nd1,factors,ann,grettings\n", DataError, "did you mean 'greeting'"),
        ("item,question,rater,value\nd1,Q1,ann,3\nd1,Q1,ann,4\n", DataError, "line 3: ann rates Q1 of d1 twice"),
        ("item,question,rater,value\nd1,Q1,ann\n", DataError, "3 cells below 4 column names"),
        ("item,question,value,value\nd1,Q1,1,1\n", UserError, "'value' is given twice"),
        ("item,question,rater,value\n", UserError, "holds no ratings"),
        ("", UserError, "no column names a question"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, text, kind, message):
    with pytest.raises(kind, match=message):
        read_ratings(write(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="there is no such file"):
        read_ratings(tmp_path / "none.csv")


def rate(rater, values, question="Q1", **more):
    return [Rating(f"d{n:02}", question, value, rater=rater, **more) for n, value in enumerate(values)]


ANN, BOB = [1, 2, 3, 4, 4, 3, 2, 1], [1, 2, 3, 4, 3, 3, 2, None]
JUDGE = [1, 2, 3, 4, 4, 4, 1, 1]


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_alpha_is_the_packages(level):
    found = {
        one.between: one for one in agreements(rate("ann", ANN) + rate("bob", BOB), rate("judge", JUDGE), BY, level)
    }
    table = np.array([ANN, [np.nan if v is None else v for v in BOB]], dtype=float)
    expected = krippendorff.alpha(reliability_data=table, level_of_measurement=level, value_domain=[1, 2, 3, 4])
    assert found["people"].alpha == pytest.approx(expected)
    assert found["people"].units == 7
    both = krippendorff.alpha(
        reliability_data=np.vstack([table, JUDGE]), level_of_measurement=level, value_domain=[1, 2, 3, 4]
    )
    assert found["judge among people"].alpha == pytest.approx(both)
    assert set(found) == {"people", "judge and consensus", "judge among people", "judge and ann", "judge and bob"}
    assert found["people"].low <= found["people"].alpha <= found["people"].high


def test_the_overall_alpha_spans_the_likert_questions():
    people = rate("ann", ANN) + rate("bob", BOB) + rate("ann", ANN, "Q2") + rate("bob", ANN, "Q2")
    found = {one.question: one for one in agreements(people, [], BY)}
    assert set(found) == {"Q1", "Q2", "all"}
    assert found["all"].units == 15
    assert found["Q1"].alpha < found["all"].alpha < found["Q2"].alpha == 1


def test_agreement_that_does_not_exist_says_why():
    (found,) = agreements(rate("ann", [4, 4]) + rate("bob", [4, 4]), [], BY)
    assert found.alpha is None
    assert found.note == "every rating is 4, and without variation alpha is undefined"
    assert found.same == 100


def test_consensus():
    people = rate("a", [1, 4]) + rate("b", [2, 4]) + rate("c", [4, 1])
    assert [rating.value for rating in consensus(people, "x")] == [2, 4]
    split = rate("a", ["first"], "winner") + rate("b", ["second"], "winner")
    assert [rating.value for rating in consensus(split, "x")] == ["tie"]
    labels = rate("a", ["joy"], "emotion") + rate("b", ["love"], "emotion")
    assert consensus(labels, "x") == []


def test_agreement_by_certainty():
    people = rate("ann", [1, 2, 3, 4])
    judge = [
        Rating(f"d{n:02}", "Q1", value, certainty=certainty)
        for n, (value, certainty) in enumerate([(1, 90), (2, 90), (4, 50), (1, 20)])
    ]
    points = [(p.certainty, p.coverage, p.agreement) for p in coverage_curve(judge, people)]
    assert points == [(20, 100, 50), (50, 75, pytest.approx(200 / 3)), (90, 50, 100)]


def test_a_study_that_cannot_be_matched_with_the_judge(tmp_path):
    path = write(tmp_path, LONG)
    with pytest.raises(UserError, match="none of its items"):
        read_study(path, rate("judge", [1, 2]), by=BY)
    two = [Rating("d1", "Q1", 3, arm) for arm in ("x", "y")]
    with pytest.raises(UserError, match="add a column `candidate`"):
        read_study(path, two, by=BY)
    with_judge = read_study(path, [Rating("d1", "Q1", 3, "x"), Rating("d2", "Q1", 1, "x")], by=BY)
    assert {one.between for one in with_judge.agreements} >= {"people", "judge and consensus"}
