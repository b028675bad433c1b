"""Style direction: do responses move away from plain ones the way that gold responses to such users do?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tod_metrics.base import Annotation, FloatArray, Metric, Signature, ratio
from tod_metrics.items import ResponseItem
from tod_metrics.style.displacement import (
    DECIMALS,
    LIBRARIES,
    PROFILE,
    StyleDirections,
    cosine,
    direction,
    displacements,
    profile_of,
)
from tod_metrics.style.style_strength import PlainResponses, spoken_pairs


@dataclass(frozen=True)
class StyleDirection(Metric[ResponseItem]):
    """Style direction: cosine of a dialogue's PV and the mean PV of gold responses to users of its profile.

    PV is the mean of ``e(response) - e(plain response)`` over the turns of a dialogue. A dialogue whose responses are
    all plain, or all empty, has no direction and counts 0.

    Attributes:
        encoder: The sentence encoder (see `tod_metrics.style.displacement.Encoder`).
        plain_responses: The plain response of each turn.
        style_directions: The mean PVs, of a training split.
    """

    encoder: Any
    plain_responses: PlainResponses
    style_directions: StyleDirections

    item: ClassVar[type] = ResponseItem
    name: ClassVar[str] = "style_direction"
    columns: ClassVar[tuple[str, ...]] = ("cosine", "dialogues")
    denominator: ClassVar[str] = "dialogues"
    needs: ClassVar[tuple[str, ...]] = ("encoder", "plain_responses", "style_directions")
    libraries: ClassVar[tuple[str, ...]] = LIBRARIES
    annotations: ClassVar[tuple[Annotation, ...]] = ("responses", "personas")
    percent: ClassVar[bool] = False

    @property
    def signature(self) -> Signature:
        """The encoder, what users are told apart by, and what the mean directions were learned on."""
        learned = f"{self.style_directions.dialogues} dialogues {self.style_directions.digest}"
        options = {"encoder": self.encoder.version, "profile": "+".join(PROFILE), "learned": learned}
        return Signature(self.name, {**options, "round": str(DECIMALS), "mean": "dialogues"})

    def statistics(self, items: Sequence[ResponseItem]) -> FloatArray:
        """Cosine and 1 in the row of a dialogue's first item; zeros elsewhere."""
        rows = np.zeros((len(items), 2))
        moved = self._directions(items, [item.response for item in items])
        for places in self._counted(items):
            mean = self.style_directions.means[profile_of(items[places[0]].group)]
            rows[places[0]] = cosine(moved[places[0]], mean), 1.0
        return rows

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """The mean cosine; NaN where no dialogue counts."""
        return ratio(sums[..., 0], sums[..., 1])

    def remarks(self, items: Sequence[ResponseItem]) -> tuple[str, ...]:
        """Floor (the same responses to other users) and ceiling (the corpus's own), and what was left out."""
        counted = self._counted(items)
        said = []
        if counted:
            ours, gold = (self._directions(items, texts) for texts in _both(items))
            profiles = [profile_of(items[places[0]].group) for places in counted]
            means = [self.style_directions.means[profile] for profile in profiles]
            own = np.mean([cosine(gold[places[0]], mean) for places, mean in zip(counted, means, strict=True)])
            times = Counter(profiles)
            total = sum(
                count * cosine(ours[places[0]], self.style_directions.means[profile])
                for places in counted
                for profile, count in times.items()
            )
            shuffled = total / len(profiles) ** 2
            said.append(
                f"over all dialogues: floor {shuffled:.3f} (the same responses, users shuffled); ceiling {own:.3f} "
                "(the corpus's own responses)"
            )
        dialogues = len({item.dialogue_id for item in items})
        if len(counted) < dialogues:
            said.append(
                f"{dialogues - len(counted)} of {dialogues} dialogues are left out: their user's profile "
                f"({', '.join(PROFILE)}) is not known, or the training split has none of it, or no plain response"
            )
        return tuple(said)

    def _counted(self, items: Sequence[ResponseItem]) -> list[list[int]]:
        """Places of the items of each dialogue that counts."""
        places: dict[str, list[int]] = {}
        for place, item in enumerate(items):
            places.setdefault(item.dialogue_id, []).append(place)
        return [
            of_dialogue
            for of_dialogue in places.values()
            if profile_of(items[of_dialogue[0]].group) in self.style_directions.means
            and any(self.plain_responses.get((items[place].dialogue_id, items[place].turn)) for place in of_dialogue)
        ]

    def _directions(self, items: Sequence[ResponseItem], texts: Sequence[str]) -> dict[int, FloatArray]:
        """Place of a dialogue's first item -> its PV; zeros where it has none."""
        spoken = spoken_pairs(items, texts, self.plain_responses)
        moved = dict(zip(spoken, displacements(list(spoken.values()), self.encoder), strict=True))
        nothing = np.zeros(next((len(mean) for mean in self.style_directions.means.values()), 0))
        found = {}
        for places in self._counted(items):
            of_dialogue = [moved[place] for place in places if place in moved]
            found[places[0]] = direction(np.array(of_dialogue)) if of_dialogue else nothing
        return found


def _both(items: Sequence[ResponseItem]) -> tuple[list[str], list[str]]:
    return [item.response for item in items], [item.reference for item in items]
