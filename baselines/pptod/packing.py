"""`packing: dialogue`: all turns of a dialogue in one forward pass, each read and written as if alone.

    input of turn 3, alone       h  u1 s1  u2 s2  u3 e        h head, u user, s system, e what follows (state, </s>)
    its position                 0  1  2   3  4   5  6

    in a row                u1 s1   u2 s2   h u1 e   h u2 e   h u3 e        position: of its own turn's input
      u1 s1    sees           x
      u2 s2                   x       x
      h u1 e                                  x
      h u2 e                  x                        x
      h u3 e                  x       x                         x
      target 1 attends to                     x
      target 2                x                        x
      target 3                x       x                         x

So a turn's input has the tokens and positions that it has under `packing: turn`; only the mask differs: a turn before
the current one does not see what came after it, and can therefore serve every later turn. The current turn is read
apart, with the head and what belongs to it alone (the state, the acts), which later turns must not see. Thus a user's
utterance is read twice, and a dialogue of one turn exactly as without packing.

Short dialogues share a row, and do not see each other. Where a dialogue is too long for some of its turns, these lose
their oldest turns as they do without packing; turns that have lost the same ones form a window, packed like a dialogue
of its own. Tasks that are trained together share the turns before.

Memory: an encoder row of S tokens and its targets of T tokens need float matrices of S x S and T x T for each head, and
one of T x S. A batch has at most `batch_tokens` source tokens, and rows are no longer than the longest window of the
batch or `ROW_TOKENS`, so S stays within `max_source_tokens` and the current turns' own tokens.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from baselines.pptod.collator import pad
from baselines.pptod.examples import Example, Examples, Ids
from tod_bench.records import Dialogue, TaskName

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

ROW_TOKENS = 256
"""Source tokens up to which short dialogues share a row. Longer rows waste attention on pairs that do not see."""

Places = NDArray[np.int64]
"""(tokens, 4): the token's dialogue in its row; its turn; 0 for a turn before, else whose own it is; its position."""


@dataclass(slots=True)
class Window:
    """Examples of a dialogue that can share the turns before.

    Attributes:
        history: Segments of the longest history among them; the others' are beginnings of it.
        examples: Their numbers.
    """

    history: tuple[int, ...] = ()
    examples: list[int] = field(default_factory=list)

    def add(self, number: int, item: Example) -> bool:
        """Takes an example, unless its history is another."""
        shorter, longer = sorted((self.history, item.source[1 : 1 + item.history]), key=len)
        if longer[: len(shorter)] != shorter:
            return False
        self.history = longer
        self.examples.append(number)
        return True


class Dialogues:
    """A dataset of windows of dialogues, made of examples.

    Attributes:
        examples: The examples, one a turn and task.
        windows: Which of them are packed together.
        lengths: Source tokens of each window.
        target_lengths: Target tokens of each window.
    """

    def __init__(self, examples: Examples, dialogues: Iterable[Hashable]) -> None:
        """Packs examples.

        Args:
            examples: The examples.
            dialogues: The dialogue that each is of.
        """
        self.examples = examples
        self.windows = _windows(examples.items, dialogues)
        numbers = [window.examples for window in self.windows]
        self.target_lengths = np.array([examples.target_lengths[some].sum() for some in numbers], np.int64)
        self.lengths = np.array([self._length(window) for window in self.windows], np.int64)

    def __len__(self) -> int:
        """How many windows there are."""
        return len(self.windows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """The tokens and places of a window, and of its targets; of those that are to be predicted the first place."""
        numbers = self.windows[index].examples
        parts = [self.examples.parts(number) for number in numbers]
        turns = max((before for _, before, _ in parts), key=len)
        starts = np.cumsum([0, *map(len, turns)])
        ids = list(turns)
        places = [_places(turn, 0, starts[turn], len(tokens)) for turn, tokens in enumerate(turns)]
        targets, target_places = [], []
        for own, (number, (head, before, current)) in enumerate(zip(numbers, parts, strict=True), start=1):
            turn = len(before)
            ids += [head, current]
            # Only distances between positions matter, so the head may stand before the beginning.
            places += [_places(turn, own, -len(head), len(head)), _places(turn, own, starts[turn], len(current))]
            target: Ids = self.examples[number].get("labels", np.zeros(1, np.int32))
            targets.append(target)
            target_places.append(_places(turn, own, 0, len(target)))
        return {
            "input_ids": np.concatenate(ids),
            "source_place": np.concatenate(places),
            "labels": np.concatenate(targets),
            "target_place": np.concatenate(target_places),
        }

    def report(self) -> dict[str, int]:
        """What the examples say of themselves, and what was packed."""
        return {**self.examples.report(), "windows": len(self), "packed_source_tokens": int(self.lengths.sum())}

    def _length(self, window: Window) -> int:
        parts = [self.examples.parts(number) for number in window.examples]
        longest = max(sum(map(len, before)) for _, before, _ in parts)
        return longest + sum(len(head) + len(current) for head, _, current in parts)


def dialogue_of_each(dialogues: Iterable[Dialogue], tasks: Sequence[TaskName]) -> list[str]:
    """The dialogue of each of the `training_examples`."""
    return [dialogue.id for dialogue in dialogues for _ in tasks for _ in dialogue.turns]


@dataclass(frozen=True, slots=True)
class Rows:
    """Joins windows to rows, and pads these to a batch.

    Attributes:
        pad_token_id: Token that fills up.
        start_token_id: Token that opens what the decoder reads.
    """

    pad_token_id: int
    start_token_id: int

    @classmethod
    def of(cls, model: "PreTrainedModel") -> "Rows":
        """The rows of a model."""
        return cls(model.config.pad_token_id, model.config.decoder_start_token_id)

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, "torch.Tensor"]:
        """A batch.

        Returns:
            ``input_ids`` (rows, source) and ``source_place`` (rows, source, 4); ``decoder_input_ids`` (rows, target)
            and ``target_place`` (rows, target, 4); ``target_index`` (tokens), which of the flattened targets are no
            padding; and ``labels`` (1, tokens), these tokens.
        """
        import torch

        rows = [[items[number] for number in row] for row in filled([len(item["input_ids"]) for item in items])]
        joined = {
            name: [np.concatenate([item[name] for item in row]) for row in rows] for name in ("input_ids", "labels")
        }
        places = {name: _padded([_numbered(row, name) for row in rows]) for name in ("source_place", "target_place")}
        labels = pad(joined["labels"], self.pad_token_id)
        shifted = np.where(places["target_place"][..., 3] == 0, self.start_token_id, np.roll(labels, 1, axis=1))
        index = np.flatnonzero(places["target_place"][..., 0] >= 0)
        batch = {
            "input_ids": pad(joined["input_ids"], self.pad_token_id),
            **places,
            "decoder_input_ids": shifted,
            "target_index": index,
            "labels": labels.reshape(1, -1)[:, index],
        }
        return {name: torch.from_numpy(array) for name, array in batch.items()}


def filled(lengths: Sequence[int]) -> list[list[int]]:
    """Numbers of windows by row: the longest first, each into the first row with room for it."""
    room = max(ROW_TOKENS, *lengths)
    rows: list[list[int]] = []
    left: list[int] = []
    for number in np.argsort(-np.asarray(lengths), kind="stable").tolist():
        row = next((row for row, free in enumerate(left) if free >= lengths[number]), len(rows))
        if row == len(rows):
            rows.append([])
            left.append(room)
        rows[row].append(number)
        left[row] -= lengths[number]
    return rows


def _windows(items: Sequence[Example], dialogues: Iterable[Hashable]) -> list[Window]:
    windows: list[Window] = []
    latest: dict[tuple[Hashable, int], Window] = {}
    for number, (item, dialogue) in enumerate(zip(items, dialogues, strict=True)):
        window = latest.get((dialogue, item.cut))
        if window is None or not window.add(number, item):
            window = latest[dialogue, item.cut] = Window()
            window.add(number, item)
            windows.append(window)
    return windows


def _places(turn: int, own: int, start: int, count: int) -> Places:
    """Places of neighbouring tokens; the dialogue is filled in when the row is known."""
    places = np.zeros((count, 4), np.int64)
    places[:, 1:] = turn, own, start
    places[:, 3] += np.arange(count)
    return places


def _numbered(row: Sequence[dict[str, Any]], name: str) -> Places:
    places: Places = np.concatenate([item[name] for item in row])
    places[:, 0] = np.repeat(np.arange(len(row)), [len(item[name]) for item in row])
    return places


def _padded(rows: Sequence[Places]) -> NDArray[np.int64]:
    """Padding is a dialogue of its own, -1."""
    matrix = np.zeros((len(rows), max(map(len, rows)), 4), np.int64)
    matrix[..., 0] = -1
    for places, row in zip(matrix, rows, strict=True):
        places[: len(row)] = row
    return matrix
