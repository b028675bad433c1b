"""Texts that examples are made of, each tokenised once, in bulk, into one Arrow array of lists.

    texts     dialogue to state:    <user> a room    [hotel] (area) north
    tokens    [812 40 7]            [3 19 206]       [5 88 61]

Where the array is kept in a file, other processes of a training, and the same training after a kill, read it in place.
"""

import hashlib
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Ids = NDArray[np.int32]


class TokenStore:
    """Texts, each once, and their tokens."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}
        self._ids: Ids = np.zeros(0, np.int32)
        self._ends: NDArray[np.int64] = np.zeros(1, np.int64)

    def add(self, text: str) -> int:
        """The text's number."""
        return self._index.setdefault(text, len(self._index))

    def tokenize(self, tokenizer: "PreTrainedTokenizerBase", kept: Path | None = None) -> None:
        """Tokenises every text, without the tokenizer's special tokens.

        Args:
            tokenizer: The tokenizer; a fast one takes all texts at once.
            kept: File from which to take the tokens if it has those of the same texts, and in which to keep them
                otherwise. It must not be shared between tokenizers.
        """
        texts = list(self._index)
        tokens = _kept(kept, texts, tokenizer) if kept else _tokenized(texts, tokenizer)
        self._ends, self._ids = tokens.offsets.to_numpy(), tokens.values.to_numpy()

    def __getitem__(self, number: int) -> Ids:
        """The tokens of a text."""
        return self._ids[self._ends[number] : self._ends[number + 1]]

    def length(self, number: int) -> int:
        """How many tokens a text has."""
        return int(self._ends[number + 1] - self._ends[number])


def _kept(path: Path, texts: list[str], tokenizer: "PreTrainedTokenizerBase") -> Any:
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest().encode()
    tokens = _read(path, digest)
    if tokens is None:
        tokens = _tokenized(texts, tokenizer)
        _write(path, tokens, digest)
    return tokens


def _tokenized(texts: list[str], tokenizer: "PreTrainedTokenizerBase") -> Any:
    import pyarrow as pa

    ids = tokenizer(texts, add_special_tokens=False, return_attention_mask=False).input_ids if texts else []
    ends = np.cumsum([0, *map(len, ids)])
    flat = np.fromiter(chain.from_iterable(ids), np.int32, count=int(ends[-1]))
    return pa.LargeListArray.from_arrays(ends, flat)


def _read(path: Path, digest: bytes) -> Any:
    """The array of a file; None where there is none, or a damaged one, or other texts'."""
    import pyarrow as pa

    if not path.exists():
        return None
    try:
        with pa.ipc.open_file(pa.memory_map(str(path))) as file:
            same = (file.schema.metadata or {}).get(b"texts") == digest
            return file.get_batch(0).column("tokens") if same else None
    except (pa.ArrowInvalid, OSError):
        return None


def _write(path: Path, tokens: Any, digest: bytes) -> None:
    import pyarrow as pa

    table = pa.record_batch({"tokens": tokens}).replace_schema_metadata({"texts": digest})
    partial = path.with_suffix(".part")
    with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(sink, table.schema) as file:
        file.write_batch(table)
    partial.replace(path)
