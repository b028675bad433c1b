"""From turns to predictions: a model with its tokenizer and its recipe, ready to answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tod_baselines.pptod.decoding import decode, decode_tokens, spaced
from tod_baselines.pptod.examples import Example, Examples, source_of
from tod_baselines.pptod.fast.converted import Converted
from tod_baselines.pptod.fast.packing import Dialogues
from tod_baselines.pptod.fast.packing_decoding import decode_dialogues
from tod_baselines.pptod.models import computes_in_bf16
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.rollout import roll_out
from tod_bench.linearize import parse_acts, parse_state
from tod_bench.records import Prediction, Schema, TaskName
from tod_bench.systems import TurnInput

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Writer:
    """A model that answers turns.

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
        dialogues = Dialogues(examples, [shown.dialogue_id for shown in turns])
        return decode_dialogues(self.model, self.tokenizer, dialogues, **settings)


def answer(task: TaskName, shown: TurnInput, text: str, example: Example, schema: Schema) -> Prediction:
    """The prediction of a turn, with the raw text, and in the notes what was cut, unreadable or outside the schema."""
    notes: dict[str, object] = {"turns_cut": example.cut, "utterance_tokens_cut": example.lost}
    state = acts = response = None
    if task == "dst":
        text = spaced(text)
        parsed, problems = parse_state(text)
        state, notes["unknown"] = within(schema, parsed)
        notes["unread"] = list(dict.fromkeys(problems))
    elif task == "policy":
        text = spaced(text)
        acts, problems = parse_acts(text)
        notes["unread"] = list(dict.fromkeys(problems))
    else:
        response = text.strip()
    kept = {name: value for name, value in notes.items() if value}
    return Prediction(shown.dialogue_id, shown.turn, state, acts, response, raw={task: text}, notes=kept)


def within(schema: Schema, state: Mapping[str, Mapping[str, str]]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The slots of a state that the schema has, values in the schema's case; and the names of the others."""
    kept: dict[str, dict[str, str]] = {}
    unknown = []
    for domain, slots in state.items():
        for slot, value in slots.items():
            spec = schema.get(domain, {}).get(slot)
            if spec is None:
                unknown.append(f"{domain} {slot}")
            else:
                # A model that reads and writes lower case cannot know how the schema writes a value.
                written = next((known for known in spec.values if known.lower() == value), value)
                kept.setdefault(domain, {})[slot] = written
    return kept, unknown
