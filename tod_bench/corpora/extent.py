"""How much of a release is there: for each split, the dialogues that were read beside those that the release has.

    sgd train    14,862 of 16,142 dialogues (117 of 127 files); not there: train/dialogues_070.json, ...
    sgd dev      2,482 of 2,482 dialogues: complete

``sizes.yaml`` is data: release -> where its sizes come from, and the dialogues of each of its splits. A split is
complete where as many dialogues were read as the release has; whether they are the release's own is a second question,
which `tod_bench.corpora.official` answers and which is said beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from tod_bench.corpora.official import Completeness

if TYPE_CHECKING:
    from tod_bench.corpora.base import Corpus

_NAMED = 3
"""Files that are named in a line; all are in the JSON."""


@dataclass(frozen=True, slots=True)
class ReleaseSize:
    """How many dialogues a release has.

    Attributes:
        source: Where the numbers come from.
        splits: Split -> dialogues; empty where the sizes of splits were not published.
        total: Dialogues of all splits together; None where the splits tell.
    """

    source: str
    splits: Mapping[str, int] = field(default_factory=dict)
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a split of a release is there.

    Attributes:
        corpus: Name of the corpus.
        split: The split.
        dialogues: Dialogues that were read.
        official: Dialogues that the release has in the split; None where that is not known.
        total: Dialogues that the release has in all its splits, where only that was published.
        files: Official files that are there, where some are not.
        unofficial: Files that are not, or cannot be shown to be, those of the release.
        source: Where the official number comes from.
    """

    corpus: str
    split: str
    dialogues: int
    official: int | None = None
    total: int | None = None
    files: Completeness | None = None
    unofficial: tuple[str, ...] = ()
    source: str = ""

    @property
    def complete(self) -> bool | None:
        """Whether every dialogue of the release's split is there; None where its size is not known."""
        return None if self.official is None else self.dialogues == self.official and self.files is None

    def __str__(self) -> str:
        files = f" ({self.files})" if self.files else ""
        if self.official is None:
            of_all = f"; the release has {self.total:,} in all its splits" if self.total is not None else ""
            counted = f"{self.dialogues:,} dialogues{files}{of_all}"
        else:
            counted = f"{self.dialogues:,} of {self.official:,} dialogues{files}{': complete' if self.complete else ''}"
        lacking = f"; not there: {_named(self.files.missing)}" if self.files and self.files.missing else ""
        return f"{counted}{lacking}{'; unofficial' if self.unofficial else ''}"

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {
            "corpus": self.corpus,
            "split": self.split,
            "dialogues": self.dialogues,
            "official_dialogues": self.official,
            "official_total": self.total,
            "complete": self.complete,
            "files": self.files.present if self.files else None,
            "official_files": self.files.official if self.files else None,
            "missing_files": list(self.files.missing) if self.files else [],
            "unofficial_files": list(self.unofficial),
            "source": self.source,
        }


def extent(corpus: "Corpus", split: str, dialogues: int) -> Extent:
    """How much of a split is there.

    Args:
        corpus: The corpus.
        split: The split, whole; it need not be there.
        dialogues: How many dialogues were read of it.
    """
    size, there = corpus.release_size, split in corpus.splits
    lacking = corpus.completeness(split) if there else None
    unofficial = corpus.unofficial if there else ()
    if size is None:
        return Extent(corpus.name, split, dialogues, files=lacking, unofficial=unofficial)
    official = size.splits.get(split)
    return Extent(corpus.name, split, dialogues, official, size.total, lacking, unofficial, size.source)


def extents(corpus: "Corpus", dialogues: Mapping[str, int]) -> list[Extent]:
    """How much is there of every split: of those that were read, then of those of the release that are not there.

    Args:
        corpus: The corpus.
        dialogues: Split -> how many dialogues were read of it.
    """
    absent = [split for split in (corpus.release_size or ReleaseSize("")).splits if split not in corpus.splits]
    return [extent(corpus, split, dialogues.get(split, 0)) for split in (*dialogues, *absent)]


@cache
def release_sizes() -> Mapping[str, ReleaseSize]:
    """The size of every release that is known, by its name."""
    import yaml

    raw = yaml.safe_load((files("tod_bench.corpora") / "sizes.yaml").read_text(encoding="utf-8"))
    return {name: ReleaseSize(**entry) for name, entry in raw.items()}


def unofficial_line(there: Extent) -> str:
    """What ``unofficial`` means of a corpus, in a sentence without its full stop; empty where it is not."""
    if not there.unofficial:
        return ""
    return f"{there.corpus}: not of the release, or not shown to be: {_named(there.unofficial)}"


def _named(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
