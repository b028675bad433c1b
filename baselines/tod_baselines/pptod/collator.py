"""From examples to a padded batch of tensors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

IGNORED = -100
"""Label of positions without a loss."""


@dataclass(frozen=True, slots=True)
class Collator:
    """Pads a batch on the right, to its longest source and its longest target.

    Attributes:
        pad_token_id: Token that fills up.
        shift_right: Makes a model's decoder inputs of its labels.
    """

    pad_token_id: int
    shift_right: Callable[["torch.Tensor"], "torch.Tensor"]

    @classmethod
    def of(cls, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> "Collator":
        """The collator of a model."""
        return cls(int(tokenizer.pad_token_id), model.prepare_decoder_input_ids_from_labels)

    def __call__(self, items: Sequence[dict[str, NDArray[np.int32]]]) -> dict[str, "torch.Tensor"]:
        """Source ids and mask of shape (batch, source); labels and decoder inputs of shape (batch, target)."""
        import torch

        ids = torch.from_numpy(pad([item["input_ids"] for item in items], self.pad_token_id))
        mask = torch.from_numpy(pad([np.ones_like(item["input_ids"]) for item in items], 0))
        batch = {"input_ids": ids, "attention_mask": mask}
        if "labels" in items[0]:
            labels = torch.from_numpy(pad([item["labels"] for item in items], IGNORED))
            batch |= {"labels": labels, "decoder_input_ids": self.shift_right(labels)}
        return batch


def pad(rows: Sequence[NDArray[np.int32]], filler: int) -> NDArray[np.int64]:
    """Rows of different lengths as one matrix, filled up on the right."""
    matrix = np.full((len(rows), max(map(len, rows))), filler, np.int64)
    for row, values in zip(matrix, rows, strict=True):
        row[: len(values)] = values
    return matrix
