"""Static scores beside played ones: correlations by hand, few systems, what is missing."""

import json

import pytest
from click.testing import CliRunner

from tod_bench.cli.main import command
from tod_bench.errors import DataError, UserError
from tod_bench.interact.beside import beside, played_scores, static_scores


def systems(values, metric="jga"):
    return {f"s{place}": {metric: value} for place, value in enumerate(values)}


def test_a_correlation_by_hand():
    (one,) = beside(systems([10, 20, 30, 40]), systems([0, 30, 20, 50], "episode_success")).correlations
    assert one.pearson == pytest.approx(0.8682, abs=1e-3)  # 700 / sqrt(500 * 1300)
    assert one.spearman == pytest.approx(0.8)
    assert one.systems == 4
    assert one.note.startswith("4 systems are few")
    assert -1 <= one.pearson_interval.low <= one.pearson <= one.pearson_interval.high <= 1


def test_lines_and_constants():
    many = range(12)
    (line,) = beside(systems(many), systems([3 * one + 7 for one in many], "x")).correlations
    assert line.pearson == line.spearman == pytest.approx(1)
    assert line.note == ""
    (flat,) = beside(systems(many), systems([5] * 12, "x")).correlations
    assert (flat.pearson, flat.spearman) == (None, None)


def test_two_systems_have_no_correlation_and_none_is_an_error():
    (two,) = beside(systems([1, 2]), systems([1, 2], "x")).correlations
    assert (two.pearson, two.systems) == (None, 2)
    assert "needs at least 3 systems" in two.note
    with pytest.raises(UserError, match="no system has both kinds of scores"):
        beside({"a": {"jga": 1}}, {"b": {"x": 1}})
    assert beside(systems([1, 2, 3, 4]), systems([1, 2, 3], "x")).left_out == ("s3",)


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    for place, success in enumerate([10, 40, 30, None]):
        scores = [{"metric": "episode_success", "group": group, "score": success} for group in ("all", "1 domain")]
        (tmp_path / f"s{place}.scores.json").write_text(json.dumps({"scores": scores}), encoding="utf-8")
    (tmp_path / "static.json").write_text(json.dumps(systems([1, 2, 3, 4])), encoding="utf-8")
    done = CliRunner().invoke(
        command, ["play", "beside", str(tmp_path), str(tmp_path / "static.json")], catch_exceptions=False
    )
    assert done.exit_code == 0
    assert "3 systems are few" in done.output
    assert played_scores(tmp_path)["s3"] == {}
    (tmp_path / "static.json").write_text('{"s0": 3}', encoding="utf-8")
    with pytest.raises(DataError, match="laid out as"):
        static_scores(tmp_path / "static.json")
    with pytest.raises(UserError, match="cannot be read as JSON"):
        static_scores(tmp_path / "missing.json")
    with pytest.raises(UserError, match="has no scores of agents"):
        played_scores(tmp_path / "nowhere")
