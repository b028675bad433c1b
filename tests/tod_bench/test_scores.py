"""Scores go to JSON and back unchanged."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_bench.scores import Score, Slice
from tod_bench.scoring import read_scores, write_scores
from tod_metrics.base import Signature

numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
scores = st.builds(
    Score,
    metric=st.text(min_size=1),
    protocol=st.text(),
    value=numbers,
    signature=st.text().map(Signature.parse),
    n=st.integers(0, 10**6),
    slice=st.one_of(st.none(), st.builds(Slice, kind=st.text(), name=st.text())),
    low=numbers,
    high=numbers,
    coverage=st.floats(0, 1),
    notes=st.lists(st.text()).map(tuple),
)


@given(scores)
def test_there_and_back(score):
    assert Score.from_json(json.loads(json.dumps(score.to_json(), allow_nan=False))) == score


def test_through_a_file(tmp_path):
    found = [Score("jga", "trade", 47.25, Signature.parse("jga|v:0"), 7372, low=46.0, high=48.5, notes=("a note",))]
    write_scores(tmp_path / "scores.json", found, corpus="multiwoz2.2")
    assert read_scores(tmp_path / "scores.json") == found


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="JSON compliant"):
        json.dumps(Score("jga", "trade", float("nan"), Signature.parse("s"), 1).to_json(), allow_nan=False)
