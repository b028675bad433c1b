"""How the slots of one system are wrong, for a page: counts by class, and which slot is taken for which."""

from collections import Counter
from dataclasses import dataclass

from tod_bench.reports.breakdowns import confusions, slot_rows
from tod_bench.reports.turns import StateTurns
from tod_bench.scoring.state_errors import ErrorRow

SLOTS_SHOWN, CONFUSED_SHOWN = 30, 12


@dataclass(frozen=True, slots=True)
class Confusion:
    """Which slot's value was given to which other slot, in turns.

    Attributes:
        slots: The slots that the values belong to.
        given: The slots that they were given to.
        counts: Turns, a row for each of `slots` and a column for each of `given`.
    """

    slots: tuple[str, ...]
    given: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class SlotPanel:
    """Slots of one system on one corpus: how they are wrong, and which are taken for which.

    Attributes:
        name: System and corpus.
        metric: The metric whose rules decide what is wrong.
        turns: How many turns there are.
        wrong: How many of them are not right.
        rows: The slots with the most errors.
        left_out: Slots that are not among them.
        confusion: Slot against slot; None where no value went to another slot.
    """

    name: str
    metric: str
    turns: int
    wrong: int
    rows: tuple[ErrorRow, ...]
    left_out: int
    confusion: Confusion | None


def slot_panel(name: str, turns: StateTurns) -> SlotPanel:
    """The panel of a system's judged turns."""
    rows = slot_rows(turns)
    return SlotPanel(
        name=f"{name} on {turns.experiment.corpus}",
        metric=turns.metric,
        turns=len(turns.errors),
        wrong=sum(not turns.right(position) for position in range(len(turns.errors))),
        rows=tuple(rows[:SLOTS_SHOWN]),
        left_out=max(0, len(rows) - SLOTS_SHOWN),
        confusion=_confusion(turns),
    )


def _confusion(turns: StateTurns) -> Confusion | None:
    """The most confused slots as a matrix."""
    counts = confusions(turns)
    if not counts:
        return None
    totals: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for pair, count in counts.items():
        for side in (0, 1):
            totals[side][pair[side]] += count
    slots, given = (tuple(sorted(slot for slot, _ in total.most_common(CONFUSED_SHOWN))) for total in totals)
    return Confusion(slots, given, tuple(tuple(counts[slot, other] for other in given) for slot in slots))
