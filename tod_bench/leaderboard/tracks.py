"""Tracks: what submissions compete in. A track fixes corpus, split, metrics and bootstrap for all who take part."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tod_bench.config_files import load_validated
from tod_bench.corpora.base import Corpus, open_corpus
from tod_bench.errors import MissingExtraError, UserError, did_you_mean
from tod_bench.experiments.config import Bootstrap
from tod_bench.interact.episode import Environment
from tod_bench.leaderboard.play_tracks import PlaySettings, played_metric
from tod_bench.leaderboard.suspicion import LIMITS, Limits
from tod_bench.leaderboard.task_names import PLAY, Task
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
        play: How its systems are played; None for a track whose tasks are answered turn by turn.
        bootstrap: How intervals are drawn.
        dialogues: Test dialogues to show on the page of a system.
        suspicion: Task -> from where on its answers are too much like gold; `LIMITS` where it is not set.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    corpus: str
    options: dict[str, Any] = Field(default_factory=dict)
    split: str = "test"
    metrics: dict[Task, tuple[str, ...]] = Field(min_length=1)
    play: PlaySettings | None = None
    bootstrap: Bootstrap = Bootstrap()
    dialogues: int = Field(default=0, ge=0)
    suspicion: dict[TaskName, Limits] = Field(default_factory=dict)

    def limits(self, task: TaskName) -> Limits:
        """From where on answers to a task are too much like gold."""
        return self.suspicion.get(task, LIMITS[task])

    @field_validator("metrics")
    @classmethod
    def _known(cls, metrics: dict[Task, tuple[str, ...]]) -> dict[Task, tuple[str, ...]]:
        for task, specs in metrics.items():
            for spec in specs:
                try:
                    if task == PLAY:
                        played_metric(spec)
                        continue
                    # A track may name a metric of an extra; it is needed only where the metric is computed.
                    with suppress(MissingExtraError):
                        check_metric(task, spec)
                except UserError as error:
                    raise ValueError(str(error)) from None
        return metrics

    @model_validator(mode="after")
    def _played_or_answered(self) -> Self:
        if (PLAY in self.metrics) != (self.play is not None) or (self.play and len(self.metrics) > 1):
            raise ValueError("a track that is played has `play` beside its settings and `play` as its only task")
        return self


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

    @cached_property
    def environment(self) -> Environment:
        """Goals, world and users of a track that is played.

        Raises:
            UserError: The track is not played, or its corpus has no goals or no database.
        """
        return self._play.environment(self.corpus, self.settings.split)

    @property
    def trials(self) -> int:
        """Trials of each goal of a track that is played."""
        return self._play.trials

    @property
    def playing(self) -> Mapping[str, Any]:
        """Everything but the metric that decides what a number of a track that is played means."""
        return {"corpus": self.corpus.name, "split": self.split, **self._play.signature(self.environment)}

    @property
    def unit(self) -> str:
        """What intervals and tests are over."""
        return "goals" if self.settings.play else "dialogues"

    @property
    def extent(self) -> str:
        """How much there is to answer, in words."""
        if self.settings.play is None:
            return f"{len(self.dialogues)} dialogues, {self.turns:,} turns"
        user = ", ".join(f"{name} {self.playing[name]}" for name in ("user", "patience", "language", "seed"))
        return f"{len(self.environment.goals):,} goals, {self.trials} trial{'s' * (self.trials > 1)} of each; {user}"

    @property
    def _play(self) -> PlaySettings:
        if self.settings.play is None:
            raise UserError(f"the track {self.name} is answered turn by turn, and not played")
        return self.settings.play


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
