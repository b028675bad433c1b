"""What makes training and decoding fast, behind one interface: nothing else of `pptod` imports this package's modules.

    accelerated          cheap dropout and a chunked loss for training on a CPU
    packed_training      all turns of a dialogue in one forward pass (``packing: dialogue``), in training
    decode_packed        the same in decoding
    load_converted ...   CTranslate2 decoding (``engine: ctranslate2``)

A training without it is `token_loss` on batches of a `Collator`; see `tod_baselines.pptod.training`.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tod_baselines.pptod.fast.converted import Converted, check_convertible, converted_copy, load_converted
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.training.devices import computes_in_bf16, device
from tod_bench.records import Dialogue, TaskName

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from tod_baselines.pptod.examples import Examples
    from tod_baselines.pptod.fast.packing import Dialogues, Rows

__all__ = [
    "Converted",
    "accelerated",
    "check_convertible",
    "converted_copy",
    "decode_packed",
    "load_converted",
    "packed_training",
]


def accelerated(model: "PreTrainedModel", recipe: Recipe) -> "Callable[..., torch.Tensor]":
    """Makes a model train faster where the device is a CPU, and returns the loss to train it with.

    The loss is a function of a batch's outputs, its labels and the target tokens of the step, as `token_loss` is.
    """
    from tod_baselines.pptod.fast.chunked_loss import use_chunked_loss
    from tod_baselines.pptod.fast.dropout import use_cheap_dropout
    from tod_baselines.pptod.trainer import token_loss

    if device() != "cpu":
        return token_loss
    use_cheap_dropout(model)
    if computes_in_bf16(recipe.precision):  # the chunked loss computes in fp32, outside of autocast
        return token_loss
    return use_chunked_loss(model)


def packed_training(
    model: "PreTrainedModel", examples: "Examples", dialogues: Iterable[Dialogue], tasks: Sequence[TaskName]
) -> "tuple[PreTrainedModel, Dialogues, Rows]":
    """A view of a model that reads packed dialogues, the dataset of them, and the function that makes batches of it.

    Args:
        model: The model whose weights the view has.
        examples: The `training_examples` of the dialogues and tasks.
        dialogues: The dialogues.
        tasks: The tasks.

    Raises:
        UserError: The model is no T5.
    """
    from tod_baselines.pptod.fast.packing import Dialogues, Rows, dialogue_of_each
    from tod_baselines.pptod.fast.packing_model import PackedT5

    packed = Dialogues(examples, dialogue_of_each(dialogues, tasks))
    return PackedT5.of(model), packed, Rows.of(model)


def decode_packed(
    model: Any,
    tokenizer: "PreTrainedTokenizerBase",
    examples: "Examples",
    dialogues: Iterable[Hashable],
    **settings: Any,
) -> list[str]:
    """The model's output for every example, in their order, each dialogue encoded once; see `generation.decode`.

    Args:
        model: The model, on its device.
        tokenizer: Its tokenizer.
        examples: What it reads.
        dialogues: The dialogue that each example is of.
        **settings: Those of `generation.decode`.
    """
    from tod_baselines.pptod.fast.packing import Dialogues
    from tod_baselines.pptod.fast.packing_decoding import decode_dialogues

    return decode_dialogues(model, tokenizer, Dialogues(examples, dialogues), **settings)
