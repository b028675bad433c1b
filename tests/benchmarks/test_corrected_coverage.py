"""Corrected intervals cover where uncorrected ones do not: a small run, and the committed one."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.corrected_coverage import LABELS, MAKERS, Coverage, Forecast, coverage, forecast, markdown
from benchmarks.rated_requests import fitted
from benchmarks.rated_requests import main as rated_requests

COMMITTED = Path(__file__).parents[2] / "results" / "judge_simulation"
WAYS = ("labels alone", "PPI++")


@pytest.mark.parametrize("name", ["Likert, lenient judge", "rate 70%, lenient judge"])
def test_corrected_intervals_cover_and_the_judges_own_do_not(name):
    found = {row.estimate: row for row in coverage(name, 100, 100, seed=5)}
    assert found["judge, uncorrected"].covered < 30
    # 100 studies: three standard deviations below 95% are 88.5%.
    assert all(found[way].covered > 88 for way in WAYS)
    assert found["PPI++"].width < found["labels alone"].width
    assert abs(found["PPI++"].mean - found["PPI++"].truth) < 0.02


def test_a_forecast_is_what_studies_then_give():
    found = forecast("Likert, lenient judge", 100, 0.2, 20, seed=5)
    assert found.width == pytest.approx(0.2, rel=0.05)


def committed():
    stored = json.loads((COMMITTED / "corrected.json").read_text())
    rows = [Coverage(**row) for row in stored["coverage"]]
    return stored, rows, [Forecast(**row) for row in stored["forecasts"]]


def test_the_committed_page_is_the_committed_numbers():
    stored, rows, forecasts = committed()
    assert markdown(rows, forecasts, stored["command"]) == (COMMITTED / "corrected.md").read_text()
    assert {(row.study, row.labels) for row in rows} == {(name, labels) for name in MAKERS for labels in LABELS}
    assert stored["studies"] == 1000


def test_the_committed_intervals_cover_at_their_level():
    _, rows, forecasts = committed()
    lenient = [row for row in rows if "lenient" in row.study]
    assert all(row.covered < 30 for row in lenient if row.estimate == "judge, uncorrected")
    # 1,000 studies: three standard deviations are 2.1 points; the dialogues of 30 labels are few.
    enough = [row for row in rows if row.estimate in (*WAYS, "Rogan-Gladen") and row.labels > 30]
    assert min(row.covered for row in enough) > 95 - 2.1
    assert min(row.covered for row in rows if row.estimate in WAYS) > 91
    assert all(one.width == pytest.approx(one.wanted, rel=0.03) for one in forecasts)


def test_on_requests_that_all_have_ratings_corrected_intervals_hold_the_truth():
    folder = COMMITTED.parent / "judges" / "ratings_politeness"
    found = json.loads((folder / "numbers.json").read_text())
    truth, naive, tuned = (
        found["truth"]["mean of all labels"],
        found["correction"]["naive"],
        found["correction"]["tuned"],
    )
    assert naive["low"] > truth
    assert tuned["low"] < truth < tuned["high"]
    for row in found["coverage"].values():
        assert min(share for way, share in row.items() if not way.startswith("width")) > 93
        assert row["width, PPI++"] < row["width, labels alone"]
    page = (folder / "README.md").read_text()
    assert f"{truth:.3f}" in page
    assert "`python -m benchmarks.rated_requests DATA`" in page


def test_the_verdicts_of_a_regression_follow_its_features():
    rng = np.random.default_rng(0)
    features = (rng.random((400, 3)) < 0.5).astype(float)
    weights = fitted(features, 10 + features @ [2.0, -1.0, 0.0])
    assert weights == pytest.approx([10, 2, -1, 0], abs=0.2)


def test_ratings_that_are_not_there_are_one_sentence(tmp_path):
    result = CliRunner().invoke(rated_requests, [str(tmp_path), "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "fed_data.json: there is no such file" in result.output
    assert "Traceback" not in result.output
