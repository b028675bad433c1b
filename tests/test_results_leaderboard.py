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
        "rule policy",
        "rule_match with rules",
    }
    assert len(board.systems) == 7  # the plain and the restyled submission of a system are on one page
    (played,) = (ranking for ranking in board.rankings if ranking.task == "play")
    success = {entry.card.system: entry.scores["play"][0].value for entry in played.ranked}
    assert 100 >= success["rule policy"] > success["rule_match with rules"] > 0
    for ranking in board.rankings:
        assert ranking.suspects == ()
        if ranking is played:
            continue
        scores = {entry.card.system: entry.scores[ranking.task][0].value for entry in ranking.entries}
        assert scores["oracle"] == 100
        assert scores["majority"] < scores["t5-tiny"] < 100
        ranked = {entry.card.system for entry in ranking.ranked}
        assert ranked & {"oracle", "carry_over"} == set()
        assert {"t5-tiny", "majority"} <= ranked
