"""Persona attribution: to which of several users were these responses said?"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar

import numpy as np

from tod_metrics.base import Annotation, FloatArray, Metric, Signature, percentage
from tod_metrics.items import ResponseItem
from tod_metrics.style.displacement import PROFILE, profile_of
from tod_metrics.style.style_classifier import StyleClassifier
from tod_metrics.style.whole_dialogues import WholeDialogue, whole_dialogues


@dataclass(frozen=True)
class PersonaAttribution(Metric[ResponseItem]):
    """Persona attribution: share of dialogues whose responses a classifier gives to the right one of k users, in %.

    The users of all dialogues are divided by lot into groups of k whose profiles (age, formality, emotion) all differ,
    and the candidates of a dialogue are those of its user's group. So every user is the right one once and a wrong one
    k - 1 times, and responses that have nothing to do with their users score 100 / k, whatever they are: always
    answering to the most frequent kind of user gains nothing.

    The likeliest candidate is the one with the highest ``sum over attributes of log p(value | responses) - log
    p(value)``, by the classifier and the shares of its training texts; a tie counts in equal parts.

    Attributes:
        style_classifier: The classifier.
        k: Number of candidates, at least 2.
        seed: Seed of the lots.
    """

    style_classifier: StyleClassifier
    k: int = 4
    seed: int = 0

    item: ClassVar[type] = ResponseItem
    name: ClassVar[str] = "persona_attribution"
    columns: ClassVar[tuple[str, ...]] = ("right", "dialogues")
    denominator: ClassVar[str] = "dialogues"
    needs: ClassVar[tuple[str, ...]] = ("style_classifier",)
    libraries: ClassVar[tuple[str, ...]] = ("scikit-learn",)
    annotations: ClassVar[tuple[Annotation, ...]] = ("responses", "personas")

    def __post_init__(self) -> None:
        """Refuses fewer than two candidates."""
        if self.k < 2:
            raise ValueError(f"persona_attribution needs at least 2 candidates (k), not {self.k}")

    @property
    def signature(self) -> Signature:
        """Candidates, lots, profile and classifier."""
        options = {"k": str(self.k), "candidates": "groups of differing profiles", "seed": str(self.seed)}
        read_by = {"profile": "+".join(PROFILE), "unit": "dialogue", "score": "posterior/prior"}
        return Signature(
            self.name,
            {
                **options,
                **read_by,
                "classifier": self.style_classifier.version,
                "trained": str(self.style_classifier.trained),
            },
        )

    @property
    def batchable(self) -> bool:
        """Never: the other users of the split are the candidates."""
        return False

    def statistics(self, items: Sequence[ResponseItem]) -> FloatArray:
        """Right (or its part of a tie) and 1 in the row of a dialogue's first item; zeros where none counts."""
        dialogues = whole_dialogues(items)
        return self._statistics(len(items), dialogues, [dialogue.response for dialogue in dialogues])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Percentage of dialogues; NaN where there are no groups of k."""
        return percentage(sums[..., 0], sums[..., 1])

    def remarks(self, items: Sequence[ResponseItem]) -> tuple[str, ...]:
        """Chance and ceiling, and who is in no group."""
        dialogues = whole_dialogues(items)
        own = self._statistics(len(items), dialogues, [dialogue.reference for dialogue in dialogues]).sum(axis=0)
        said = []
        if own[1]:
            ceiling = float(self.aggregate(own))
            said.append(
                f"over all dialogues: chance {100 / self.k:.1f}; ceiling {ceiling:.1f} (the corpus's own responses)"
            )
        if own[1] < len(dialogues):
            said.append(
                f"{len(dialogues) - round(own[1])} of {len(dialogues)} dialogues are left out: their user's profile is "
                f"not known to the classifier, or no {self.k} users of differing profiles were left for a group"
            )
        return tuple(said)

    def _statistics(self, size: int, dialogues: Sequence[WholeDialogue], texts: Sequence[str]) -> FloatArray:
        rows = np.zeros((size, 2))
        profiles = {place: self._profile(dialogue) for place, dialogue in enumerate(dialogues)}
        groups = groups_of_differing(
            {place: profile for place, profile in profiles.items() if profile}, self.k, self.seed
        )
        counted = [place for group in groups for place in group]
        scores = dict(zip(counted, self._scores([texts[place] for place in counted]), strict=True)) if counted else {}
        for group in groups:
            for place in group:
                of_each = {other: scores[place][profiles[other]] for other in group}
                highest = max(of_each.values())
                best = [other for other, score in of_each.items() if score >= highest - 1e-9]
                right = 1.0 / len(best) if place in best and texts[place] else 0.0
                rows[dialogues[place].place] = right, 1.0
        return rows

    def _profile(self, dialogue: WholeDialogue) -> str:
        """The user's profile; empty where the classifier does not know all of it."""
        models = self.style_classifier.models
        is_known = all(name in models and dialogue.group.get(name) in models[name].classes for name in PROFILE)
        return profile_of(dialogue.group) if is_known else ""

    def _scores(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """For each text, the score of every profile that the classifier knows."""
        parts = []
        for name in PROFILE:
            model = self.style_classifier.models[name]
            lifts = self.style_classifier.log_probabilities(name, texts) - np.log(model.prior)
            parts.append([dict(zip(model.classes, map(float, row), strict=True)) for row in lifts])
        return [
            {
                f"{age}+{formality}+{emotion}": a + f + e
                for age, a in ages.items()
                for formality, f in formalities.items()
                for emotion, e in emotions.items()
            }
            for ages, formalities, emotions in zip(*parts, strict=True)
        ]


def groups_of_differing(profiles: dict[int, str], k: int, seed: int) -> list[list[int]]:
    """Divides users by lot into as many groups of k as there can be whose profiles all differ.

    With g groups, at most g users of a profile find one. Dealt out in turn, profile after profile, no two of them come
    into the same group.

    Args:
        profiles: User -> profile.
        k: Users a group.
        seed: Seed of the lots.
    """
    rng = Random(f"persona_attribution/{seed}")
    of_profile: dict[str, list[int]] = {}
    for user, profile in profiles.items():
        of_profile.setdefault(profile, []).append(user)
    number = len(profiles) // k
    while number and sum(min(len(users), number) for users in of_profile.values()) < number * k:
        number -= 1
    if not number:
        return []
    names = sorted(of_profile)
    rng.shuffle(names)
    for name in names:
        rng.shuffle(of_profile[name])
    chosen = [(name, user) for name in names for user in of_profile[name][:number]]
    too_many = set(rng.sample(range(len(chosen)), len(chosen) - number * k))
    dealt = [user for place, (_, user) in enumerate(chosen) if place not in too_many]
    return [dealt[group::number] for group in range(number)]
