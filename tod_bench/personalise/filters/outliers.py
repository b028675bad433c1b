"""Which dialogues restyling moved too little, or the wrong way: three readings of PicPersona-TOD's style filters.

Quartiles and means are those of the dialogues of one split, one side and one label of the persona; Q1, Q3 and IQR are
numpy's and pandas's default quantiles (linear). A dialogue is dropped where any of its labels drops it.

    reading       strength                            direction, D = |PV - mean of the label|          sides
    picpersona    PS < Q1 - 2.5 IQR                   D > Q3 + 4.5 IQR                                  both
    paper_text    PS < 2.5 IQR                        D > 4.5 IQR                                       system
    tod_bench     the same as picpersona, or          the same with 3 IQR, or                           both
                  PS < FLOOR x the label's median     a projection beyond the mean of an opposite label

``picpersona`` is ``filtering/style_filtering_{strength,cluster}.py``: 8 labels (no seniors, toddlers, genders), the
turns `inner`, and so no verdict for dialogues of two turns or fewer. Its bound of strength is mostly below 0, so
that it finds nothing, not even dialogues that were not restyled; ``tod_bench`` adds the floor. ``paper_text`` is what
the paper prints: "below 2.5 x IQR" and "a threshold of 4.5 x IQR", without a quartile that they are laid off from.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from tod_bench.personalise.filters.vectors import Floats, Selection, StyleVector
from tod_bench.personalise.options import FilterReading
from tod_bench.personalise.styled import SIDES, Side
from tod_bench.records import Persona

FLOOR = 0.15
"""Share of a label's median strength below which a dialogue counts as hardly restyled: of the embedded corpus restyled
by rules, those that are below have no restyled turn, and the next one is at 0.20 (60 dialogues)."""

RELEASED_LABELS = ("positive", "negative", "neutral", "casual", "formal", "child", "teenager", "adult")
LABELS = (*RELEASED_LABELS, "senior", "toddler", "female", "male")

OPPOSITES: Mapping[str, tuple[str, ...]] = {
    "casual": ("formal",),
    "formal": ("casual",),
    "child": ("adult", "senior"),
    "toddler": ("adult", "senior"),
    "teenager": ("senior",),
    "adult": ("child", "toddler"),
    "senior": ("child", "toddler", "teenager"),
    "positive": ("negative",),
    "negative": ("positive",),
}
"""Label -> labels whose style would be the wrong one. Genders have no styles of their own."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a reading filters.

    Attributes:
        sides: Whose utterances.
        labels: Labels of personas.
        selection: Which turns count.
        least_strength: The bound of strength, of the strengths of a label.
        most_distance: The bound of the distance to the label's mean, of the distances of a label.
        projected: Whether a dialogue that lies beyond the mean of an opposite label is dropped.
        fewest: Dialogues of a label below which strength is measured by those of all dialogues, and direction not.
    """

    sides: tuple[Side, ...]
    labels: tuple[str, ...]
    selection: Selection
    least_strength: Callable[[Floats], float]
    most_distance: Callable[[Floats], float]
    projected: bool = False
    fewest: int = 0


def _below(times: float) -> Callable[[Floats], float]:
    return lambda values: float(np.quantile(values, 0.25) - times * _iqr(values))


def _above(times: float) -> Callable[[Floats], float]:
    return lambda values: float(np.quantile(values, 0.75) + times * _iqr(values))


def _floored(values: Floats) -> float:
    return max(_below(2.5)(values), FLOOR * float(np.median(values)))


def _iqr(values: Floats) -> float:
    return float(np.quantile(values, 0.75) - np.quantile(values, 0.25))


READINGS: Mapping[FilterReading, Reading] = {
    "picpersona": Reading(SIDES, RELEASED_LABELS, "inner", _below(2.5), _above(4.5)),
    "paper_text": Reading(
        ("system",), RELEASED_LABELS, "without", lambda values: 2.5 * _iqr(values), lambda values: 4.5 * _iqr(values)
    ),
    "tod_bench": Reading(SIDES, LABELS, "without", _floored, _above(3.0), projected=True, fewest=8),
}


@dataclass(frozen=True, slots=True, eq=False)
class StyleScores:
    """What the style filters know of a dialogue.

    Attributes:
        key: The dialogue.
        split: Its split.
        labels: Labels of its persona.
        vectors: Side -> selection -> its style vector; None where no turn counts.
    """

    key: str
    split: str
    labels: frozenset[str]
    vectors: Mapping[Side, Mapping[Selection, StyleVector | None]]


def labels_of(persona: Persona) -> frozenset[str]:
    """The labels of a persona: age, formality, emotion and gender."""
    return frozenset({persona.age, persona.formality, persona.emotion, persona.gender} & set(LABELS))


def style_reasons(scores: Sequence[StyleScores], reading: FilterReading) -> dict[str, dict[str, list[str]]]:
    """Which dialogues the style filters drop.

    Args:
        scores: All dialogues of all splits; thresholds are those of each split.
        reading: Whose filters.

    Returns:
        ``strength`` and ``direction``, each: key -> reasons, a clause for each side and label.
    """
    rules = READINGS[reading]
    found: dict[str, dict[str, list[str]]] = {"strength": {}, "direction": {}}
    for split in dict.fromkeys(one.split for one in scores):
        of_split = [one for one in scores if one.split == split]
        for side in rules.sides:
            for filter_, key, reason in _of_side(of_split, side, rules):
                found[filter_].setdefault(key, []).append(f"{side}, {reason}")
    return found


def _of_side(scores: Sequence[StyleScores], side: Side, rules: Reading) -> Iterator[tuple[str, str, str]]:
    known = [(one, vector) for one in scores if (vector := one.vectors[side][rules.selection]) is not None]
    means = {
        label: np.mean([vector.direction for _, vector in members], axis=0)
        for label in rules.labels
        if (members := [pair for pair in known if label in pair[0].labels])
    }
    everyone = [vector for _, vector in known]
    for label, mean in means.items():
        members = [pair for pair in known if label in pair[0].labels]
        distances = np.array([np.linalg.norm(vector.direction - mean) for _, vector in members])
        many = len(members) >= rules.fewest
        strengths = np.array([vector.strength for _, vector in members] if many else [v.strength for v in everyone])
        yield from _weak(members, label, rules.least_strength(strengths))
        yield from _far(members, label, distances, rules.most_distance(distances) if many else np.inf)
        if rules.projected and many:
            yield from chain.from_iterable(
                _opposite(members, label, other, mean, means[other])
                for other in OPPOSITES.get(label, ())
                if other in means and sum(other in one.labels for one, _ in known) >= rules.fewest
            )


Members = Sequence[tuple[StyleScores, StyleVector]]


def _weak(members: Members, label: str, bound: float) -> Iterator[tuple[str, str, str]]:
    for one, vector in members:
        if vector.strength < bound:
            yield "strength", one.key, f"{label}: {vector.strength:.3f} is below {bound:.3f}"


def _far(members: Members, label: str, distances: Floats, bound: float) -> Iterator[tuple[str, str, str]]:
    for (one, _), distance in zip(members, distances, strict=True):
        if distance > bound:
            yield "direction", one.key, f"{label}: {distance:.3f} is above {bound:.3f}"


def _opposite(
    members: Members, label: str, other: str, mean: Floats, opposite: Floats
) -> Iterator[tuple[str, str, str]]:
    """Dialogues that lie, from the label's mean (0) to the opposite's (1), beyond 1 and beyond the label's outliers."""
    axis = opposite - mean
    length = float(axis @ axis)
    if length == 0:
        return
    along = np.array([float((vector.direction - mean) @ axis) / length for _, vector in members])
    bound = max(1.0, float(np.quantile(along, 0.75) + 3.0 * _iqr(along)))
    for (one, _), at in zip(members, along, strict=True):
        if at > bound:
            yield "direction", one.key, f"{label}: as {other} ({at:.2f} of the way, bound {bound:.2f})"
