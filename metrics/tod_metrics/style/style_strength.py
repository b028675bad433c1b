"""Style strength: how far responses are from the plain responses of the same turns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tod_metrics.base import Annotation, FloatArray, Metric, Signature, ratio
from tod_metrics.items import ResponseItem
from tod_metrics.style.displacement import DECIMALS, LIBRARIES, Pair, displacements, strengths

PlainResponses = Mapping[tuple[str, int], str]
"""(Dialogue id, turn) -> the response as it was before it was restyled."""


@dataclass(frozen=True)
class StyleStrength(Metric[ResponseItem]):
    """Style strength (PS): mean distance of a response from the plain response of its turn, as an encoder sees them.

    Vectors have length 1, so that the distance is 0 to 2. It says how far, not which way, and a response that says
    something else is as far away as one in another style.

    Attributes:
        encoder: The sentence encoder (see `tod_metrics.style.displacement.Encoder`).
        plain_responses: The plain response of each turn.
    """

    encoder: Any
    plain_responses: PlainResponses

    item: ClassVar[type] = ResponseItem
    name: ClassVar[str] = "style_strength"
    columns: ClassVar[tuple[str, ...]] = ("distance", "responses")
    denominator: ClassVar[str] = "responses"
    needs: ClassVar[tuple[str, ...]] = ("encoder", "plain_responses")
    libraries: ClassVar[tuple[str, ...]] = LIBRARIES
    annotations: ClassVar[tuple[Annotation, ...]] = ("responses",)
    percent: ClassVar[bool] = False
    higher_is_better: ClassVar[bool | None] = None

    @property
    def signature(self) -> Signature:
        """The encoder, the distance, and which turns count."""
        options = {"encoder": self.encoder.version, "distance": "euclidean", "round": str(DECIMALS)}
        return Signature(self.name, {**options, "turns": "spoken", "mean": "turns"})

    def statistics(self, items: Sequence[ResponseItem]) -> FloatArray:
        """Distance and 1 for each turn in which both speak; the others, zeros."""
        return self._distances(items, [item.response for item in items])

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """The mean distance; NaN where there is no response."""
        return ratio(sums[..., 0], sums[..., 1])

    def remarks(self, items: Sequence[ResponseItem]) -> tuple[str, ...]:
        """The strength of the corpus's own responses, and what was left out."""
        own = float(self.aggregate(self._distances(items, [item.reference for item in items]).sum(axis=0)))
        said = (
            [f"over all dialogues: the corpus's own responses have {own:.3f}; plain responses have 0"]
            if np.isfinite(own)
            else []
        )
        unknown = sum((item.dialogue_id, item.turn) not in self.plain_responses for item in items)
        silent = sum(not item.response.strip() for item in items)
        if silent:
            said.append(f"{silent} of {len(items)} responses are empty and have no strength; they are left out")
        if unknown:
            said.append(f"{unknown} of {len(items)} turns have no plain response and are left out")
        return tuple(said)

    def _distances(self, items: Sequence[ResponseItem], texts: Sequence[str]) -> FloatArray:
        rows = np.zeros((len(items), 2))
        spoken = spoken_pairs(items, texts, self.plain_responses)
        if spoken:
            rows[list(spoken), 0] = strengths(displacements(list(spoken.values()), self.encoder))
            rows[list(spoken), 1] = 1.0
        return rows


def spoken_pairs(items: Sequence[ResponseItem], texts: Sequence[str], plain: PlainResponses) -> dict[int, Pair]:
    """Place of an item -> its plain response and its text, for those where both say something.

    Args:
        items: The items.
        texts: What is said in each of them.
        plain: The plain responses.
    """
    pairs = {
        place: (plain.get((item.dialogue_id, item.turn), ""), text)
        for place, (item, text) in enumerate(zip(items, texts, strict=True))
    }
    return {place: pair for place, pair in pairs.items() if all(map(str.strip, pair))}
