"""Source and target of a turn in PPTOD's format, token for token.

    dst       translate dialogue to belief state: <sos_context> CONTEXT <eos_context>
              <sos_b> [restaurant] food indian <eos_b>
    policy    translate dialogue to dialogue action: <sos_context> CONTEXT <eos_context> <sos_db> [db_2] <eos_db>
              <sos_a> [restaurant] [inform] choice [request] area <eos_a>
    response  translate dialogue to system response: <sos_context> CONTEXT <eos_context> <sos_db> [db_2] <eos_db>
              <sos_r> there are [value_choice] restaurant -s <eos_r>

CONTEXT is ``<sos_u> ... <eos_u> <sos_r> ... <eos_r> <sos_u> ... <eos_u>``: every utterance up to the user's, the
system's delexicalised; of its tokens the last 900 are read, wherever that cuts. The decoder is started with the
target's first token and learns the others. Only the marks in angle brackets are tokens of their own: ``[restaurant]``
and ``[value_choice]`` are not.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tod_baselines.pptod.batches import IGNORED, pad
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.released.spans import Mentions, act_span, db_mark, turn_domains
from tod_baselines.pptod.released.words import cleaned, delexicalised, read_pairs
from tod_baselines.pptod.token_store import Ids, TokenStore
from tod_bench.errors import UserError
from tod_bench.records import Database, Dialogue, TaskName, Turn
from tod_bench.systems import TurnInput
from tod_bench.tasks import learnable, turn_inputs

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

TOKENS = (
    *("<_PAD_>", "<go_r>", "<go_b>", "<go_a>", "<eos_u>", "<eos_r>", "<eos_b>", "<eos_a>", "<go_d>", "<eos_d>"),
    *("<sos_u>", "<sos_r>", "<sos_b>", "<sos_a>", "<sos_d>", "<sos_db>", "<eos_db>", "<sos_context>", "<eos_context>"),
)
"""Tokens that PPTOD adds to T5's, in its order, which decides their numbers."""

PREFIXES: Mapping[TaskName, str] = {
    "dst": "translate dialogue to belief state:",
    "policy": "translate dialogue to dialogue action:",
    "response": "translate dialogue to system response:",
}

KINDS: Mapping[TaskName, str] = {"dst": "b", "policy": "a", "response": "r"}
"""Task -> the letter of its target's first and last token."""

CONTEXT_TOKENS = 900
"""Tokens of the context that are read."""

LONGEST: Mapping[TaskName, int] = {"dst": 120, "policy": 80, "response": 120}
"""Longest output in tokens, the first one counted, as `inference_utlis.py` and `e2e_inference_utlis.py` set it."""


class Reading(NamedTuple):
    """What is read and written of a turn, as texts.

    Attributes:
        task: The task.
        context: (``u`` or ``r``, text) of each utterance, oldest first.
        database: The mark of the database's matches; None for DST.
        target: The output without its first and last token; None where it is to be predicted.
    """

    task: TaskName
    context: tuple[tuple[str, str], ...]
    database: str | None
    target: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """An example, as numbers of texts.

    Attributes:
        reading: The texts.
        context: The texts' numbers.
        database: The number of the database's mark.
        target: The number of the target.
        tokens_truncated: Tokens of the context that are not read.
    """

    reading: Reading
    context: tuple[int, ...]
    database: int | None
    target: int | None
    tokens_truncated: int


class ReleasedExamples:
    """A dataset of examples: index to ``{"input_ids": ..., "labels": ...}``, labels with the token that starts them.

    Attributes:
        items: The examples.
        lengths: Source tokens of each.
        target_lengths: Target tokens of each that are learned: all but the first.
    """

    def __init__(
        self, readings: Iterable[Reading], tokenizer: "PreTrainedTokenizerBase", kept: Path | None = None
    ) -> None:
        """Tokenises and cuts; the tokens are kept in a file, if one is named (see `TokenStore.tokenize`)."""
        self._ids = {token: int(tokenizer.convert_tokens_to_ids(token)) for token in TOKENS}
        self._texts = TokenStore()
        add = self._texts.add
        self._prefixes = {task: add(prefix) for task, prefix in PREFIXES.items()}
        numbered = [
            (
                reading,
                tuple(add(text) for _, text in reading.context),
                None if reading.database is None else add(reading.database),
                None if reading.target is None else add(reading.target),
            )
            for reading in readings
        ]
        self._texts.tokenize(tokenizer, kept)
        self.items = [Item(*parts, self._truncated(parts[1])) for parts in numbered]
        self.lengths = np.array([self._length(item) for item in self.items], np.int64)
        self.target_lengths = np.array(
            [0 if item.target is None else self._texts.length(item.target) + 1 for item in self.items], np.int64
        )

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Ids]:
        """The token ids of an example."""
        item = self.items[index]
        context = [
            token
            for (kind, _), number in zip(item.reading.context, item.context, strict=True)
            for token in self._framed(kind, number)
        ]
        ids = [
            *self._texts[self._prefixes[item.reading.task]],
            self._ids["<sos_context>"],
            *context[-CONTEXT_TOKENS:],
            self._ids["<eos_context>"],
            *(() if item.database is None else self._framed("db", item.database)),
        ]
        if item.target is None:
            return {"input_ids": np.array(ids, np.int32)}
        labels = self._framed(KINDS[item.reading.task], item.target)
        return {"input_ids": np.array(ids, np.int32), "labels": np.array(labels, np.int32)}

    def report(self) -> dict[str, int]:
        """What there is and what was truncated, for the record."""
        return {
            "examples": len(self.items),
            "source_tokens": int(self.lengths.sum()),
            "target_tokens": int(self.target_lengths.sum()),
            "examples_truncated": sum(1 for item in self.items if item.tokens_truncated),
            "context_tokens_truncated": sum(item.tokens_truncated for item in self.items),
        }

    def _framed(self, kind: str, number: int) -> list[int]:
        return [self._ids[f"<sos_{kind}>"], *self._texts[number].tolist(), self._ids[f"<eos_{kind}>"]]

    def _truncated(self, context: Sequence[int]) -> int:
        return max(0, sum(self._texts.length(number) + 2 for number in context) - CONTEXT_TOKENS)

    def _length(self, item: Item) -> int:
        context = sum(self._texts.length(number) + 2 for number in item.context) - item.tokens_truncated
        database = 0 if item.database is None else self._texts.length(item.database) + 2
        return self._texts.length(self._prefixes[item.reading.task]) + context + 2 + database


@dataclass(frozen=True, slots=True)
class ReleasedCollator:
    """Pads a batch; the decoder reads a target without its last token and learns it without its first.

    Attributes:
        pad_token_id: Token that fills up.
    """

    pad_token_id: int

    def __call__(self, items: Sequence[Mapping[str, Ids]]) -> dict[str, "torch.Tensor"]:
        """Source ids and mask of shape (batch, source); labels and decoder inputs of shape (batch, target)."""
        import torch

        targets = [item["labels"] for item in items]
        arrays = {
            "input_ids": pad([item["input_ids"] for item in items], self.pad_token_id),
            "attention_mask": pad([np.ones_like(item["input_ids"]) for item in items], 0),
            "labels": pad([target[1:] for target in targets], IGNORED),
            "decoder_input_ids": pad([target[:-1] for target in targets], self.pad_token_id),
        }
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


def training_readings(
    dialogues: Iterable[Dialogue], tasks: Sequence[TaskName], recipe: Recipe, database: Database | None
) -> Iterator[Reading]:
    """Source and target of every turn that a task asks about, with gold states; in the order dialogue, task, turn."""
    for dialogue in dialogues:
        turns = {turn.index: turn for turn in dialogue.turns}
        for task in (task for task in tasks if learnable(task, dialogue)):
            shown = turn_inputs(
                [dialogue], task, gold_access=frozenset({"system_spans"}), states="gold", database=database
            )
            yield from readings(task, shown, recipe, turns)


def readings(
    task: TaskName, inputs: Iterable[TurnInput], recipe: Recipe, gold: Mapping[int, Turn] | None = None
) -> Iterator[Reading]:
    """What is read of some turns of whole dialogues, in order; with a dialogue's gold turns what is written, too."""
    pairs = word_pairs(recipe)
    for _, turns in groupby(inputs, key=lambda shown: shown.dialogue_id):
        mentions, before = Mentions(), dict[str, Mapping[str, tuple[str, ...]]]()
        searched: list[str] = []
        named: list[str] = []
        for shown in turns:
            context = [
                part
                for exchange in shown.history
                for part in (("u", _cleaned(exchange.user, pairs)), ("r", _answer(exchange, recipe, pairs)))
            ]
            mark = target = None
            if task != "dst":
                state = shown.state or {}
                searched = turn_domains(before, state, (), searched)
                mark = db_mark(searched, {domain: len(rows) for domain, rows in (shown.db_entries or {}).items()})
                turn = gold[shown.turn] if gold else None
                if turn:
                    named = turn_domains(before, state, turn.acts, named)
                    target = (
                        act_span(turn.acts, named)
                        if task == "policy"
                        else delexicalised(turn.system, turn.spans, pairs)
                    )
                before = dict(state)
            elif gold:
                target = mentions.span(gold[shown.turn].state, pairs)
            yield Reading(task, (*context, ("u", _cleaned(shown.user, pairs))), mark, target)


def word_pairs(recipe: Recipe) -> tuple[tuple[str, str], ...]:
    """The replacements of words that a recipe names a file of; none where it names none.

    Raises:
        UserError: The file is not there or cannot be read.
    """
    return _pairs_of(recipe.word_pairs) if recipe.word_pairs else ()


@lru_cache(maxsize=8)
def _pairs_of(path: str) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(read_pairs(Path(path).read_text(encoding="utf-8").splitlines()))
    except (OSError, ValueError) as error:
        raise UserError(f"pptod: word_pairs: {path} cannot be read ({error})") from None


_cleaned = lru_cache(maxsize=1 << 14)(cleaned)
_delexicalised = lru_cache(maxsize=1 << 14)(delexicalised)


def _answer(exchange: Any, recipe: Recipe, pairs: tuple[tuple[str, str], ...]) -> str:
    if recipe.delexicalised:
        return _delexicalised(exchange.system, exchange.spans, pairs)
    return _cleaned(exchange.system, pairs)
