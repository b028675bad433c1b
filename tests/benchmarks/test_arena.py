"""The benchmark of the arena runs, and finds what it planted."""

import json

from click.testing import CliRunner

from benchmarks.arena import main


def test_the_benchmark_of_the_arena_finds_what_it_planted(tmp_path):
    result = CliRunner().invoke(main, ["--smoke", "--out", str(tmp_path)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    rows = json.loads((tmp_path / "arena.json").read_text())["rows"]
    assert [row["dialogues"] for row in rows] == [100, 400]
    assert all(row["ranks_hold"] and row["in_interval"] >= 7 for row in rows)
