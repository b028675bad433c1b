"""An arena for reading."""

from tod_bench.judge.arena.standings import Arena
from tod_bench.judge.sections import interval, number
from tod_bench.markdown import table


def arena_markdown(found: Arena, title: str) -> str:
    """The standings, the pairs, what was controlled for and what to ask next, as Markdown."""
    head = ["system", "rank", "win rate % [95% CI]", "log strength [95% CI]", "won", "tied", "lost"]
    rows = [
        [
            *(one.system, _ranks(one.ranks)),
            interval(one.win_rate, one.win_low, one.win_high, 1),
            interval(one.strength, one.low, one.high),
            *(str(count) for count in (one.wins, one.ties, one.losses)),
        ]
        for one in found.standings
    ]
    parts = [f"# {title}", _facts(found), table(head, rows), _pairs(found), _controls(found), _next(found)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _ranks(ranks: tuple[int, int]) -> str:
    best, worst = ranks
    return str(best) if best == worst else f"{best} to {worst}"


def _facts(found: Arena) -> str:
    model = "Bradley-Terry, " + ("ties after Davidson" if found.ties == "davidson" else "a tie half a win of each")
    controlled = ", ".join(one.feature for one in found.controls)
    lines = [
        f"- {found.votes:,} votes on {found.dialogues:,} dialogues; voters: "
        + ", ".join(f"{name} ({count:,})" for name, count in found.voters.items()),
        f"- {model}" + (f", at equal {controlled}" if controlled else ""),
        f"- intervals: {found.draws:,} draws of the dialogues (seed {found.seed}); ranks hold together at 95%",
    ]
    if found.inconsistent:
        lines.append(f"- {found.inconsistent:,} votes are ties because the two presentation orders disagree")
    return "\n".join([*lines, *(f"- **{note}**" for note in found.notes)])


def _pairs(found: Arena) -> str:
    rows = [
        [f"{one} - {other}", str(won + tied + lost), str(won), str(tied), str(lost)]
        for one, other, won, tied, lost in found.pairs
    ]
    return "## Pairs\n\n" + table(["first - second", "votes", "first won", "tied", "second won"], rows)


def _controls(found: Arena) -> str:
    if not found.controls:
        return ""
    rows = [[one.feature, interval(one.slope, one.low, one.high)] for one in found.controls]
    text = "Log odds of a win for a standard deviation more of it; 0 where it plays no part."
    return f"## Controlled for\n\n{text}\n\n" + table(["feature", "slope [95% CI]"], rows)


def _next(found: Arena) -> str:
    if not found.ask_next:
        return ""
    total = sum(count for _, _, count in found.ask_next)
    rows = [[f"{one} - {other}", str(count), number(100 * count / total, 0)] for one, other, count in found.ask_next]
    text = f"These {total:,} votes narrow the differences between all systems most."
    return f"## Ask next\n\n{text}\n\n" + table(["pair", "votes", "%"], rows)
