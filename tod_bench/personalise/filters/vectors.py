"""Style vectors: how far, and which way, restyling moved a dialogue.

    strength   PS = mean over turns of |e(styled) - e(plain)|
    direction  PV = mean over turns of  e(styled) - e(plain)

The formulas are those of `tod_metrics.style.displacement`, as of the metrics `style_strength` and `style_direction`.
Here they are of one dialogue and one side; which turns of a side count is a selection:

    inner    all but the first and the last, which greet and take leave: what the released code takes
    without  those of them that draw on no texts about a venue, which the released code means to leave out and does not;
             all turns where none is left
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tod_bench.personalise.styled import FROM_TEXTS, Side, StyledDialogue
from tod_metrics.style.displacement import Encode, direction, displacements, strengths

Floats: TypeAlias = NDArray[np.float64]

Selection: TypeAlias = Literal["inner", "without"]

SELECTIONS: tuple[Selection, ...] = ("inner", "without")


@dataclass(frozen=True, slots=True, eq=False)
class StyleVector:
    """How far and which way restyling moved one side of a dialogue.

    Attributes:
        strength: PS, at least 0.
        direction: PV, of shape (dimensions,).
        turns: How many turns it is the mean of.
    """

    strength: float
    direction: Floats
    turns: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values; the direction as 32-bit numbers in base 64."""
        packed = base64.b64encode(self.direction.astype("<f4").tobytes()).decode()
        return {"strength": round(self.strength, 6), "direction": packed, "turns": self.turns}

    @classmethod
    def from_json(cls, value: Any) -> "StyleVector":
        """The vector of `to_json`."""
        direction = np.frombuffer(base64.b64decode(value["direction"]), dtype="<f4").astype(np.float64)
        return cls(float(value["strength"]), direction, int(value["turns"]))


def selected_turns(styled: StyledDialogue, side: Side, selection: Selection) -> list[int]:
    """Numbers of the turns that count; turns that say nothing on a side never do."""
    pairs = styled.pairs(side)
    spoken = [number for number, (plain, text) in enumerate(pairs) if plain.strip() and text.strip()]
    inner = [number for number in spoken if 0 < number < len(pairs) - 1]
    if selection == "inner":
        return inner
    without = inner if side == "user" else [n for n in inner if styled.turns[n].strategy not in FROM_TEXTS]
    return without or spoken


def style_vectors(
    dialogues: Sequence[StyledDialogue], side: Side, encode: Encode
) -> list[dict[Selection, StyleVector | None]]:
    """The style vectors of one side of dialogues, by selection; None where no turn counts.

    Each distinct text is encoded once, so that an utterance that was not restyled is moved by exactly nothing.

    Args:
        dialogues: The dialogues.
        side: Whose utterances.
        encode: The sentence encoder.
    """
    spoken = [styled.pairs(side) for styled in dialogues]
    moved = displacements([pair for pairs in spoken for pair in pairs], encode)
    ends = np.cumsum([len(pairs) for pairs in spoken], dtype=int)[:-1]
    return [
        {name: _mean(of_dialogue, selected_turns(styled, side, name)) for name in SELECTIONS}
        for styled, of_dialogue in zip(dialogues, np.split(moved, ends) if spoken else [], strict=True)
    ]


def cosines(styled: StyledDialogue, side: Side, encode: Encode) -> list[float]:
    """Cosine of plain and restyled utterance of each turn that says something, -1 to 1; 1 where they are equal."""
    pairs = [pair for pair in styled.pairs(side) if all(map(str.strip, pair))]
    if not pairs:
        return []
    plain, text = (np.asarray(encode(texts), dtype=np.float64) for texts in zip(*pairs, strict=True))
    lengths = np.linalg.norm(plain, axis=1) * np.linalg.norm(text, axis=1)
    products = (plain * text).sum(axis=1) / np.where(lengths == 0, 1.0, lengths)
    return [1.0 if a == b else float(product) for (a, b), product in zip(pairs, products, strict=True)]


def _mean(moved: NDArray[Any], turns: Sequence[int]) -> StyleVector | None:
    if not turns:
        return None
    chosen = moved[list(turns)]
    return StyleVector(float(strengths(chosen).mean()), direction(chosen), len(turns))
