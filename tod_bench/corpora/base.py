"""What a corpus is to the rest of the harness, and the registry of corpora.

A corpus is a class registered under the entry point group ``tod_bench.corpora``; its constructor's keyword arguments
are what a config may set beside ``name:``.
"""

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tod_bench.corpora.annotations import Annotation
from tod_bench.corpora.extent import ReleaseSize
from tod_bench.corpora.interactive_goals import InteractiveGoal
from tod_bench.corpora.official import Completeness
from tod_bench.corpora.rows import Rows
from tod_bench.display import Grid, Tabular
from tod_bench.errors import DataError, UserError
from tod_bench.images import Images
from tod_bench.plugins import plugin_class, plugin_names
from tod_bench.records import Database, Dialogue, Schema

if TYPE_CHECKING:
    from datasets import DatasetDict

GROUP = "tod_bench.corpora"


class Corpus(Tabular):
    """A corpus opened for reading: five things that every corpus says, and what it need not say, with defaults.

    Readers of files extend `tod_bench.corpora.file_corpus.FileCorpus`, which has the rest.

    Attributes:
        name: Name and version for signatures, e.g. ``multiwoz2.2`` or ``sgd-accumulated``.
        unofficial: The files that are not those of the release, or cannot be shown to be; `name` then ends in
            ``-unofficial``.
    """

    name: str
    unofficial: tuple[str, ...] = ()

    @property
    @abstractmethod
    def splits(self) -> tuple[str, ...]:
        """The splits that are there, in the order train, dev, test and any further ones."""

    @property
    @abstractmethod
    def schema(self) -> Schema:
        """Every domain (or service) and slot that can be tracked, in canonical spelling."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Hex digest of everything that decides the dialogues: raw bytes, options, reader version."""

    @abstractmethod
    def dialogues(self, split: str) -> Iterator[Dialogue]:
        """Streams a split in file order.

        Raises:
            UserError: There is no such split.
            DataError: A record is unusable, and ``skip_invalid`` was not set.
        """

    def interactive_goals(self, split: str) -> Iterator[InteractiveGoal]:  # noqa: ARG002
        """Streams the goals of a split that a simulated user can pursue.

        Raises:
            UserError: The corpus has none, or there is no such split.
        """
        raise UserError("this corpus has no goals that a simulated user can pursue; multiwoz and simulated have")

    @property
    def database(self) -> Database | None:
        """The corpus's database; None where it has none."""
        return None

    @property
    def images(self) -> Images | None:
        """The pictures of its users, by the names that personas have for them; None where it has none."""
        return None

    @property
    def plain(self) -> "Corpus | None":
        """The same dialogues with their utterances as they were before they were restyled; None where it has none.

        The corpus itself, where its utterances are the plain ones and the restyled ones stand beside.
        """
        return None

    @property
    def skipped(self) -> tuple[DataError, ...]:
        """What ``skip_invalid`` has left out so far; empty without it."""
        return ()

    @property
    def warnings(self) -> tuple[DataError, ...]:
        """What was found odd, though usable, in what has been read so far."""
        return ()

    @property
    def seen_services(self) -> Collection[str] | None:
        """Services that training sees, of which the rest are unseen; None where that is not told apart."""
        return None

    def missing_annotations(self, split: str) -> Mapping[Annotation, str]:  # noqa: ARG002
        """What is known to be missing in a split: annotation -> why, as a clause of a sentence.

        Whatever is not declared here is looked for in the dialogues.
        """
        return {}

    def completeness(self, split: str) -> Completeness | None:  # noqa: ARG002
        """How many of a split's official files are there; None where all are, or where nothing is known of them."""
        return None

    @property
    def release_size(self) -> ReleaseSize | None:
        """How many dialogues the release has, by split; None where that is not known, or where options leave some out.

        `tod_bench.corpora.extent` tells from it whether a split is complete.
        """
        return None

    def records(self) -> list[dict[str, Any]]:
        """One mapping a split: its dialogues, services, domains, turns and tokens. Reads the corpus."""
        # Counting knows the domains of SGD, whose reader is a corpus.
        from tod_bench.corpora.counts import count

        records = []
        for split in self.splits:
            counts = count(self.dialogues(split))
            sizes = {"dialogues": counts.dialogues, "services": counts.services, "domains": counts.domains}
            records.append({"split": split, **sizes, "turns": counts.turns, "tokens": counts.tokens})
        return records

    def grids(self) -> list[Grid]:
        """The splits and their sizes."""
        from tod_bench.corpora.counts import RULE

        rows = tuple((split, *(f"{size:,}" for size in sizes)) for split, *sizes in map(dict.values, self.records()))
        columns = ("split", "dialogues", "services", "domains", "turns", "tokens")
        return [Grid(self.name, columns, rows, notes=(RULE,))]

    def to_datasets(self, rows: Rows = "dialogues", splits: Sequence[str] | None = None) -> "DatasetDict":
        """The corpus as a `datasets.DatasetDict`, which saves, loads and pushes like any other.

        `tod_bench.corpora.hub_datasets.from_datasets` reads it back without loss.

        Args:
            rows: What a row is, a dialogue or a turn (see `tod_bench.corpora.rows`).
            splits: The splits to take; None for all.

        Returns:
            A dataset a split, under the corpus's names (``train``, ``dev``, ``test``), but none for a split without
            dialogues: `datasets` saves an empty dataset and cannot load it. Corpus name and schema are in the
            description of each, which `save_to_disk` keeps.

        Raises:
            UserError: There is no such split, or `datasets` is not installed.
            DataError: A record is unusable.
        """
        from tod_bench.corpora.hub_datasets import to_datasets

        return to_datasets(self, rows, splits)


def corpus_names() -> list[str]:
    """Names of all installed corpora, sorted."""
    return plugin_names(GROUP)


def corpus_class(name: str) -> type[Any]:
    """The class of an installed corpus; one that does not extend `Corpus` has its defaults all the same.

    Raises:
        UserError: There is no such corpus.
    """
    return plugin_class(GROUP, name, Corpus)


def open_corpus(name: str, **options: Any) -> Corpus:
    """Opens an installed corpus.

    Args:
        name: The corpus, as ``tod-bench list corpora`` shows it.
        **options: Options of its reader, such as ``path`` or ``version``.

    Raises:
        UserError: There is no such corpus, or its files are not where it looks for them.
    """
    corpus: Corpus = corpus_class(name)(**options)
    return corpus
