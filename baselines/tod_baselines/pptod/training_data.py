"""What a model learns from: turn by turn, or, with ``packing: dialogue``, dialogue by dialogue."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tod_baselines.pptod.batches import Collator
from tod_baselines.pptod.examples import Examples, training_examples
from tod_baselines.pptod.fast import packed_training
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.released.examples import ReleasedCollator, ReleasedExamples, training_readings
from tod_bench.records import Database, Dialogue, TaskName

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Dataset(Protocol):
    """Training items: examples, or dialogues made of them.

    Attributes:
        lengths: Source tokens of each.
        target_lengths: Target tokens of each.
    """

    lengths: NDArray[np.int64]
    target_lengths: NDArray[np.int64]

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> dict[str, Any]: ...

    def report(self) -> dict[str, int]:
        """Counts for the record: examples, tokens, and what was truncated."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """A dataset, and how it goes into a model.

    Attributes:
        model: The model, to be called with a batch without its labels.
        examples: Every turn and task, in the recipe's format.
        dataset: The items that the trainer sees: the examples, or the dialogues made of them.
        collate: Makes a batch of some of its items.
    """

    model: "PreTrainedModel"
    examples: "Examples | ReleasedExamples"
    dataset: Dataset
    collate: Callable[[Sequence[dict[str, Any]]], dict[str, Any]]


def make_training_data(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    dialogues: Sequence[Dialogue],
    tasks: Sequence[TaskName],
    recipe: Recipe,
    kept: Path | None = None,
    database: Database | None = None,
) -> TrainingData:
    """The training data of every turn of some dialogues; the tokens are kept in a file, if one is named.

    Raises:
        UserError: The model cannot read packed dialogues.
    """
    if recipe.format == "pptod":
        released = ReleasedExamples(training_readings(dialogues, tasks, recipe, database), tokenizer, kept)
        return TrainingData(model, released, released, ReleasedCollator(int(tokenizer.pad_token_id)))
    examples = Examples(training_examples(dialogues, tasks, recipe, database), tokenizer, recipe, kept)
    if recipe.packing == "turn":
        return TrainingData(model, examples, examples, Collator.of(model, tokenizer))
    view, packed, collate = packed_training(model, examples, dialogues, tasks)
    return TrainingData(view, examples, packed, collate)
