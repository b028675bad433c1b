"""From files of ratings to what a judge is worth: the alternative annotator test, corrected scores, label plans."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tod_bench.cli.judge import command
from tod_bench.csv_files import csv_text
from tod_bench.errors import DataError, UserError
from tod_bench.files import write_text
from tod_bench.judge.alternative import may_replace, replacement_markdown
from tod_bench.judge.correction import correct, correction_markdown, plan
from tod_bench.judge.open_ratings import read_open_ratings
from tod_bench.judge.rating_sets import fed, import_ratings, stanford_politeness

COLUMNS = ("item", "question", "rater", "value", "dialogue")


@pytest.fixture
def study(tmp_path):
    """Four people and a judge who is lenient by 1 on a scale of 1 to 9; the judge answers 200 items, people 60."""
    rng = np.random.default_rng(0)
    good = rng.integers(2, 8, 200)
    people = [
        (f"i{item}", "depth", f"p{rater}", int(np.clip(good[item] + rng.integers(-1, 2), 1, 9)), f"d{item}")
        for item in range(60)
        for rater in range(4)
    ]
    judge = [(f"i{item}", "depth", "judge", int(good[item]) + 1, f"d{item}") for item in range(200)]
    return written(tmp_path / "people.csv", people), written(tmp_path / "judge.csv", judge)


def written(path: Path, rows, columns=COLUMNS) -> Path:
    write_text(path, csv_text(columns, rows))
    return path


def test_numbers_of_any_scale_and_labels_are_read(tmp_path):
    rows = [("a", "depth", "p1", "7.5", "d"), ("a", "kind", "p1", "chat", "d"), ("b", "depth", "p1", "", "d")]
    found = read_open_ratings(written(tmp_path / "r.csv", rows))
    assert found["depth"].answers == {"p1": {"a": 7.5}}
    assert found["depth"].dialogues == {"a": "d", "b": "d"}
    assert [found[name].level for name in ("depth", "kind")] == ["interval", "nominal"]


def test_ratings_of_our_own_questions_keep_their_scale(tmp_path):
    rows = [("a", "Q1", "anna", "3 - somewhat"), ("a", "Q1", "ben", "4"), ("b", "winner", "anna", "B")]
    found = read_open_ratings(written(tmp_path / "r.csv", rows, COLUMNS[:4]))
    assert found["Q1"].answers == {"anna": {"a": 3.0}, "ben": {"a": 4.0}}
    assert found["Q1"].level == "ordinal"
    assert found["winner"].answers["anna"] == {"b": "second"}
    wide = tmp_path / "wide.csv"
    wide.write_text("rater,dlg_7 Q1\nanna,2\n", encoding="utf-8")
    assert read_open_ratings(wide)["Q1"].answers == {"anna": {"dlg_7": 2.0}}


def test_what_cannot_be_used_is_said(tmp_path):
    for rows, said in (
        ([("a", "depth", "p1", "7", "d"), ("b", "depth", "p1", "much", "d")], "numbers and words"),
        ([("a", "depth", "p1", "7", "d"), ("a", "depth", "p1", "8", "d")], "twice"),
        ([("a", "depth", "p1", "inf", "d")], "no rating"),
        ([("a", "depth", "p1", "7", "d"), ("a", "depth", "p2", "7", "e")], "two dialogues"),
    ):
        with pytest.raises(DataError, match=said):
            read_open_ratings(written(tmp_path / "r.csv", rows))
    with pytest.raises(UserError, match="no ratings"):
        read_open_ratings(written(tmp_path / "r.csv", [("a", "depth", "p1", "", "d")]))


def test_a_lenient_judge_may_not_replace_a_person_unless_leniency_is_taken_away(study):
    people, judge = study
    (strict,) = may_replace(people, str(judge), epsilon=0.1, draws=50)
    (moved,) = may_replace(people, str(judge), epsilon=0.1, standardised=True, draws=50)
    assert strict.test.passes is False
    assert moved.test.passes is True
    assert moved.constant.passes is False
    assert moved.items == 60
    assert moved.test.rho > strict.test.rho
    assert "yes |" in replacement_markdown([moved], "judge")


def test_a_rater_of_the_file_can_be_the_judge(study):
    people, _ = study
    (found,) = may_replace(people, "p3", epsilon=0.2, draws=50)
    assert found.raters == ("p0", "p1", "p2")
    with pytest.raises(UserError, match="cannot be standardised"):
        may_replace(people, "p3", level="nominal", standardised=True)
    with pytest.raises(UserError, match="neither a file"):
        may_replace(people, "p9")
    with pytest.raises(UserError, match="--min-items"):
        may_replace(people, "p3", least_items=61)


def test_a_constant_answer_that_passes_is_named(tmp_path):
    # Nobody agrees with anybody: the mean is nearer to the others than any person is.
    rng = np.random.default_rng(0)
    rows = [(f"i{i}", "taste", f"p{r}", int(rng.integers(1, 10)), f"d{i}") for i in range(80) for r in range(4)]
    (found,) = may_replace(written(tmp_path / "r.csv", rows), "p3", epsilon=0.2, draws=50)
    assert found.constant.passes
    assert any("always gives the same answer passes" in note for note in found.notes)


def test_a_test_needs_three_people(tmp_path):
    rows = [(f"i{i}", "taste", f"p{r}", i % 3, f"d{i}") for i in range(40) for r in range(3)]
    with pytest.raises(UserError, match="2 raters besides the judge"):
        may_replace(written(tmp_path / "r.csv", rows), "p2")


def test_labels_take_a_judges_leniency_away(study):
    people, judge = study
    (found,) = correct(judge, people)
    truth = np.mean([float(line.split(",")[3]) - 1 for line in judge.read_text().splitlines()[1:]])
    assert found.naive.low > truth
    assert found.tuned.low < truth < found.tuned.high
    assert found.tuned.high - found.tuned.low < found.labels.high - found.labels.low
    assert (found.tuned.labelled, found.tuned.unlabelled) == (60, 140)
    assert found.rogan_gladen is None
    ((_, planned),) = plan(judge, people, 0.3)
    assert planned.labelled == 60


def test_a_rate_is_corrected_in_both_ways(tmp_path):
    rng = np.random.default_rng(1)
    truth = rng.random(400) < 0.6
    said = np.where(truth, rng.random(400) < 0.95, rng.random(400) < 0.4)
    answers = {True: "right", False: "wrong"}
    judge = [(f"i{i}", "success", "judge", answers[bool(said[i])], f"d{i}") for i in range(400)]
    people = [(f"i{i}", "success", "anna", answers[bool(truth[i])], f"d{i}") for i in range(100)]
    paths = written(tmp_path / "j.csv", judge), written(tmp_path / "p.csv", people)
    with pytest.raises(UserError, match="--label"):
        correct(*paths)
    (found,) = correct(*paths, label="right")
    assert found.naive.low > 0.6
    assert found.tuned.low < 0.6 < found.tuned.high
    assert found.rogan_gladen.low < 0.6 < found.rogan_gladen.high
    assert "sensitivity" in correction_markdown([found])
    (other,) = correct(*paths, label="wrong")
    assert other.tuned.value == pytest.approx(1 - found.tuned.value)


def test_labels_that_are_no_random_draw_are_suspected(tmp_path):
    judge = [(f"i{i}", "depth", "judge", 1 + i % 5, f"d{i}") for i in range(200)]
    people = [(f"i{i}", "depth", "anna", 4, f"d{i}") for i in range(200) if i % 5 > 2]
    (found,) = correct(written(tmp_path / "j.csv", judge), written(tmp_path / "p.csv", people))
    assert any("random draw" in note for note in found.notes)


def test_files_that_do_not_fit_are_told_apart(study, tmp_path):
    people, judge = study
    of_versions = [(f"i{i}", "depth", "ours", "judge", 5) for i in range(60)]
    versioned = written(tmp_path / "v.csv", of_versions, ("item", "question", "candidate", "rater", "value"))
    with pytest.raises(UserError, match="columns candidate and turn"):
        correct(versioned, people)
    with pytest.raises(UserError, match="columns candidate and turn"):
        may_replace(people, str(versioned))
    grouped = [(f"i{i}", "depth", "anna", 5, f"d{i // 4}") for i in range(60)]
    with pytest.raises(UserError, match="add a column `dialogue`"):
        correct(judge, written(tmp_path / "g.csv", grouped))
    with pytest.raises(UserError, match=r"no question 'dept'; did you mean 'depth'"):
        correct(judge, people, question="dept")


def test_dialogues_are_the_unit(tmp_path):
    rng = np.random.default_rng(2)
    shared = np.repeat(rng.normal(0, 2, 60), 4)
    judge = shared + rng.normal(5, 0.5, 240)
    rows = [(f"i{i}", "depth", "judge", round(float(judge[i]), 3), f"d{i // 4}") for i in range(240)]
    alone = [(*row[:4], row[0]) for row in rows]
    people = [(*row[:2], "anna", round(float(shared[i]), 3), row[4]) for i, row in enumerate(rows) if i < 80]
    of_items = [(*row[:4], row[0]) for row in people]
    (clustered,) = correct(written(tmp_path / "j.csv", rows), written(tmp_path / "p.csv", people))
    (single,) = correct(written(tmp_path / "k.csv", alone), written(tmp_path / "q.csv", of_items))
    assert clustered.tuned.units == 20
    assert clustered.labels.high - clustered.labels.low > 1.5 * (single.labels.high - single.labels.low)


def test_the_commands_print_and_write(study, tmp_path):
    people, judge = study
    run = CliRunner().invoke
    tested = run(command, ["alt-test", str(people), "--judge", str(judge), "--standardised", "-o", str(tmp_path / "a")])
    assert "| depth | 4 | 60 |" in tested.output
    assert json.loads((tmp_path / "a").read_text())[0]["passes"] is True
    corrected = run(command, ["correct", str(judge), "--labels", str(people), "--format", "json"])
    assert json.loads(corrected.output)[0]["tuned"]["labelled"] == 60
    planned = run(command, ["plan-labels", str(judge), "--labels", str(people), "--width", "0.2"])
    assert "# Labels for a width" in planned.output


def test_published_sets_are_read_with_their_odd_rows(tmp_path):
    path = tmp_path / "w.csv"
    path.write_text(
        f"Community,Id,Request,{','.join(f'Score{n}' for n in range(5))},{','.join(f'TurkId{n}' for n in range(5))},Z\n"
        "W,1,please?,1,2,3,4,5,a,b,c,d,e,0.1\nW,2,why?,9,9,9,9,a,b,c,d,0.1\nW,2,and?,7,7,7,7,7,a,b,c,d,e,0.1\n",
        encoding="utf-8",
    )
    rows = list(stanford_politeness(path))
    assert [row[0] for row in rows] == ["W|1"] * 5 + ["W|2"] * 4 + ["W|2|2"] * 5
    assert rows[4][2:4] == ("e", 5)
    path.write_text(path.read_text() + "W,3,no?,9,9,9,a,b,0.1\n", encoding="utf-8")
    with pytest.raises(DataError, match="row 5"):
        list(stanford_politeness(path))
    items = [
        {"context": "User: a", "response": "b", "system": "S", "annotations": {"Depth": [1, "N/A (no errors)", 2]}},
        {"context": "User: a\nSystem: b", "system": "S", "annotations": {"Overall": [4]}},
    ]
    path.write_text(json.dumps(items), encoding="utf-8")
    assert [row[1:4] for row in fed(path)] == [
        ("Depth (turn)", "place 1", 1),
        ("Depth (turn)", "place 3", 2),
        ("Overall (dialogue)", "place 1", 4),
    ]
    assert import_ratings("fed", (path,), tmp_path / "fed.csv") == 3
    assert {line.split(",")[-1] for line in (tmp_path / "fed.csv").read_text().splitlines()[1:]} == {"d0"}


@pytest.mark.realdata
def test_the_whole_way_on_published_ratings(tmp_path, realdata):
    folder = realdata / "ratings"
    if not folder.is_dir():
        pytest.skip("there are no ratings")
    politeness = folder / "stanford_politeness"
    files = tuple(politeness / f"{name}.annotated.csv" for name in ("wikipedia", "stack-exchange"))
    assert import_ratings("stanford_politeness", files, tmp_path / "s.csv") == 55_180
    assert import_ratings("fed", (folder / "fed" / "fed_data.json",), tmp_path / "f.csv") == 23_583
    (found,) = may_replace(tmp_path / "f.csv", "place 5", epsilon=0.1, question="Understanding (dialogue)", draws=50)
    assert found.test.passes
    assert 0.2 < found.agreement.alpha < 0.5
