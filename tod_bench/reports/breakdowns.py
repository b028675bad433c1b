"""Joint goal accuracy taken apart: by position in the dialogue, by the dialogue's length, and slot by slot."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tod_bench.reports.turns import StateTurns
from tod_bench.scoring.state_errors import ErrorRow, rows_by_slot
from tod_bench.statistics import bootstrap_intervals, cluster_sums
from tod_metrics.base import FloatArray, percentage


@dataclass(frozen=True, slots=True)
class Point:
    """A score of some of the turns.

    Attributes:
        label: Which turns, e.g. ``3`` or ``7-9``.
        value: Their score, in percent; None where there are none.
        low: Lower end of its 95% interval over dialogues; None where there is none.
        high: Upper end.
        turns: How many turns there are.
        dialogues: How many dialogues they are of.
    """

    label: str
    value: float | None
    low: float | None
    high: float | None
    turns: int
    dialogues: int


def by_turn_index(turns: StateTurns, *, bins: int = 10, draws: int = 1000, seed: int = 0) -> list[Point]:
    """The score of first turns, of second turns, and so on; late turns, which few dialogues have, are one bin."""
    positions = [turn.index + 1 for dialogue in turns.dialogues for turn in dialogue.turns]
    return _points(turns, positions, _bins(positions, bins), draws, seed)


def by_length(turns: StateTurns, *, bins: int = 6, draws: int = 1000, seed: int = 0) -> list[Point]:
    """The score by how many turns the dialogue has, in bins of about as many dialogues each."""
    lengths = [len(dialogue.turns) for dialogue in turns.dialogues for _ in dialogue.turns]
    return _points(turns, lengths, _even_bins([len(dialogue.turns) for dialogue in turns.dialogues], bins), draws, seed)


def slot_rows(turns: StateTurns) -> list[ErrorRow]:
    """Every slot that gold or a prediction has with its errors by class, the most errors first."""
    return list(rows_by_slot(turns.gold, turns.errors))


def confusions(turns: StateTurns) -> Counter[tuple[str, str]]:
    """(slot, slot that was given its value instead) -> turns."""
    return Counter((error.slot, error.moved_to) for errors in turns.errors for error in errors if error.moved_to)


def _bins(values: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Each value its own bin, except that all from the last one on are one."""
    different = sorted(set(values))
    kept = different[:most]
    return [(value, value) for value in kept[:-1]] + [(kept[-1], different[-1])] if kept else []


def _even_bins(values: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Bins of neighbouring values that hold about as many each."""
    counts = Counter(values)
    bins: list[tuple[int, int]] = []
    start, taken, closed = 0, 0, 0
    for value in sorted(counts):
        start = start or value
        taken += counts[value]
        if taken * most >= len(values) * (closed + 1):
            bins.append((start, value))
            start, closed = 0, taken * most // len(values)
    return bins


def _points(
    turns: StateTurns, values: Sequence[int], bins: Sequence[tuple[int, int]], draws: int, seed: int
) -> list[Point]:
    taken = [np.array([low <= value <= high for value in values]) for low, high in bins]
    cluster = np.asarray(turns.cluster, dtype=np.int64)
    sums = [cluster_sums(turns.statistics * mask[:, None], cluster) for mask in taken]
    scores = [(one, _share) for one in sums]
    intervals = bootstrap_intervals(scores, draws=draws, seed=seed) if draws and scores else [None] * len(bins)
    points = []
    for (low, high), mask, one, interval in zip(bins, taken, sums, intervals, strict=True):
        value = float(_share(one.sum(axis=0)))
        ends = (interval.low, interval.high) if interval else (None, None)
        label = str(low) if low == high else f"{low}-{high}"
        count = int(mask.sum())
        points.append(Point(label, value if np.isfinite(value) else None, *ends, count, len(set(cluster[mask]))))
    return points


def _share(sums: FloatArray) -> FloatArray:
    return percentage(sums[..., 0], sums[..., 1])
