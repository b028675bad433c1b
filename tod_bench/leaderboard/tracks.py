"""Tracks: what submissions compete in. A track fixes corpus, split, metrics and bootstrap for all who take part."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tod_bench.config_files import load_validated
from tod_bench.corpora.base import Corpus, open_corpus
from tod_bench.errors import MissingExtraError, UserError, did_you_mean
from tod_bench.experiments.config import Bootstrap
from tod_bench.leaderboard.suspicion import LIMITS, Limits
from tod_bench.records import Dialogue, TaskName
from tod_bench.scoring import check_metric
from tod_bench.splits import read_all, signed_split, split_notes

SHIPPED = Path(__file__).parent / "tracks.yaml"


class Track(BaseModel):
    """A track.

    Attributes:
        title: What it is called on the site.
        corpus: Name of the corpus.
        options: Its reader's options.
        split: The split to answer.
        metrics: Task -> its metrics, the one that systems are ranked by first.
        bootstrap: How intervals are drawn.
        dialogues: Test dialogues to show on the page of a system.
        suspicion: Task -> from where on its answers are too much like gold; `LIMITS` where it is not set.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    corpus: str
    options: dict[str, Any] = Field(default_factory=dict)
    split: str = "test"
    metrics: dict[TaskName, tuple[str, ...]] = Field(min_length=1)
    bootstrap: Bootstrap = Bootstrap()
    dialogues: int = Field(default=0, ge=0)
    suspicion: dict[TaskName, Limits] = Field(default_factory=dict)

    def limits(self, task: TaskName) -> Limits:
        """From where on answers to a task are too much like gold."""
        return self.suspicion.get(task, LIMITS[task])

    @field_validator("metrics")
    @classmethod
    def _known(cls, metrics: dict[TaskName, tuple[str, ...]]) -> dict[TaskName, tuple[str, ...]]:
        for task, specs in metrics.items():
            for spec in specs:
                try:
                    # A track may name a metric of an extra; it is needed only where the metric is computed.
                    with suppress(MissingExtraError):
                        check_metric(task, spec)
                except UserError as error:
                    raise ValueError(str(error)) from None
        return metrics


class _TracksFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    tracks: dict[str, Track] = Field(min_length=1)


@dataclass(frozen=True)
class OpenTrack:
    """A track with its corpus.

    Attributes:
        name: The track's name.
        settings: What it fixes.
        corpus: The corpus.
    """

    name: str
    settings: Track
    corpus: Corpus

    @cached_property
    def dialogues(self) -> Sequence[Dialogue]:
        """The gold dialogues of the split."""
        return read_all(self.corpus, self.settings.split)

    @property
    def split(self) -> str:
        """The split as signatures have it, marked where official files of it are missing."""
        return signed_split(self.corpus, self.settings.split)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know beside every number of the track."""
        return split_notes(self.corpus, self.settings.split)

    @property
    def turns(self) -> int:
        """How many turns there are to answer."""
        return sum(len(dialogue.turns) for dialogue in self.dialogues)


class Tracks:
    """The tracks of a leaderboard; a corpus is opened when a track is first needed, and kept."""

    def __init__(self, settings: Mapping[str, Track]) -> None:
        self.settings = settings
        self._open: dict[str, OpenTrack] = {}

    def open(self, name: str) -> OpenTrack:
        """A track by its name.

        Raises:
            UserError: There is no such track, or its corpus is missing.
        """
        if name not in self.settings:
            known = ", ".join(self.settings)
            raise UserError(f"there is no track {name!r}{did_you_mean(name, self.settings)}; the tracks are {known}")
        if name not in self._open:
            settings = self.settings[name]
            self._open[name] = OpenTrack(name, settings, open_corpus(settings.corpus, **settings.options))
        return self._open[name]


def load_tracks(path: str | Path | None = None) -> Tracks:
    """The tracks of a file; those that ship with tod-bench where none is given.

    Raises:
        UserError: The file is unusable; every error is in the message.
    """
    return Tracks(load_validated(_TracksFile, str(path or SHIPPED)).tracks)
