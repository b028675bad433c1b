"""An arena of many systems: votes on pairs, and the strengths that explain them."""

from tod_bench.judge.arena.report import arena_markdown
from tod_bench.judge.arena.standings import Arena, Control, Standing, arena
from tod_bench.judge.arena.votes import Vote, VoteSet, read_votes

__all__ = ["Arena", "Control", "Standing", "Vote", "VoteSet", "arena", "arena_markdown", "read_votes"]
