"""What metrics need of a corpus beside its dialogues, made when one asks for it.

    database           the corpus's venues
    plain_responses    (dialogue, turn) -> the response before it was restyled, of the split that is scored
    encoder            MiniLM, as `tod_bench.embeddings` has it
    style_classifier   reads a user's attributes off responses; trained on the corpus's train split
    style_directions   which way gold responses to each kind of user go; learned on the train split, too

Dialogues that are scored are not learned from: on a part of the train split, the rest of it teaches.

What is learned is kept in the cache (``style/`` of `tod_bench.files.cache_home`) under a digest of all that decides it,
and is learned once for all predictions that are scored on a corpus.
"""

import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from tod_bench.corpora.base import Corpus
from tod_bench.embeddings import encode, version_of
from tod_bench.errors import UserError
from tod_bench.files import cache_home, write_bytes
from tod_bench.progress import progress
from tod_bench.records import Dialogue, Turn
from tod_bench.scoring.pairing import group_of
from tod_bench.splits import evenly_spaced, read_all, whole_split
from tod_metrics.base import FloatArray
from tod_metrics.style.displacement import FORMULA, Pair, StyleDirections, mean_directions, profile_of
from tod_metrics.style.style_classifier import StyleClassifier, classifier_version, train_classifier
from tod_metrics.style.whole_dialogues import joined

CLASSIFIER_DIALOGUES: Final = 1500
"""Most training dialogues that the classifier is made of, taken at even distances: more read no better."""

DIRECTION_DIALOGUES: Final = 400
"""Most training dialogues that mean directions are made of: a CPU embeds some hundred texts a second."""

ENCODER: Final = "minilm"

LEARNED: Final = ("style_classifier", "style_directions")
"""Resources that are learned on the train split."""

_CHUNK = 256


class Resources(Mapping[str, Any]):
    """What a corpus has to offer metrics, by name; nothing is made before it is asked for.

    Args:
        corpus: The corpus.
        split: The split expression whose responses are scored.
    """

    def __init__(self, corpus: Corpus, split: str) -> None:
        self._makers: Mapping[str, Callable[[], Any]] = {
            "database": lambda: corpus.database,
            "plain_responses": lambda: plain_responses(corpus, split),
            "encoder": TextEncoder.shared,
            "style_classifier": lambda: style_classifier(corpus, split),
            "style_directions": lambda: style_directions(corpus, split),
        }

    def __getitem__(self, name: str) -> Any:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def unavailable(corpus: Corpus, needs: Sequence[str]) -> str:
    """Why a corpus cannot offer what a metric needs, as a clause; empty where it can."""
    if "database" in needs and corpus.database is None:
        return f"{corpus.name} has no database here (the release's files have it)"
    if "plain_responses" in needs and corpus.plain is None:
        return f"{corpus.name} has its responses in one style only, and none that they could be held against"
    if set(LEARNED) & set(needs) and "train" not in corpus.splits:
        return f"{corpus.name} has no train split here, from whose responses styles are learned"
    return ""


class TextEncoder:
    """MiniLM, which remembers the vectors of the texts that it has seen."""

    def __init__(self) -> None:
        self._vectors: dict[str, FloatArray] = {}

    @staticmethod
    @lru_cache(maxsize=1)
    def shared() -> "TextEncoder":
        """The encoder of this process."""
        return TextEncoder()

    @property
    def version(self) -> str:
        """Its name and the digest of its weights."""
        return f"{ENCODER} {version_of(ENCODER)}"

    def __call__(self, texts: Sequence[str]) -> NDArray[Any]:
        """Vectors of length 1, of shape (texts, dimensions)."""
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        with progress("embedding responses", len(new), unit="texts") as shown:
            for start in range(0, len(new), _CHUNK):
                chunk = new[start : start + _CHUNK]
                self._vectors.update(zip(chunk, encode(ENCODER, chunk), strict=True))
                shown.advance(len(chunk))
        return np.array([self._vectors[text] for text in texts])


def plain_responses(corpus: Corpus, split: str) -> dict[tuple[str, int], str] | None:
    """(Dialogue id, turn) -> the plain response, of a split expression; None where the corpus has none."""
    if corpus.plain is None:
        return None
    return {
        (dialogue.id, turn.index): turn.system for dialogue in read_all(corpus.plain, split) for turn in dialogue.turns
    }


def style_classifier(corpus: Corpus, split: str) -> StyleClassifier:
    """The classifier of a corpus's styles.

    Args:
        corpus: The corpus.
        split: The split expression whose responses it is to read.

    Raises:
        UserError: The corpus has no train split, or there is nothing to learn in it beside what is scored.
        MissingExtraError: scikit-learn is not installed.
    """
    classifier: StyleClassifier = _of_corpus(corpus, split, _classifier)
    return classifier


def style_directions(corpus: Corpus, split: str) -> StyleDirections | None:
    """Which way a corpus's gold responses go by kind of user; None where it has no plain responses.

    Args:
        corpus: The corpus.
        split: The split expression whose responses are held against it.

    Raises:
        UserError: The corpus has no train split, or no encoder can be had.
    """
    return None if corpus.plain is None else _of_corpus(corpus, split, _directions)


_LEARNED: dict[tuple[Any, str, str], Any] = {}
"""What this process has learned or read already: by what it is, the corpus's fingerprint and what of train is left out.
"""


def _of_corpus(corpus: Corpus, split: str, learn: Callable[[Corpus, Sequence[Dialogue]], Any]) -> Any:
    scored = split if "train" in whole_split(split).split("+") else ""
    key = learn, corpus.fingerprint, scored
    if not corpus.fingerprint or key not in _LEARNED:
        if "train" not in corpus.splits:
            raise UserError(f"{unavailable(corpus, LEARNED)}; leave metrics of style out, or give the whole release")
        try:
            _LEARNED[key] = learn(corpus, _unscored(corpus, scored))
        except ValueError as error:
            beside = f" without {scored}, which is scored" if scored else ""
            raise UserError(f"{corpus.name} train{beside}: {error}") from None
    return _LEARNED[key]


def _unscored(corpus: Corpus, scored: str) -> list[Dialogue]:
    """The train split's dialogues that have a user and are not scored."""
    own = {(dialogue.split, dialogue.id) for dialogue in read_all(corpus, scored)} if scored else set()
    return [
        dialogue
        for dialogue in read_all(corpus, "train")
        if dialogue.persona is not None and (dialogue.split, dialogue.id) not in own
    ]


def _classifier(corpus: Corpus, train: Sequence[Dialogue]) -> StyleClassifier:
    dialogues = evenly_spaced(train, CLASSIFIER_DIALOGUES)
    texts = [joined([_gold(turn) for turn in dialogue.turns]) for dialogue in dialogues]
    groups = [group_of(dialogue.persona) for dialogue in dialogues]
    file = _cache_file(f"classifier {classifier_version(texts, groups)}")
    if not file.exists():
        with progress(f"learning the styles of {corpus.name}", None):
            _save(file, train_classifier(texts, groups).to_arrays())
    with _kept(file) as arrays:
        return StyleClassifier.from_arrays(arrays)


def _directions(corpus: Corpus, train: Sequence[Dialogue]) -> StyleDirections:
    encoder, plain = TextEncoder.shared(), plain_responses(corpus, "train") or {}
    dialogues = evenly_spaced(train, DIRECTION_DIALOGUES)
    pairs = [(profile_of(group_of(dialogue.persona)), _pairs(dialogue, plain)) for dialogue in dialogues]
    digest = _digest([FORMULA, encoder.version, pairs])[:16]
    file = _cache_file(f"directions {digest}")
    if not file.exists():
        means = mean_directions(pairs, encoder)
        if not means:
            raise ValueError("no dialogue has a user of known age, formality and emotion beside plain responses")
        _save(file, means)
    with _kept(file) as arrays:
        return StyleDirections(arrays, sum(bool(profile and said) for profile, said in pairs), digest)


def _pairs(dialogue: Dialogue, plain: Mapping[tuple[str, int], str]) -> list[Pair]:
    pairs = [(plain.get((dialogue.id, turn.index), ""), _gold(turn)) for turn in dialogue.turns]
    return [pair for pair in pairs if all(map(str.strip, pair))]


def _gold(turn: Turn) -> str:
    """The response in the style of the user."""
    return turn.system if turn.styled_system is None else turn.styled_system


def _cache_file(what: str) -> Path:
    return cache_home() / "style" / f"{_digest([what])[:32]}.npz"


@contextmanager
def _kept(file: Path) -> Iterator[dict[str, NDArray[Any]]]:
    """The arrays of a file of the cache; whatever is wrong with them in the block is a sentence."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            yield dict(arrays)
    except (OSError, ValueError, KeyError, EOFError, zlib.error, BadZipFile) as error:
        raise UserError(
            f"{file} is damaged ({error}); delete it and run the same command again, it is made anew"
        ) from None


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def _save(file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    write_bytes(file, content.getvalue())
