"""The submissions of results/leaderboard: every number of them computed anew."""

from pathlib import Path

import pytest

from tod_bench.leaderboard import load_tracks, read_board

FOLDER = Path(__file__).parents[1] / "results" / "leaderboard"


@pytest.mark.slow
def test_every_submission_is_what_it_claims(board_cache):
    board = read_board(FOLDER, load_tracks(), cache=board_cache)
    assert [str(one) for one in board.refused] == []
    assert {entries[0].card.system for entries in board.systems.values()} >= {
        "carry_over",
        "majority",
        "rule_match",
        "oracle",
        "t5-tiny",
    }
    assert len(board.systems) == 5  # the plain and the restyled submission of a system are on one page
    for ranking in board.rankings:
        assert ranking.suspects == ()
        scores = {entry.card.system: entry.scores[ranking.task][0].value for entry in ranking.entries}
        assert scores["oracle"] == 100
        assert scores["majority"] < scores["t5-tiny"] < 100
        ranked = {entry.card.system for entry in ranking.ranked}
        assert ranked & {"oracle", "carry_over"} == set()
        assert {"t5-tiny", "majority"} <= ranked
