"""What a checkpoint in PPTOD's format writes: from the task's start token to its end token, greedily."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tod_baselines.answers import within
from tod_baselines.pptod.released.examples import KINDS, TOKENS, Item
from tod_baselines.pptod.released.spans import read_acts, read_state
from tod_baselines.pptod.released.words import slot_word
from tod_bench.predictions import UNKNOWN_NOTE, UNREAD_NOTE
from tod_bench.records import Prediction, Schema, TaskName
from tod_bench.systems import TurnInput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Reader:
    """Makes text of what was written.

    Attributes:
        tokenizer: The tokenizer.
        end: The token that ends an output; what follows it is padding.
        specials: Tokens that are words of their own.
    """

    tokenizer: "PreTrainedTokenizerBase"
    end: int
    specials: Mapping[int, str]

    @classmethod
    def of(cls, tokenizer: "PreTrainedTokenizerBase", task: TaskName) -> "Reader":
        """The reader of a task's output."""
        names = [*TOKENS, *(token for token in ("</s>", "<pad>", "<s>") if token in tokenizer.get_vocab())]
        specials = {int(tokenizer.convert_tokens_to_ids(name)): name for name in names}
        return cls(tokenizer, int(tokenizer.convert_tokens_to_ids(f"<eos_{KINDS[task]}>")), specials)

    def written(self, ids: Sequence[int]) -> list[int]:
        """The tokens before the end."""
        return list(ids[: ids.index(self.end)]) if self.end in ids else list(ids)

    def text(self, ids: Sequence[int]) -> str:
        """The text of some tokens, each special one a word of its own."""
        words: list[str] = []
        plain: list[int] = []
        for token in ids:
            if token in self.specials:
                words += [self.tokenizer.decode(plain), self.specials[token]]
                plain = []
            else:
                plain.append(token)
        return " ".join(" ".join([*words, self.tokenizer.decode(plain)]).split())


def generation_tokens(tokenizer: "PreTrainedTokenizerBase", task: TaskName) -> dict[str, int]:
    """The tokens that start, end and fill up an output, as `generate` takes them."""
    kind = KINDS[task]
    names = {"decoder_start_token_id": f"<sos_{kind}>", "eos_token_id": f"<eos_{kind}>", "pad_token_id": "<_PAD_>"}
    return {setting: int(tokenizer.convert_tokens_to_ids(name)) for setting, name in names.items()}


def released_answer(task: TaskName, shown: TurnInput, text: str, item: Item, schema: Schema) -> Prediction:
    """The prediction of a turn, its raw text, and notes of what was truncated, unreadable or outside the schema."""
    notes: dict[str, object] = {"context_tokens_truncated": item.tokens_truncated}
    state = acts = response = None
    # The script drops padding wherever it stands.
    words = " ".join(word for word in text.split() if word != "<_PAD_>")
    if task == "dst":
        parsed, problems = read_state(words)
        state, notes[UNKNOWN_NOTE] = within(schema, in_schema_spelling(schema, parsed))
        notes[UNREAD_NOTE] = problems
    elif task == "policy":
        acts, notes[UNREAD_NOTE] = read_acts(words)
    else:
        response = words
    kept = {name: value for name, value in notes.items() if value}
    return Prediction(shown.dialogue_id, shown.turn, state, acts, response, raw={task: text}, notes=kept)


GUESTHOUSE = ("guesthouse",)
"""A value of hotel type that PPTOD's data writes in two words, also where a schema lists no values."""


def in_schema_spelling(schema: Schema, state: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """A state whose values are those of the schema where only blanks and punctuation differ (``guest house``)."""
    spelled: dict[str, dict[str, str]] = {}
    for domain, slots in state.items():
        for slot, value in slots.items():
            spec = schema.get(domain, {}).get(slot)
            known = (*(spec.values if spec else ()), *(GUESTHOUSE if (domain, slot) == ("hotel", "type") else ()))
            same = (name for name in known if _squeezed(name) == _squeezed(value))
            spelled.setdefault(domain, {})[slot] = value if value in known else next(same, value)
    return spelled


def value_places(text: str, state: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], tuple[int, int]]:
    """Where the values of a state that was read of a text stand in it, as `confidence_of` takes it."""
    places: dict[tuple[str, str], tuple[int, int]] = {}
    for domain, slots in state.items():
        for slot, value in slots.items():
            words = (re.escape(f"[{domain}]"), rf"(?:(?!\[)[^\[])*?(?<!\S){re.escape(slot_word(domain, slot))} ")
            found = re.search(rf"{''.join(words)}(?P<value>{re.escape(value)})(?!\S)", text.lower())
            if found:
                places[domain, slot] = found.span("value")
    return places


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())
