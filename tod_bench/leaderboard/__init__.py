"""A leaderboard that takes no number on trust: strangers hand in predictions, and every score is computed here.

    predictions + card ──prepare──▶ submission ──validate──▶ Submission ──verify──▶ Entry ──build──▶ site

A submission is untrusted input. It is data alone (YAML, JSON, JSON Lines); it is bounded before it is parsed
(`bounds`), and nothing in it is ever run, followed out of its folder, or shown unescaped.
"""

from tod_bench.leaderboard.board import Board, read_board
from tod_bench.leaderboard.prepare import prepare_submission
from tod_bench.leaderboard.site import Site, build_leaderboard, write_site
from tod_bench.leaderboard.submission import Submission, validate_submission
from tod_bench.leaderboard.tracks import Tracks, load_tracks
from tod_bench.leaderboard.verify import Entry, verify_submission

__all__ = [
    "Board",
    "Entry",
    "Site",
    "Submission",
    "Tracks",
    "build_leaderboard",
    "load_tracks",
    "prepare_submission",
    "read_board",
    "validate_submission",
    "verify_submission",
    "write_site",
]
