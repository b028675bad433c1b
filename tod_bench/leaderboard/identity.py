"""Who is listed under which name, and whose the predictions are.

A system is known by its name and its team. The first submission of a system opens its page. Anyone can write the same
two names on a card, so a later one is on that page, and in its history, only once the maintainers have
accepted it. Until then it has a page of its own, and is marked. A name that is not the same and looks the same, and
predictions that are listed already, are refused.
"""

from collections.abc import Sequence
from dataclasses import replace

from tod_bench.leaderboard.ledger import Ledger
from tod_bench.leaderboard.names import look_alike
from tod_bench.leaderboard.submission import RefusedError
from tod_bench.leaderboard.verify import Entry


def admitted(entries: Sequence[Entry], ledger: Ledger) -> tuple[list[Entry], list[RefusedError]]:
    """Separates the entries that are listed from those that give way to another.

    Accepted entries come first, in the order of acceptance, then the others by date and name.

    Args:
        entries: The entries.
        ledger: What the maintainers of the leaderboard have decided.

    Returns:
        The entries to list, with what is decided about them; and a refusal for each of the others.

    Raises:
        UserError: The package with the table of look-alikes is not installed.
    """
    accepted = {entry.name: ledger.order(entry.name, entry.submission.predictions) for entry in entries}

    def precedence(entry: Entry) -> tuple[float, str, str]:
        order = accepted[entry.name]
        return float("inf") if order is None else order, entry.card.date.isoformat(), entry.name

    listed: list[Entry] = []
    refused: list[RefusedError] = []
    for entry in sorted(entries, key=precedence):
        confirmed = accepted[entry.name] is not None
        problems = [*([] if confirmed else _look_alikes(entry, listed)), *_copied(entry, listed)]
        if problems:
            refused.append(RefusedError(entry.name, problems))
            continue
        card, predictions = entry.card, entry.submission.predictions
        same_names = [one.name for one in listed if (one.card.system, one.card.team) == (card.system, card.team)]
        namesake = same_names[0] if same_names and not confirmed else ""
        reasons = {task: ledger.clearance(entry.name, predictions, task) for task in entry.submission.suspicions}
        cleared = {task: reason for task, reason in reasons.items() if reason}
        listed.append(replace(entry, cleared=cleared, namesake=namesake))
    return listed, refused


def _look_alikes(entry: Entry, listed: Sequence[Entry]) -> list[str]:
    """The listed names that an entry's names can be taken for, a reason each."""
    problems = {}
    for other in listed:
        for kind in ("system", "team"):
            mine, theirs = getattr(entry.card, kind), getattr(other.card, kind)
            if look_alike(mine, theirs):
                problems[kind, theirs] = (
                    f"the {kind}'s name {mine!r} looks like {theirs!r} ({other.name}); choose another"
                )
    return list(problems.values())


def _copied(entry: Entry, listed: Sequence[Entry]) -> list[str]:
    """The tasks whose answers are those of a listed entry, however they are written down."""
    problems = []
    for task, digest in entry.submission.digests.items():
        for other in listed:
            if other.card.track == entry.card.track and other.submission.digests.get(task) == digest:
                problems.append(f"{task}: the predictions are those of {other.name}, which is listed already")
                break
    return problems
