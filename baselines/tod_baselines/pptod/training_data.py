"""What a model is fed in training: turn by turn, or, with ``packing: dialogue``, dialogue by dialogue."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tod_baselines.pptod.collator import Collator
from tod_baselines.pptod.examples import Examples, training_examples
from tod_baselines.pptod.fast.packing import Dialogues, Rows, dialogue_of_each
from tod_baselines.pptod.recipe import Recipe
from tod_bench.records import Database, Dialogue, TaskName

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class TrainingData:
    """A dataset, and how it goes into a model.

    Attributes:
        model: The model, to be called with a batch without its labels.
        examples: Every turn and task.
        data: The dataset that the trainer sees: the examples, or the dialogues made of them.
        collate: Makes a batch of some of its items.
    """

    model: "PreTrainedModel"
    examples: Examples
    data: Examples | Dialogues
    collate: Callable[[Sequence[dict[str, Any]]], dict[str, Any]]


def training_feed(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    dialogues: Sequence[Dialogue],
    tasks: Sequence[TaskName],
    recipe: Recipe,
    kept: Path | None = None,
    database: Database | None = None,
) -> TrainingData:
    """The feed of every turn of some dialogues; its tokens are kept in a file, if one is named.

    Raises:
        UserError: The model cannot be fed whole dialogues.
    """
    examples = Examples(training_examples(dialogues, tasks, recipe, database), tokenizer, recipe, kept)
    if recipe.packing == "turn":
        return TrainingData(model, examples, examples, Collator.of(model, tokenizer))
    from tod_baselines.pptod.fast.packing_model import PackedT5

    packed = Dialogues(examples, dialogue_of_each(dialogues, tasks))
    return TrainingData(PackedT5.of(model), examples, packed, Rows.of(model))
