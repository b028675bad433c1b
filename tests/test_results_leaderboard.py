"""The submissions of results/leaderboard: every number of them computed anew."""

from pathlib import Path

import pytest

from tod_bench.leaderboard import load_tracks, read_board

FOLDER = Path(__file__).parents[1] / "results" / "leaderboard"


@pytest.mark.slow
def test_every_submission_is_what_it_claims():
    board = read_board(FOLDER, load_tracks())
    assert [str(one) for one in board.refused] == []
    assert {system for system, _ in board.systems} >= {"carry_over", "majority", "rule_match", "oracle", "t5-tiny"}
    for standing in board.standings:
        scores = {entry.card.system: entry.scores[standing.task][0].value for entry in standing.entries}
        assert scores["oracle"] == 100
        assert scores["majority"] < scores["t5-tiny"] < 100
        ranked = {entry.card.system for entry in standing.ranked}
        assert ranked & {"oracle", "carry_over"} == set()
        assert {"t5-tiny", "majority"} <= ranked
