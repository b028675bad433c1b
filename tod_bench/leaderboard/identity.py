"""Who is listed under which name, and whose the predictions are.

A system is known by its name and its team. The first submission of a system opens its page. Anyone can write the same
two names on a card, so a later one is on that page, and in its history, only once the keepers of the leaderboard have
accepted it. Until then it has a page of its own, and is marked. A name that is not the same and looks the same, and
predictions that are listed already, are refused.
"""

from collections.abc import Sequence
from dataclasses import replace

from tod_bench.leaderboard.ledger import Ledger
from tod_bench.leaderboard.names import look_alike
from tod_bench.leaderboard.submission import RefusedError
from tod_bench.leaderboard.verify import Entry
from tod_bench.records import TaskName


def admitted(entries: Sequence[Entry], ledger: Ledger) -> tuple[list[Entry], list[RefusedError]]:
    """Separates the entries that are listed from those that give way to another.

    Accepted entries come first, in the order of acceptance, then the others by date and name.

    Args:
        entries: The entries.
        ledger: What the keepers of the leaderboard have decided.

    Returns:
        The entries to list, with what is decided about them; and a refusal for each of the others.

    Raises:
        UserError: The package with the table of look-alikes is not installed.
    """
    listed: list[Entry] = []
    refused: list[RefusedError] = []
    for entry in sorted(entries, key=lambda one: _precedence(one, ledger)):
        accepted = _accepted(entry, ledger) is not None
        problems = [*([] if accepted else _look_alikes(entry, listed)), *_copied(entry, listed)]
        if problems:
            refused.append(RefusedError(entry.submission.name, problems))
        else:
            namesake = "" if accepted else _namesake(entry, listed)
            listed.append(replace(entry, cleared=_cleared(entry, ledger), namesake=namesake))
    return listed, refused


def _precedence(entry: Entry, ledger: Ledger) -> tuple[float, str, str]:
    order = _accepted(entry, ledger)
    return float("inf") if order is None else order, entry.card.date.isoformat(), entry.submission.name


def _accepted(entry: Entry, ledger: Ledger) -> int | None:
    return ledger.order(entry.submission.name, entry.submission.predictions)


def _namesake(entry: Entry, listed: Sequence[Entry]) -> str:
    """The submission that opened the page of an entry's system and team, if there is one."""
    wanted = entry.card.system, entry.card.team
    found = (one.submission.name for one in listed if (one.card.system, one.card.team) == wanted)
    return next(found, "")


def _look_alikes(entry: Entry, listed: Sequence[Entry]) -> list[str]:
    """The listed names that an entry's names can be taken for, a reason each."""
    card, found = entry.card, {}
    for other in listed:
        for kind, mine, theirs in (
            ("system", card.system, other.card.system),
            ("team", card.team, other.card.team),
        ):
            if look_alike(mine, theirs):
                found[kind, theirs] = (
                    f"the {kind}'s name {mine!r} looks like {theirs!r} ({other.submission.name}); choose another"
                )
    return list(found.values())


def _copied(entry: Entry, listed: Sequence[Entry]) -> list[str]:
    """The tasks whose answers are those of a listed entry, however they are written down."""
    found = []
    for task, digest in entry.submission.digests.items():
        for other in listed:
            if other.card.track == entry.card.track and other.submission.digests.get(task) == digest:
                found.append(f"{task}: the predictions are those of {other.submission.name}, which is listed already")
                break
    return found


def _cleared(entry: Entry, ledger: Ledger) -> dict[TaskName, str]:
    submission = entry.submission
    return {
        task: reason
        for task in submission.suspicions
        if (reason := ledger.clearance(submission.name, submission.predictions, task))
    }
