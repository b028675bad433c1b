"""Generation: from turns to predictions, by a model with its tokenizer and its recipe.

    lengths 9 3 8 2   ->   sorted 9 8 3 2   ->   batches [9 8] [3 2]   ->   texts in the order 9 3 8 2

The longest come first, so that memory runs out at once or not at all. A converted model makes batches of its own of the
sorted rows, one for each of its workers at a time.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from tod_baselines.answers import within
from tod_baselines.pptod.batches import Collator, length_batches
from tod_baselines.pptod.examples import Example, Examples, source_of
from tod_baselines.pptod.fast import Converted, decode_packed
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.token_store import Ids
from tod_baselines.training.devices import computes_in_bf16, device
from tod_baselines.training.rollout import roll_out
from tod_bench.linearize import parse_acts, parse_state
from tod_bench.predictions import UNKNOWN_NOTE, UNREAD_NOTE
from tod_bench.progress import track
from tod_bench.records import Prediction, Schema, TaskName
from tod_bench.systems import TurnInput

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

CPU_TOKENS, GPU_TOKENS = 4096, 16384
"""Source tokens a batch where a recipe names none: on a CPU larger ones outgrow the caches."""


@dataclass(frozen=True, slots=True)
class Generator:
    """A model that answers turns; what it writes becomes predictions.

    Attributes:
        model: The model, on its device, or converted for CTranslate2.
        tokenizer: Its tokenizer.
        recipe: What it was trained by.
        max_new_tokens: Longest output.
        schema: What can be tracked; slots that it does not have are left out of predictions.
    """

    model: "PreTrainedModel | Converted"
    tokenizer: "PreTrainedTokenizerBase"
    recipe: Recipe
    max_new_tokens: int
    schema: Schema

    def answers(self, task: TaskName, turns: Sequence[TurnInput]) -> list[Prediction]:
        """The predictions for some turns of whole dialogues, in their order."""
        if task == "dst" and self.recipe.carries_state:
            return roll_out(turns, partial(self._answers, task))
        return self._answers(task, turns)

    def _answers(self, task: TaskName, turns: Sequence[TurnInput]) -> list[Prediction]:
        sources = ((source_of(task, shown, self.recipe), None) for shown in turns)
        examples = Examples(sources, self.tokenizer, self.recipe)
        texts = self._texts(examples, turns)
        return [
            answer(task, shown, text, example, self.schema)
            for shown, text, example in zip(turns, texts, examples.items, strict=True)
        ]

    def _texts(self, examples: Examples, turns: Sequence[TurnInput]) -> list[str]:
        settings: dict[str, Any] = {
            "batch_tokens": decode_tokens(self.recipe),
            "max_new_tokens": self.max_new_tokens,
            "num_beams": self.recipe.num_beams,
            "bf16": computes_in_bf16(self.recipe.precision),
        }
        if self.recipe.packing == "turn":
            return decode(self.model, self.tokenizer, examples, **settings)
        return decode_packed(self.model, self.tokenizer, examples, [shown.dialogue_id for shown in turns], **settings)


def answer(task: TaskName, shown: TurnInput, text: str, example: Example, schema: Schema) -> Prediction:
    """The prediction of a turn, its raw text, and notes of what was truncated, unreadable or outside the schema."""
    notes: dict[str, object] = {
        "turns_truncated": example.turns_truncated,
        "utterance_tokens_truncated": example.tokens_truncated,
    }
    state = acts = response = None
    if task == "dst":
        text = spaced(text)
        parsed, problems = parse_state(text)
        state, notes[UNKNOWN_NOTE] = within(schema, parsed)
        notes[UNREAD_NOTE] = list(dict.fromkeys(problems))
    elif task == "policy":
        text = spaced(text)
        acts, problems = parse_acts(text)
        notes[UNREAD_NOTE] = list(dict.fromkeys(problems))
    else:
        response = text.strip()
    kept = {name: value for name, value in notes.items() if value}
    return Prediction(shown.dialogue_id, shown.turn, state, acts, response, raw={task: text}, notes=kept)


def decode(
    model: "PreTrainedModel | Converted",
    tokenizer: "PreTrainedTokenizerBase",
    examples: Examples,
    *,
    batch_tokens: int,
    max_new_tokens: int,
    num_beams: int = 1,
    bf16: bool = False,
) -> list[str]:
    """The model's output for every example, in their order.

    Args:
        model: The model, on its device, or converted for CTranslate2.
        tokenizer: Its tokenizer.
        examples: What it reads.
        batch_tokens: Source tokens a batch, padding included.
        max_new_tokens: Longest output.
        num_beams: Beams; 1 is greedy.
        bf16: Whether to compute in bf16; a converted model has its own precision.
    """
    batches = list(length_batches(examples.lengths, batch_tokens))
    order = list(chain(*batches))
    limits = {"max_new_tokens": max_new_tokens, "num_beams": num_beams}
    if isinstance(model, Converted):
        outputs = model.write([examples[number]["input_ids"] for number in order], batch_tokens, **limits)
    else:
        rows = ([examples[number]["input_ids"] for number in numbers] for numbers in batches)
        outputs = chain.from_iterable(generate(model, tokenizer, some, **limits, bf16=bf16).tolist() for some in rows)
    texts = [""] * len(order)
    for number, output in zip(track(order, "decoding", len(order), unit="turns"), outputs, strict=True):
        texts[number] = tokenizer.decode(output, skip_special_tokens=True)
    return texts


def generate(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    rows: Sequence[Ids],
    *,
    max_new_tokens: int,
    num_beams: int,
    bf16: bool,
) -> Any:
    """The output of a batch by transformers, as a matrix of token ids; it stops when every row has ended."""
    import torch

    batch = Collator.of(model, tokenizer)([{"input_ids": row} for row in rows])
    batch = {name: tensor.to(model.device) for name, tensor in batch.items()}
    model.eval()
    with torch.inference_mode(), torch.autocast(model.device.type, torch.bfloat16, enabled=bf16):
        return written(model, batch, max_new_tokens, num_beams)


def written(model: "PreTrainedModel", batch: dict[str, Any], max_new_tokens: int, num_beams: int) -> Any:
    """What transformers' `generate` makes of a batch, without sampling."""
    from transformers import DynamicCache, EncoderDecoderCache

    # A cache of our own: transformers would size it by the encoder's layers, which may be fewer.
    cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
    return model.generate(
        **batch, max_new_tokens=max_new_tokens, num_beams=num_beams, do_sample=False, past_key_values=cache
    )


def decode_tokens(recipe: Recipe) -> int:
    """Source tokens of a decoding batch."""
    return recipe.decode_tokens or (CPU_TOKENS if device() == "cpu" else GPU_TOKENS)


def spaced(span: str) -> str:
    """A decoded span with a blank before each mark; tokenizers that keep marks whole glue them to what precedes."""
    return re.sub(r"\s*([\[(])", r" \1", span).strip()
