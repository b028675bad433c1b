"""A leaderboard that takes no number on trust: strangers hand in predictions, and every score is computed here.

    predictions + card ──prepare──▶ submission ──validate──▶ Submission ──verify──▶ Entry ──build──▶ site

A submission is untrusted input. It is data alone (YAML, JSON, JSON Lines); it is bounded before it is parsed
(`bounds`), and nothing in it is ever run, followed out of its folder, or shown unescaped.
"""

from tod_bench.leaderboard.board import Board, read_board
from tod_bench.leaderboard.prepare import prepare
from tod_bench.leaderboard.site import Site, build, write_site
from tod_bench.leaderboard.submission import Submission, validate
from tod_bench.leaderboard.tracks import Tracks, load_tracks
from tod_bench.leaderboard.verify import Entry, verify

__all__ = [
    "Board",
    "Entry",
    "Site",
    "Submission",
    "Tracks",
    "build",
    "load_tracks",
    "prepare",
    "read_board",
    "validate",
    "verify",
    "write_site",
]
