"""Emotion labels as numbers: the share of each of GoEmotions' labels by version and by the user's image emotion."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tod_bench.judge.config import Resampling
from tod_bench.judge.groups import GROUPS
from tod_bench.judge.likert import Attributes
from tod_bench.judge.questions import EMOTION, EMOTIONS
from tod_bench.judge.ratings import Rating
from tod_bench.statistics import bootstrap_intervals, permutation_test
from tod_metrics.base import percentage

FloatArray = NDArray[np.float64]
_Sides = tuple[list[FloatArray], list[FloatArray]]


@dataclass(frozen=True, slots=True)
class EmotionShare:
    """Share of one label.

    Attributes:
        label: The label.
        count: Responses with it.
        share: Their share of all labelled responses, 0 to 100.
        low: Lower end of its 95% interval, over dialogues.
        high: Upper end.
    """

    label: str
    count: int
    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class EmotionRow:
    """The distribution over labels of one version in one group.

    Attributes:
        arm: The version.
        group: The group's label.
        items: Dialogues.
        labelled: Responses with a label.
        unscored: Responses without one.
        shares: Labels that occur, the most frequent first.
    """

    arm: str
    group: str
    items: int
    labelled: int
    unscored: int
    shares: tuple[EmotionShare, ...]

    @property
    def unscored_rate(self) -> float:
        """Share of responses without a label, 0 to 1."""
        return self.unscored / max(1, self.unscored + self.labelled)


@dataclass(frozen=True, slots=True)
class EmotionTest:
    """Whether two distributions differ: total variation distance (0 to 1) and its p by permutation of dialogues."""

    a: str
    b: str
    distance: float | None
    p: float | None


def emotion_rows(ratings: Sequence[Rating], attributes: Attributes, by: Resampling) -> list[EmotionRow]:
    """Every version and group that has labels."""
    rows = []
    for arm in dict.fromkeys(rating.arm for rating in ratings):
        for group in GROUPS:
            own = [r for r in ratings if r.arm == arm and group.holds(attributes.get(r.item, {}))]
            if own:
                rows.append(_row(arm, group.label, own, by))
    return rows


def emotion_tests(ratings: Sequence[Rating], attributes: Attributes, by: Resampling) -> list[EmotionTest]:
    """Every two versions (paired by dialogue), and positive against other image emotions within each."""
    arms = list(dict.fromkeys(rating.arm for rating in ratings))
    tables = {arm: label_counts([r for r in ratings if r.arm == arm]) for arm in arms}
    found: list[EmotionTest] = []
    sides: _Sides
    for place, a in enumerate(arms):
        for b in arms[place + 1 :]:
            shared = sorted(tables[a].keys() & tables[b].keys())
            sides = [tables[a][name] for name in shared], [tables[b][name] for name in shared]
            found.append(_test((a, b), sides, by, paired=True))
    for arm in arms:
        sides = ([], [])
        for name, counts in tables[arm].items():
            emotion = attributes.get(name, {}).get("emotion", "")
            if emotion in ("positive", "neutral", "negative"):
                sides[emotion != "positive"].append(counts)
        if all(sides):
            found.append(_test((f"{arm}, positive", f"{arm}, neutral+negative"), sides, by, paired=False))
    return found


def label_counts(ratings: Sequence[Rating]) -> dict[str, FloatArray]:
    """Item -> how often each label of `EMOTIONS` was given, shape (28,)."""
    counts: dict[str, FloatArray] = {}
    for rating in ratings:
        own = counts.setdefault(rating.item, np.zeros(len(EMOTIONS)))
        if rating.question == EMOTION and rating.value in EMOTIONS:
            own[EMOTIONS.index(str(rating.value))] += 1
    return counts


def _row(arm: str, group: str, ratings: Sequence[Rating], by: Resampling) -> EmotionRow:
    counts = np.array(list(label_counts(ratings).values()))
    total = counts.sum(axis=0)
    seen = [int(index) for index in np.argsort(-total, kind="stable") if total[index]]
    pairs = [np.stack([counts[:, index], counts.sum(axis=1)], axis=1) for index in seen]
    scores = [(pair, lambda sums: percentage(sums[..., 0], sums[..., 1])) for pair in pairs]
    intervals = bootstrap_intervals(scores, draws=by.draws, seed=by.seed)
    shares = tuple(
        EmotionShare(EMOTIONS[index], int(total[index]), float(100 * total[index] / total.sum()), found.low, found.high)
        for index, found in zip(seen, intervals, strict=True)
    )
    return EmotionRow(arm, group, len(counts), int(total.sum()), len(ratings) - int(total.sum()), shares)


def _test(names: tuple[str, str], sides: _Sides, by: Resampling, *, paired: bool) -> EmotionTest:
    left, right = sides
    if not left or not right:
        return EmotionTest(*names, None, None)
    test = permutation_test(np.array(left), np.array(right), paired=paired, draws=min(by.draws, 9999), seed=by.seed)
    return EmotionTest(*names, test.statistic, test.p_value)
