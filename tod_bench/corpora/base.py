"""What a corpus is to the rest of the harness, and the registry of corpora.

A corpus is a class registered under the entry point group ``tod_bench.corpora``; its constructor's keyword arguments
are what a config may set beside ``name:``.
"""

from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any, Protocol, runtime_checkable

from tod_bench.errors import DataError, UserError, did_you_mean
from tod_bench.records import Database, Dialogue, Schema

GROUP = "tod_bench.corpora"


@runtime_checkable
class Corpus(Protocol):
    """A corpus opened for reading.

    A corpus may also have `missing_annotations`, a function of a split's name that says what the layout lacks (see
    `tod_bench.corpora.annotations.declared_missing`), and `completeness`, one that says how many of the official files
    are there (see `tod_bench.corpora.official`).

    Attributes:
        name: Name and version for signatures, e.g. ``multiwoz2.2`` or ``sgd-accumulated``.
    """

    name: str

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that are at hand, in the order train, dev, test."""
        ...

    @property
    def schema(self) -> Schema:
        """Every domain (or service) and slot that can be tracked, in canonical spelling."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hex digest of everything that decides the dialogues: raw bytes, options, reader version."""
        ...

    @property
    def database(self) -> Database | None:
        """The corpus's database, where it has one."""
        ...

    @property
    def skipped(self) -> tuple[DataError, ...]:
        """What ``skip_invalid`` has left out so far; empty without it."""
        ...

    def dialogues(self, split: str) -> Iterator[Dialogue]:
        """Streams a split in file order.

        Raises:
            UserError: There is no such split.
            DataError: A record is unusable, and ``skip_invalid`` was not set.
        """
        ...


def corpus_names() -> list[str]:
    """Names of all installed corpora, sorted."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def corpus_class(name: str) -> type[Any]:
    """The class of an installed corpus.

    Raises:
        UserError: There is no such corpus.
    """
    for point in entry_points(group=GROUP, name=name):
        loaded: type[Any] = point.load()
        return loaded
    raise UserError(f"there is no corpus {name!r}{did_you_mean(name, corpus_names())}; see `tod-bench list corpora`")


def open_corpus(name: str, **options: Any) -> Corpus:
    """Opens an installed corpus with the reader's options.

    Raises:
        UserError: There is no such corpus, or its files are not where it looks for them.
    """
    corpus: Corpus = corpus_class(name)(**options)
    return corpus
