"""Training sequences: the tokens of whole dialogues, and which of them have a loss.

A dialogue that is longer than a model may read becomes several sequences, as it is when the model answers: where a turn
does not fit any more, a new sequence begins with the latest turns before it. Their answers are not learned again.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from tod_baselines.decoder.packing import Tokens
from tod_baselines.decoder.sequence import Marks, Piece, dialogue_pieces, encode, turns_to_drop
from tod_baselines.decoder.settings import Settings
from tod_bench.records import Database, Dialogue, TaskName
from tod_bench.tasks import learnable

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def training_sequences(
    dialogues: Iterable[Dialogue],
    tasks: Sequence[TaskName],
    tokenizer: "PreTrainedTokenizerBase",
    settings: Settings,
    marks: Marks,
    database: Database | None = None,
) -> Iterator[Tokens]:
    """The sequences of some dialogues, one a task where they are not too long; those without an answer are left out."""
    for dialogue in dialogues:
        for task in (task for task in tasks if learnable(task, dialogue)):
            pieces = dialogue_pieces(dialogue, task, settings, marks, database)
            for sequence in windows(pieces, encode(tokenizer, pieces), settings.max_tokens):
                if sequence.learned.any():
                    yield sequence


def windows(pieces: Sequence[Piece], ids: Sequence[Sequence[int]], limit: int) -> Iterator[Tokens]:
    """The sequences of a dialogue's text: one, or several where it is longer than `limit` tokens.

    Args:
        pieces: The text.
        ids: The tokens of each piece.
        limit: Most tokens of a sequence; a single turn that is longer stays whole.
    """
    turns: list[tuple[list[int], list[bool]]] = []
    for _, members in groupby(zip(pieces, ids, strict=True), key=lambda pair: pair[0].turn):
        pairs = list(members)
        tokens = [token for _, some in pairs for token in some]
        turns.append((tokens, [piece.learned for piece, some in pairs for _ in some]))
    start = turns.pop(0) if pieces and pieces[0].turn < 0 else ([], [])
    first = learned = 0  # the first turn of the sequence, and the first whose answer is still to be learned
    room = limit - len(start[0])
    for stop in range(1, len(turns) + 1):
        dropped = turns_to_drop([len(tokens) for tokens, _ in turns[first:stop]], room)
        if dropped:
            yield _sequence(start, turns[first : stop - 1], learned - first)
            learned, first = stop - 1, first + dropped
    if turns:
        yield _sequence(start, turns[first:], learned - first)


def _sequence(
    start: tuple[list[int], list[bool]], turns: Sequence[tuple[list[int], list[bool]]], context: int
) -> Tokens:
    """A sequence in which the answers of the first `context` turns are read, not learned."""
    ids, learned = list(start[0]), list(start[1])
    for index, (tokens, flags) in enumerate(turns):
        ids += tokens
        learned += flags if index >= context else [False] * len(flags)
    return Tokens(np.array(ids, np.int32), np.array(learned, np.bool_))


def longest_answer(sequences: Iterable[Tokens]) -> int:
    """Tokens of the longest learned answer, with the one that ends it."""
    longest = 0
    for sequence in sequences:
        edges = np.flatnonzero(np.diff(np.concatenate([[False], sequence.learned, [False]]).astype(np.int8)))
        longest = max(longest, int((edges[1::2] - edges[::2]).max(initial=0)))
    return longest
