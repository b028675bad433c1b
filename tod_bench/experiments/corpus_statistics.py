"""Dialogues counted, as scores: how many and how long they are, and who their users are.

Means have intervals over dialogues, as if the corpus were a sample; plain counts have none.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tod_bench.corpora.counts import count, turns_and_tokens
from tod_bench.errors import UserError, did_you_mean
from tod_bench.experiments.config import Bootstrap
from tod_bench.judge.groups import ALL, GROUPS, attributes_of, slice_of
from tod_bench.records import Dialogue
from tod_bench.scores import Score
from tod_bench.statistics import bootstrap_intervals
from tod_metrics.base import FloatArray, Signature, percentage, ratio

COUNTED = ("dialogues", "services", "domains")
MEANS = ("turns_a_dialogue", "tokens_a_turn")
SHARE = "user_share"
"""Share of the dialogues whose user belongs to a group, 0 to 100; the score's domain is the group."""


def check_count(name: str) -> None:
    """Finds out whether something can be counted.

    Raises:
        UserError: It cannot.
    """
    known = (*COUNTED, *MEANS, SHARE)
    if name not in known:
        raise UserError(f"{name!r} cannot be counted{did_you_mean(name, known)}; choose from {', '.join(known)}")


def counted(
    dialogues: Sequence[Dialogue], wanted: Sequence[str], where: Mapping[str, str], bootstrap: Bootstrap
) -> list[Score]:
    """Counts dialogues.

    Args:
        dialogues: The dialogues.
        wanted: What to count: of `COUNTED`, `MEANS` and `SHARE`.
        where: Corpus and split, for signatures.
        bootstrap: How intervals are drawn.
    """
    plain = count(dialogues)
    scores = [_score(name, float(getattr(plain, name)), where, len(dialogues)) for name in COUNTED if name in wanted]
    rows = [row for name in wanted for row in _rows(name, dialogues)]
    drawn = [(sums, aggregate) for _, _, sums, aggregate in rows]
    intervals = bootstrap_intervals(drawn, draws=bootstrap.draws, seed=bootstrap.seed) if bootstrap.draws else []
    for place, (name, group, sums, aggregate) in enumerate(rows):
        value = float(aggregate(sums.sum(axis=0)))
        ends = (intervals[place].low, intervals[place].high) if intervals else (None, None)
        known = round(float(sums[:, 1].sum()))
        scores.append(_score(name, value if np.isfinite(value) else None, where, known, group, ends))
    return scores


_Row = tuple[str, str, FloatArray, Callable[[FloatArray], FloatArray]]


def _rows(name: str, dialogues: Sequence[Dialogue]) -> list[_Row]:
    """Name, group, statistics of each dialogue, and the score of their sums."""
    if name == "turns_a_dialogue":
        return [(name, "", np.array([(turns_and_tokens(one)[0], 1.0) for one in dialogues]), _mean)]
    if name == "tokens_a_turn":
        return [(name, "", np.array([turns_and_tokens(one)[::-1] for one in dialogues], dtype=float), _mean)]
    if name != SHARE:
        return []
    users = [attributes_of(dialogue.persona) for dialogue in dialogues]
    return [
        (
            *(name, group.label),
            np.array([(group.holds(user), bool(user[group.attribute])) for user in users], dtype=float),
            _share,
        )
        for group in GROUPS
        if group is not ALL
    ]


def _mean(sums: FloatArray) -> FloatArray:
    return ratio(sums[..., 0], sums[..., 1])


def _share(sums: FloatArray) -> FloatArray:
    return percentage(sums[..., 0], sums[..., 1])


def _score(
    name: str,
    value: float | None,
    where: Mapping[str, str],
    n: int,
    group: str = "",
    ends: tuple[float | None, float | None] = (None, None),
) -> Score:
    place = {**where, **({"group": group} if group else {}), "n": str(n)}
    rule = {"turn": "utterance", "token": "whitespace"} if name in MEANS else {}
    return Score(name, "tod_bench", value, Signature(name, {**place, **rule}), n, slice_of(group or ALL.label), *ends)
