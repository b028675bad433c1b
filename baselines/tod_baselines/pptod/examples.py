"""Examples: what a model reads and writes of each turn, as token ids.

    segments   0 dialogue to state:  1 <user> a room  2 <system> which area?  3 <user> the north  4 [hotel] (area) north
    example    source 0 1 2 3, target 4

A text that stands in many examples (an utterance, in every later turn of its dialogue) is one segment, tokenised once
and stored once; an example is a list of segments, joined when it is asked for. Marks are token boundaries (see
`tod_baselines.pptod.tokenizers`), so joining segments' tokens gives the tokens of the joined text.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.token_store import Ids, TokenStore
from tod_bench.linearize import Source, linearize_acts, linearize_state, source
from tod_bench.records import Act, Database, Dialogue, TaskName, Turn, first_values
from tod_bench.systems import TurnInput
from tod_bench.tasks import learnable, turn_inputs

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Example:
    """What is read and written of one turn, as numbers of segments.

    Attributes:
        source: The input's segments, without those of truncated turns.
        target: The output's segment; None where the output is to be predicted.
        history: How many of the source's segments, after its head, are turns before the current one.
        length: Tokens of the source, the tokenizer's special tokens included, after truncation.
        turns_truncated: Turns left out, the oldest first.
        tokens_truncated: Tokens left out beyond that: of the current utterance, where it alone is too long.
    """

    source: tuple[int, ...]
    target: int | None
    history: int
    length: int
    turns_truncated: int
    tokens_truncated: int


class Parts(NamedTuple):
    """Tokens of an input.

    Attributes:
        head: What every input of its task begins with.
        shared: What later turns of the dialogue read too: each utterance before, oldest first, and the current one.
        own: What follows them: state, acts, the end.
    """

    head: Ids
    shared: list[Ids]
    own: Ids


class Examples:
    """A dataset of examples: index to ``{"input_ids": ..., "labels": ...}``.

    Attributes:
        items: The examples.
        lengths: Source tokens of each.
        target_lengths: Target tokens of each.
    """

    def __init__(
        self,
        inputs: Iterable[tuple[Source, str | None]],
        tokenizer: "PreTrainedTokenizerBase",
        recipe: Recipe,
        kept: Path | None = None,
    ) -> None:
        """Tokenises and truncates.

        Args:
            inputs: Source and target of each; None for a target that is to be predicted.
            tokenizer: The tokenizer.
            recipe: What is shown, and how long it may be.
            kept: File to keep the tokens in; see `TokenStore.tokenize`.
        """
        self._tokens = TokenStore()
        self._before, self._after = _frame(tokenizer)
        self._limit, self._target_limit = recipe.max_source_tokens, recipe.max_target_tokens
        numbered = [
            (
                shown,
                None if target is None else self._tokens.add(target),
                [self._tokens.add(text) for text in shown.segments()],
            )
            for shown, target in inputs
        ]
        self._tokens.tokenize(tokenizer, kept)
        self.items = [self._example(shown, numbers, target) for shown, target, numbers in numbered]
        self.lengths = np.array([item.length for item in self.items], np.int64)
        self.target_lengths = np.array([len(self._target(item)) for item in self.items], np.int64)

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Ids]:
        """The token ids of an example."""
        item, parts = self.items[index], self.parts(index)
        ids = np.concatenate([parts.head, *parts.shared, parts.own])
        return {"input_ids": ids, **({} if item.target is None else {"labels": self._target(item)})}

    def parts(self, index: int) -> Parts:
        """The input's tokens, in parts."""
        item = self.items[index]
        head, *rest = (self._tokens[number] for number in item.source)
        *history, user = rest[: item.history + 1]
        own = np.concatenate([*rest[item.history + 1 :], self._after])
        return Parts(
            np.concatenate([self._before, head]),
            [*history, user[item.tokens_truncated :]],
            own[max(0, item.tokens_truncated - len(user)) :],
        )

    def report(self) -> dict[str, int]:
        """What there is and what was truncated, for the record."""
        limit = self._target_limit
        return {
            "examples": len(self.items),
            "source_tokens": int(self.lengths.sum()),
            "target_tokens": int(self.target_lengths.sum()),
            "examples_truncated": sum(1 for item in self.items if item.turns_truncated or item.tokens_truncated),
            "turns_truncated": sum(item.turns_truncated for item in self.items),
            "utterance_tokens_truncated": sum(item.tokens_truncated for item in self.items),
            "targets_truncated": sum(
                1 for item in self.items if item.target is not None and self._full_target(item) > limit
            ),
        }

    def _example(self, shown: Source, numbers: Sequence[int], target: int | None) -> Example:
        lengths = [self._tokens.length(number) for number in numbers]
        total = sum(lengths) + len(self._before) + len(self._after)
        turns, position = 0, 1  # turns truncated, and the first text after the head that is kept
        while total > self._limit and turns < len(shown.turns):
            following = position + len(shown.turns[turns])
            total -= sum(lengths[position:following])
            turns, position = turns + 1, following
        tokens = max(0, total - self._limit)
        history = sum(map(len, shown.turns[turns:]))
        return Example((numbers[0], *numbers[position:]), target, history, total - tokens, turns, tokens)

    def _target(self, item: Example) -> Ids:
        if item.target is None:
            return np.zeros(0, np.int32)
        room = self._target_limit - len(self._before) - len(self._after)
        return np.concatenate([self._before, self._tokens[item.target][:room], self._after])

    def _full_target(self, item: Example) -> int:
        return self._tokens.length(item.target or 0) + len(self._before) + len(self._after)


def training_examples(
    dialogues: Iterable[Dialogue], tasks: Sequence[TaskName], recipe: Recipe, database: Database | None = None
) -> Iterator[tuple[Source, str]]:
    """Sources and targets of every turn that a task asks about, given gold state and acts (teacher forcing).

    Database matches are counted with the gold state in `database`; without one they are left out, as they are when
    the model answers.
    """
    for dialogue in dialogues:
        for task in (task for task in tasks if learnable(task, dialogue)):
            inputs = turn_inputs(
                [dialogue],
                task,
                gold_access=frozenset({"previous_state"}),
                states="gold",
                acts="gold",
                database=database,
            )
            turns = {turn.index: turn for turn in dialogue.turns}
            for shown in inputs:
                yield source_of(task, shown, recipe), target_of(task, turns[shown.turn], recipe)


def source_of(task: TaskName, shown: TurnInput, recipe: Recipe) -> Source:
    """The input of a turn; with ``history: state+K`` DST reads `TurnInput.previous_state`, gold or predicted."""
    write = str.lower if recipe.lowercase else str
    first = 0 if recipe.turns_shown is None else max(0, len(shown.history) - recipe.turns_shown)
    state = (shown.previous_state or {}) if task == "dst" and recipe.carries_state else shown.state
    return source(
        task,
        ((write(exchange.user), write(exchange.system)) for exchange in shown.history[first:]),
        write(shown.user),
        state=None if state is None else _cased(first_values(state), recipe),
        acts=None if shown.acts is None else _cased_acts(shown.acts, recipe),
        db_matches=shown.db_matches,
        act_values=recipe.act_values,
    )


def target_of(task: TaskName, turn: Turn, recipe: Recipe) -> str:
    """The output of a turn."""
    if task == "dst":
        return linearize_state(_cased(first_values(turn.state), recipe))
    if task == "policy":
        return linearize_acts(_cased_acts(turn.acts, recipe), values=recipe.act_values)
    return " ".join(turn.system.split())


def _cased(state: dict[str, dict[str, str]], recipe: Recipe) -> dict[str, dict[str, str]]:
    if not recipe.lowercase:
        return state
    return {domain: {slot: value.lower() for slot, value in slots.items()} for domain, slots in state.items()}


def _cased_acts(acts: Iterable[Act], recipe: Recipe) -> list[Act]:
    return [Act(act.domain, act.act, act.slot, act.value.lower()) if recipe.lowercase else act for act in acts]


def _frame(tokenizer: "PreTrainedTokenizerBase") -> tuple[Ids, Ids]:
    """The special tokens that a tokenizer puts before and after a text: none and </s> for T5, <s> and </s> for BART."""
    specials = list(tokenizer("").input_ids)
    end = specials.index(tokenizer.eos_token_id) if tokenizer.eos_token_id in specials else len(specials)
    return np.array(specials[:end], np.int32), np.array(specials[end:] or [tokenizer.eos_token_id], np.int32)
