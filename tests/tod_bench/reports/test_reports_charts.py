"""The geometry of plots, and which plots a run has."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_bench.reports.charts import WIDTH, Series, Value, bars, lines
from tod_bench.reports.figures import learning_curves, score_figures
from tod_bench.scores import Score, Slice
from tod_metrics.base import Signature


def test_bars_stand_where_their_numbers_are():
    chart = bars([Series("hotel", (Value("a", 50.0, 25.0, 75.0), Value("b", 100.0)))])
    first, second = chart.groups[0][2]
    full = second.x - chart.floor
    assert first.x - chart.floor == pytest.approx(full / 2)
    assert [end - chart.floor for end in first.ends] == pytest.approx([full / 4, full * 3 / 4])
    assert second.ends is None
    assert first.y < second.y < chart.height
    assert [tick.label for tick in chart.ticks] == ["0", "20", "40", "60", "80", "100"]


def test_a_system_keeps_its_style_where_others_are_missing():
    chart = bars([Series("x", (Value("a", 1.0), Value("b", 2.0))), Series("y", (Value("b", 3.0),))])
    a, b = (mark.style for mark in chart.groups[0][2])
    assert chart.groups[1][2][0].style == b != a


def test_lines_share_positions_and_leave_gaps():
    chart = lines([Series("a", (Value("1", 10.0), Value("2", None), Value("3", 30.0))), Series("b", ())], "turn")
    assert [tick.label for tick in chart.across] == ["1", "2", "3"]
    assert [mark.value.label for mark in chart.lines[0][2]] == ["1", "3"]
    low, high = chart.lines[0][2]
    assert low.y > high.y
    assert chart.lines[1][2] == ()


@given(st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=1, max_size=8))
def test_everything_is_drawn_inside_the_plot(numbers):
    values = tuple(Value(str(place), number) for place, number in enumerate(numbers))
    chart = bars([Series("x", values)])
    assert all(140 <= mark.x <= WIDTH for mark in chart.groups[0][2])
    assert len(chart.ticks) <= 8
    assert all(one.place < other.place for one, other in pairwise(chart.ticks))
    drawn = lines([Series("x", values)], "n", from_zero=False)
    assert all(0 <= mark.y <= drawn.bottom + 0.01 for mark in drawn.lines[0][2])


def test_plots_of_domains_and_groups(floors):
    fog = [
        Score("gunning_fog", "tod_bench", 5.0 + n, Signature("gunning_fog"), 9, Slice("formality", g))
        for n, g in enumerate(("casual", "formal"))
    ]
    results = [
        replace(result, scores=(*result.scores, *fog)) if result.experiment.task == "response" else result
        for result in floors.results
    ]
    figures = {figure.title: figure for figure in score_figures(floors.config, results)}
    assert set(figures) >= {"domain_jga_all by domain: plain", "gunning_fog by formality: plain"}
    assert [series.name for series in figures["gunning_fog by formality: plain"].series] == ["casual", "formal"]
    domains = figures["domain_jga_all by domain: plain"]
    assert {value.label for series in domains.series for value in series.values} == {"rule_match", "oracle"}
    assert all(value.value == 100 for series in domains.series for value in series.values if value.label == "oracle")


def test_learning_curves_are_drawn_once_a_training(floors):
    details = {
        "losses": [2.0, 1.0, 0.5],
        "dev_scores": [{"score": 10.0, "epoch": 1.0, "step": 5}, {"score": 20.0, "epoch": 2.0, "step": 10}],
    }
    trained = [
        replace(result, provenance={**result.provenance, "predictions": {"fit": {"details": details}}})
        for result in floors.results
        if result.experiment.system == "oracle"
    ]
    assert len(trained) > 1
    loss, dev = learning_curves(trained)
    assert loss.title == "Training loss by epoch"
    assert [value.value for value in loss.series[0].values] == [2.0, 1.0, 0.5]
    assert dev.title == "Score on dev by epoch"
    assert [(value.label, value.value) for value in dev.series[0].values] == [("1", 10.0), ("2", 20.0)]
    assert len(loss.series) == 1
    assert learning_curves(floors.results) == []


@pytest.mark.parametrize("details", [{"losses": ["a", None]}, {"dev_scores": 3}, {"dev_scores": ["x"]}, [], "text"])
def test_other_systems_records_draw_nothing(floors, details):
    result = replace(floors.results[0], provenance={"predictions": {"fit": {"details": details}}})
    assert learning_curves([result]) == []
