"""Generation: from turns to predictions, by a model with its tokenizer and its recipe.

    lengths 9 3 8 2   ->   sorted 9 8 3 2   ->   batches [9 8] [3 2]   ->   texts in the order 9 3 8 2

The longest come first, so that memory runs out at once or not at all. A converted model makes batches of its own of the
sorted rows, one for each of its workers at a time.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from tod_baselines.answers import within
from tod_baselines.pptod.batches import Collator, length_batches
from tod_baselines.pptod.confidence import Places, confidence_of
from tod_baselines.pptod.examples import Example, Examples, source_of
from tod_baselines.pptod.fast import Converted, decode_packed
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.released import decoding as released
from tod_baselines.pptod.released.examples import LONGEST, ReleasedExamples, readings
from tod_baselines.pptod.released.spans import read_state
from tod_baselines.pptod.token_store import Ids
from tod_baselines.training.devices import computes_in_bf16, device
from tod_baselines.training.rollout import roll_out
from tod_bench.linearize import parse_acts, parse_state, value_places
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
        if self.recipe.format == "pptod":
            return self._released_answers(task, turns)
        sources = ((source_of(task, shown, self.recipe), None) for shown in turns)
        examples = Examples(sources, self.tokenizer, self.recipe)
        settings = {**self._settings(), "max_new_tokens": self.max_new_tokens}
        if self.recipe.packing == "dialogue":
            ids = [shown.dialogue_id for shown in turns]
            texts = decode_packed(self.model, self.tokenizer, examples, ids, **settings)
            outputs = [Written([], None)] * len(texts)
        else:
            outputs = write(self.model, self.tokenizer, examples, **settings, scored=self._scores(task))
            texts = [self._read(output.ids) for output in outputs]
        answers = [
            answer(task, shown, text, example, self.schema)
            for shown, text, example in zip(turns, texts, examples.items, strict=True)
        ]
        if not self._scores(task):
            return answers
        return [
            self._sure(answer, value_places(text), output, self._read)
            for answer, text, output in zip(answers, texts, outputs, strict=True)
        ]

    def _released_answers(self, task: TaskName, turns: Sequence[TurnInput]) -> list[Prediction]:
        examples = ReleasedExamples(readings(task, turns, self.recipe), self.tokenizer)
        reader = released.Reader.of(self.tokenizer, task)
        outputs = write(
            self.model,
            self.tokenizer,
            examples,
            **self._settings(),
            max_new_tokens=LONGEST[task] - 1,
            tokens=released.generation_tokens(self.tokenizer, task),
            scored=self._scores(task),
        )
        answers = []
        for shown, output, item in zip(turns, outputs, examples.items, strict=True):
            written = Written(reader.written(output.ids), output.log_probs)
            text = reader.text(written.ids)
            prediction = released.released_answer(task, shown, text, item, self.schema)
            places = released.value_places(text, read_state(text)[0]) if written.log_probs else {}
            answers.append(self._sure(prediction, places, written, reader.text))
        return answers

    def _settings(self) -> dict[str, Any]:
        return {
            "batch_tokens": decode_tokens(self.recipe),
            "num_beams": self.recipe.num_beams,
            "bf16": computes_in_bf16(self.recipe.precision),
        }

    def _scores(self, task: TaskName) -> bool:
        return self.recipe.confidence and task == "dst"

    def _read(self, ids: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(ids, skip_special_tokens=True)
        return text

    def _sure(
        self, prediction: Prediction, places: Places, output: "Written", read: Callable[[Sequence[int]], str]
    ) -> Prediction:
        """The prediction with the probability of each of its values, where the recipe asks for it."""
        if output.log_probs is None or prediction.state is None:
            return prediction
        found = confidence_of(prediction.state, places, output.ids, output.log_probs, read)
        return replace(prediction, confidence=found)


class Written(NamedTuple):
    """What a model wrote.

    Attributes:
        ids: Its tokens, without the one that the decoder was started with; the end and padding may be among them.
        log_probs: The natural logarithm of each token's probability; None where it was not asked for.
    """

    ids: list[int]
    log_probs: list[float] | None


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
    outputs = write(
        model,
        tokenizer,
        examples,
        batch_tokens=batch_tokens,
        max_new_tokens=max_new_tokens,
        num_beams=num_beams,
        bf16=bf16,
    )
    return [tokenizer.decode(output.ids, skip_special_tokens=True) for output in outputs]


def write(
    model: "PreTrainedModel | Converted",
    tokenizer: "PreTrainedTokenizerBase",
    examples: Examples | ReleasedExamples,
    *,
    batch_tokens: int,
    max_new_tokens: int,
    num_beams: int = 1,
    bf16: bool = False,
    tokens: Mapping[str, int] | None = None,
    scored: bool = False,
) -> list[Written]:
    """What the model writes for every example, in their order.

    Args:
        model: As in `decode`.
        tokenizer: As in `decode`.
        examples: As in `decode`.
        batch_tokens: As in `decode`.
        max_new_tokens: As in `decode`.
        num_beams: As in `decode`.
        bf16: As in `decode`.
        tokens: The tokens that start, end and fill up an output, by the names of `generate`; None for the model's.
        scored: Whether to give the probabilities of the tokens; only greedily.
    """
    batches = list(length_batches(examples.lengths, batch_tokens))
    order = list(chain(*batches))
    limits = {"max_new_tokens": max_new_tokens, "num_beams": num_beams}
    outputs: Iterator[Written]
    if isinstance(model, Converted):
        outputs = _converted(model, [examples[number]["input_ids"] for number in order], batch_tokens, limits, scored)
    else:
        rows = ([examples[number]["input_ids"] for number in numbers] for numbers in batches)
        outputs = chain.from_iterable(
            _batch(model, tokenizer, some, {**limits, "bf16": bf16, "tokens": tokens}, scored) for some in rows
        )
    found = dict(zip(track(order, "decoding", len(order), unit="turns"), outputs, strict=True))
    return [found[number] for number in range(len(order))]


def _converted(
    model: Converted, rows: list[Ids], batch_tokens: int, limits: Mapping[str, int], scored: bool
) -> Iterator[Written]:
    outputs = model.write(rows, batch_tokens, **limits)
    if not scored:
        yield from (Written(ids, None) for ids in outputs)
        return
    written = list(outputs)
    for ids, log_probs in zip(written, model.log_probs(rows, written, batch_tokens), strict=True):
        yield Written(ids, log_probs)


def _batch(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", rows: list[Ids], settings: Any, scored: bool
) -> Iterator[Written]:
    if not scored:
        yield from (Written(row[1:], None) for row in generate(model, tokenizer, rows, **settings).tolist())
        return
    log_probs: list[Any] = []

    def keep(_ids: Any, scores: Any) -> Any:
        # What greedy decoding takes is what is most probable.
        log_probs.append(scores.log_softmax(-1).amax(-1))
        return scores

    import torch

    ids = generate(model, tokenizer, rows, **settings, watch=keep).tolist()
    columns = torch.stack(log_probs, dim=1).tolist()
    yield from (Written(row[1:], column) for row, column in zip(ids, columns, strict=True))


def generate(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    rows: Sequence[Ids],
    *,
    max_new_tokens: int,
    num_beams: int,
    bf16: bool,
    tokens: Mapping[str, int] | None = None,
    watch: Callable[[Any, Any], Any] | None = None,
) -> Any:
    """The output of a batch by transformers, as a matrix of token ids; it stops when every row has ended.

    `tokens` are those of `write`; `watch` is called at each step as a logits processor of transformers is.
    """
    import torch

    batch = Collator.of(model, tokenizer)([{"input_ids": row} for row in rows])
    batch = {name: tensor.to(model.device) for name, tensor in batch.items()}
    model.eval()
    with torch.inference_mode(), torch.autocast(model.device.type, torch.bfloat16, enabled=bf16):
        special: dict[str, Any] = dict(tokens or {})
        if watch is not None:
            special["logits_processor"] = [watch]
        return written(model, batch, max_new_tokens, num_beams, **special)


def written(
    model: "PreTrainedModel", batch: dict[str, Any], max_new_tokens: int, num_beams: int, **special: Any
) -> Any:
    """What transformers' `generate` makes of a batch, without sampling; `special` are further settings of it."""
    from transformers import DynamicCache, EncoderDecoderCache

    # A cache of our own: transformers would size it by the encoder's layers, which may be fewer.
    cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
    return model.generate(
        **batch, max_new_tokens=max_new_tokens, num_beams=num_beams, do_sample=False, past_key_values=cache, **special
    )


def decode_tokens(recipe: Recipe) -> int:
    """Source tokens of a decoding batch."""
    return recipe.decode_tokens or (CPU_TOKENS if device() == "cpu" else GPU_TOKENS)


def spaced(span: str) -> str:
    """A decoded span with a blank before each mark; tokenizers that keep marks whole glue them to what precedes."""
    return re.sub(r"\s*([\[(])", r" \1", span).strip()
