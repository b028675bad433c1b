"""`packing: dialogue`: all turns of a dialogue in one forward pass, each written as if alone.

    input of turn 3, alone       h u1 s1 u2 s2 u3 e         h head, u user, s system, e what follows (state, </s>)
    its position                 0 1  2  3  4  5  6

    in a row                     h u1 e1    s1 u2 e2    s2 u3 e3
    its position                 0 1  2     2  3  4     4  5  6
    its block                    0 0  0     1  1  1     2  2  2

      block 0                    x x  x
      block 1, and target 2      x x        x  x  x
      block 2, and target 3      x x        x  x        x  x  x

So each utterance is read once. A block sees itself and the blocks before it, never after, and so can serve every later
turn; what belongs to one turn alone (the state, the acts, the end) is seen by that turn's block alone. Positions are
those of the turn's own input, and a dialogue of one turn is read exactly as without packing.

Short dialogues share a row, and do not see each other. Where a dialogue is too long for some of its turns, these lose
their oldest turns as they do without packing; turns that have lost the same ones form a window, packed like a dialogue
of its own. So do the turns of each of several tasks, since their heads differ.

Memory: an encoder row of S tokens and its targets of T tokens need float matrices of S x S and T x T for each head, and
one of T x S. A batch has at most `batch_tokens` source tokens, and rows are no longer than the longest window of the
batch or `ROW_TOKENS`, so S stays within `max_source_tokens` and the current turns' own tokens.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tod_baselines.pptod.batches import pad
from tod_baselines.pptod.examples import Example, Examples
from tod_baselines.pptod.token_store import Ids
from tod_bench.records import Dialogue, TaskName

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

ROW_TOKENS = 256
"""Source tokens up to which short dialogues share a row. Longer rows waste attention on pairs that do not see."""

Places = NDArray[np.int64]
"""(tokens, 4): the token's dialogue in its row; its block; whether it is seen by that block alone; its position."""


@dataclass(slots=True)
class Window:
    """Examples of a dialogue that can be read in one pass, one a block.

    Attributes:
        shared: Texts of the longest shared part among them; the others' are beginnings of it.
        examples: Their numbers, by block.
    """

    shared: tuple[int, ...] = ()
    examples: dict[int, int] = field(default_factory=dict)

    def add(self, number: int, item: Example) -> bool:
        """Takes an example, unless it shares other segments or its block is taken."""
        shared, block = item.source[1 : 2 + item.history], item.history // 2
        shorter, longer = sorted((self.shared, shared), key=len)
        if longer[: len(shorter)] != shorter or block in self.examples:
            return False
        self.shared = longer
        self.examples[block] = number
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
        numbers = [list(window.examples.values()) for window in self.windows]
        self.target_lengths = np.array([examples.target_lengths[some].sum() for some in numbers], np.int64)
        self.lengths = np.array([self._length(window) for window in self.windows], np.int64)

    def __len__(self) -> int:
        """How many windows there are."""
        return len(self.windows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """The tokens and places of a window, and of its targets; of those that are to be predicted the first place."""
        numbers = self.windows[index].examples
        parts = {block: self.examples.parts(number) for block, number in numbers.items()}
        longest = max(parts.values(), key=lambda part: len(part.shared))
        # A system's utterance opens the block of the user's that follows; the head is of the first.
        ids = [longest.head, *longest.shared]
        blocks = [0, *((number + 1) // 2 for number in range(len(longest.shared)))]
        ends = np.cumsum([0, *map(len, ids)])
        places = [
            _places(block, False, end - len(some), len(some))
            for block, end, some in zip(blocks, ends[1:], ids, strict=True)
        ]
        targets, target_places = [], []
        for block, number in numbers.items():
            own = parts[block].own
            ids.append(own)
            places.append(_places(block, True, ends[2 * block + 2], len(own)))
            target: Ids = self.examples[number].get("labels", np.zeros(1, np.int32))
            targets.append(target)
            target_places.append(_places(block, True, 0, len(target)))
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
        parts = [self.examples.parts(number) for number in window.examples.values()]
        return max(len(head) + sum(map(len, shared)) for head, shared, _ in parts) + sum(len(own) for *_, own in parts)


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
    latest: dict[Hashable, Window] = {}
    for number, (item, dialogue) in enumerate(zip(items, dialogues, strict=True)):
        # A truncated utterance is not what later turns read.
        key = (dialogue, item.source[0], item.turns_truncated, number if item.tokens_truncated else None)
        window = latest.get(key)
        if window is None or not window.add(number, item):
            window = latest[key] = Window()
            window.add(number, item)
            windows.append(window)
    return windows


def _places(block: int, own: bool, start: int, count: int) -> Places:
    """Places of neighbouring tokens; the dialogue is filled in when the row is known."""
    places = np.zeros((count, 4), np.int64)
    places[:, 1:] = block, own, start
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
