"""Statistics of a corpus as scores: how many dialogues there are, how long they are, and who their users are.

Means have intervals over dialogues, as if the corpus were a sample; plain counts have none.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from tod_bench.corpora.counts import count, turns_and_tokens
from tod_bench.errors import UserError, did_you_mean
from tod_bench.experiments.config import Bootstrap
from tod_bench.judge.questions import ALL, GROUPS, Group, attributes_of, slice_of
from tod_bench.records import Dialogue
from tod_bench.scores import Score
from tod_bench.statistics import bootstrap_intervals
from tod_metrics.base import FloatArray, Signature, percentage, ratio

COUNTS = ("dialogues", "services", "domains")
MEANS = ("turns_a_dialogue", "tokens_a_turn")
SHARE = "user_share"
"""Share of the dialogues whose user belongs to a group, 0 to 100; the score's slice is the group."""


def check_statistic(name: str) -> None:
    """Finds out whether there is a statistic of that name.

    Raises:
        UserError: There is not.
    """
    known = (*COUNTS, *MEANS, SHARE)
    if name not in known:
        raise UserError(f"{name!r} cannot be counted{did_you_mean(name, known)}; choose from {', '.join(known)}")


def corpus_statistics(
    dialogues: Sequence[Dialogue], names: Sequence[str], where: Mapping[str, str], bootstrap: Bootstrap
) -> list[Score]:
    """Statistics of dialogues: first the counts, then the means and shares in the order of their names.

    Args:
        dialogues: The dialogues.
        names: The statistics: of `COUNTS`, `MEANS` and `SHARE`.
        where: Corpus and split, for signatures.
        bootstrap: How intervals are drawn.
    """
    totals = count(dialogues)
    scores = [
        Score(name, "tod_bench", float(getattr(totals, name)), _signature(name, where, len(dialogues)), len(dialogues))
        for name in COUNTS
        if name in names
    ]
    tables = [table for name in names for table in _tables(name, dialogues)]
    bases = [(sums, partial(_ratio, name)) for name, _, sums in tables]
    intervals = bootstrap_intervals(bases, draws=bootstrap.draws, seed=bootstrap.seed) if bootstrap.draws else []
    for index, (name, group, sums) in enumerate(tables):
        value, known = float(_ratio(name, sums.sum(axis=0))), round(float(sums[:, 1].sum()))
        ends = (intervals[index].low, intervals[index].high) if intervals else (None, None)
        signature = _signature(name, where, known, "" if group is ALL else group.label)
        shown = value if np.isfinite(value) else None
        scores.append(Score(name, "tod_bench", shown, signature, known, slice_of(group.label), *ends))
    return scores


def _tables(name: str, dialogues: Sequence[Dialogue]) -> list[tuple[str, Group, FloatArray]]:
    """Name and group of a mean or share, and for each dialogue the numerator and denominator (two columns)."""
    if name in MEANS:
        sizes = np.array([turns_and_tokens(dialogue) for dialogue in dialogues], dtype=float).reshape(-1, 2)
        if name == "turns_a_dialogue":
            return [(name, ALL, np.column_stack([sizes[:, 0], np.ones(len(sizes))]))]
        return [(name, ALL, sizes[:, ::-1])]
    if name != SHARE:
        return []
    users = [attributes_of(dialogue.persona) for dialogue in dialogues]
    return [
        (name, group, np.array([(group.holds(user), bool(user[group.attribute])) for user in users], dtype=float))
        for group in GROUPS
        if group is not ALL
    ]


def _ratio(name: str, sums: FloatArray) -> FloatArray:
    return percentage(sums[..., 0], sums[..., 1]) if name == SHARE else ratio(sums[..., 0], sums[..., 1])


def _signature(name: str, where: Mapping[str, str], n: int, group: str = "") -> Signature:
    counted_by = {"turn": "utterance", "token": "whitespace"} if name in MEANS else {}
    return Signature(name, {**where, **({"group": group} if group else {}), "n": str(n), **counted_by})
