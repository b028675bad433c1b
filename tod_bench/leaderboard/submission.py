"""A submission: a folder with a card, predictions or episodes, and the scores that its makers computed.

    card.yaml                 what it is (`tod_bench.leaderboard.card`)
    predictions.jsonl.gz      one line a turn, or the same unpacked: predictions.jsonl
    episodes.jsonl.gz         instead, where the track is played: one line an episode, or the same unpacked
    scores.json               what its makers computed (`tod_bench.leaderboard.reported`)

Whatever is wrong with it is found in one go.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from tod_bench.errors import UserError, printable
from tod_bench.leaderboard.answers import BIGGEST_FILE, Turns, read_answers
from tod_bench.leaderboard.card import BIGGEST_CARD, Card, check_date, folder_name, read_card
from tod_bench.leaderboard.digests import joint_digest, task_digest
from tod_bench.leaderboard.episodes import BIGGEST_JOURNAL, Episodes, read_episodes
from tod_bench.leaderboard.reported import BIGGEST_SCORES, ReportedScores, read_reported
from tod_bench.leaderboard.suspicion import likeness, suspicion
from tod_bench.leaderboard.task_names import PLAY, Task, turn_tasks
from tod_bench.leaderboard.tracks import OpenTrack, Tracks, load_tracks
from tod_metrics.episode.outcomes import EpisodeItem

Value = TypeVar("Value")

CARD, PACKED, PLAIN, SCORES = "card.yaml", "predictions.jsonl.gz", "predictions.jsonl", "scores.json"
EPISODES, PLAIN_EPISODES = "episodes.jsonl.gz", "episodes.jsonl"
PARTS = {
    CARD: BIGGEST_CARD,
    PACKED: BIGGEST_FILE,
    PLAIN: BIGGEST_FILE,
    EPISODES: BIGGEST_JOURNAL,
    PLAIN_EPISODES: BIGGEST_JOURNAL,
    SCORES: BIGGEST_SCORES,
}
"""Name of a file of a submission -> how many bytes it may have."""

_FOLDER = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")


@dataclass(frozen=True)
class Submission:
    """A submission that can be scored.

    Attributes:
        name: Name of its folder.
        folder: The folder.
        card: Its card.
        track: The track it takes part in.
        digests: Task -> digest of its answers, see `tod_bench.leaderboard.digests`.
        suspicions: Task -> why its answers are suspected of having been made from gold.
    """

    name: str
    folder: Path
    card: Card
    track: OpenTrack
    digests: Mapping[Task, str]
    suspicions: Mapping[Task, str]

    @property
    def predictions(self) -> str:
        """One digest for all answers."""
        return joint_digest(self.digests)

    @property
    def predictions_file(self) -> Path:
        """The file of its predictions or episodes, packed or not."""
        return predictions_file(self.folder)

    @cached_property
    def turns(self) -> Turns:
        """(dialogue id, turn) -> prediction, for every turn of the split."""
        return read_answers(self.predictions_file, self.track, turn_tasks(self.card.tasks)).turns

    @cached_property
    def items(self) -> tuple[EpisodeItem, ...]:
        """What came of its episodes, in the order of the track's goals and trials."""
        return read_episodes(self.predictions_file, self.track).items

    @property
    def extent(self) -> str:
        """How much it answers, in words."""
        return f"{len(self.items):,} episodes" if PLAY in self.card.tasks else f"{len(self.turns):,} turns"

    @cached_property
    def reported(self) -> ReportedScores:
        """The scores that its makers computed."""
        return read_reported(self.folder / SCORES)


class RefusedError(UserError):
    """A submission that cannot be accepted.

    Attributes:
        name: Name of its folder.
        problems: Every reason, a sentence each.
    """

    def __init__(self, name: str, problems: list[str]) -> None:
        # What strangers wrote is quoted in problems, and must not steer a terminal.
        problems = [printable(problem, lines=False) for problem in problems]
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        name = printable(name[:120], lines=False)
        lines = [f"{name} cannot be accepted, {count}:", *(f"  - {problem}" for problem in problems)]
        super().__init__("\n".join(lines))
        self.name, self.problems = name, tuple(problems)


def validate_submission(folder: str | Path, tracks: Tracks | None = None) -> Submission:
    """Reads a submission: card, names and sizes of files, schema, coverage, and likeness to gold.

    Args:
        folder: The submission.
        tracks: The tracks; those that ship with tod-bench by default.

    Raises:
        RefusedError: Anything is wrong; every problem is named.
    """
    folder = Path(folder)
    problems = _folder_problems(folder)
    if problems:
        raise RefusedError(folder.name, problems)
    opened_tracks = tracks or load_tracks()
    card = _attempt(problems, lambda: read_card(folder / CARD))
    reported = _attempt(problems, lambda: read_reported(folder / SCORES))
    track = None
    if card is not None:
        track = _attempt(problems, lambda: _track_of(card, opened_tracks))
        _attempt(problems, lambda: check_date(card))
        if folder.name != folder_name(card):
            problems.append(f"its folder must be called {folder_name(card)}, which follows from its card")
    if card is None or track is None:
        raise RefusedError(folder.name, problems)
    if problem := _kind_problem(folder, track):
        raise RefusedError(folder.name, [*problems, problem])
    read = _episodes(folder, track) if track.settings.play else _predictions(folder, card, track)
    problems += read.problems
    if problems or reported is None:
        raise RefusedError(folder.name, problems)
    submission = Submission(folder.name, folder, card, track, read.digests, read.suspicions)
    # What has been read need not be read again.
    submission.__dict__.update(read.contents, reported=reported)
    return submission


@dataclass
class _Read:
    """What the file of a submission's predictions or episodes holds, and what is to be known of it."""

    problems: list[str]
    contents: Mapping[str, object]
    digests: dict[Task, str] = field(default_factory=dict)
    suspicions: dict[Task, str] = field(default_factory=dict)


def _predictions(folder: Path, card: Card, track: OpenTrack) -> _Read:
    answers = read_answers(predictions_file(folder), track, turn_tasks(card.tasks))
    read = _Read(answers.problems, {"turns": answers.turns})
    if answers.problems:
        return read
    for task in turn_tasks(card.tasks):
        read.digests[task] = task_digest(task, answers.turns)
        likeness_to_gold = likeness(task, track.dialogues, answers.turns)
        if reason := suspicion(task, likeness_to_gold, track.settings.limits(task), card.gold_access):
            read.suspicions[task] = reason
    return read


def _episodes(folder: Path, track: OpenTrack) -> _Read:
    episodes: Episodes = read_episodes(predictions_file(folder), track)
    return _Read(episodes.problems, {"items": episodes.items}, {PLAY: episodes.digest})


def predictions_file(folder: Path) -> Path:
    """The file of predictions or episodes of a submission's folder: the packed one where there is one."""
    there = (folder / name for name in (PACKED, EPISODES, PLAIN_EPISODES) if (folder / name).exists())
    return next(there, folder / PLAIN)


def _kind_problem(folder: Path, track: OpenTrack) -> str:
    """Why a submission's file is not of the kind that its track takes; empty where it is."""
    played = predictions_file(folder).name in (EPISODES, PLAIN_EPISODES)
    if played == bool(track.settings.play):
        return ""
    if played:
        return f"the track {track.name} is answered turn by turn; give {PACKED} or {PLAIN}, no episodes"
    return f"the track {track.name} is played; give the journal of the episodes, {EPISODES} or {PLAIN_EPISODES}"


def _folder_problems(folder: Path) -> list[str]:
    """What is wrong with the folder and the names and kinds of the files in it."""
    if folder.is_symlink() or not folder.is_dir():
        return ["it is not a folder"]
    problems = []
    if not _FOLDER.fullmatch(folder.name) or len(folder.name) > 120:
        problems.append("the name of its folder may hold lower-case letters, digits and single . _ - between them")
    files = {path.name: path for path in folder.iterdir()}
    for name, path in sorted(files.items()):
        if name not in PARTS:
            problems.append(f"{name[:80]!r} does not belong to a submission")
        elif path.is_symlink() or not path.is_file():
            problems.append(f"{name} is not a regular file")
    problems += [f"{name} is missing" for name in (CARD, SCORES) if name not in files]
    if sum(name in files for name in (PACKED, PLAIN, EPISODES, PLAIN_EPISODES)) != 1:
        problems.append(f"give either {PACKED} or {PLAIN} (where the track is played: {EPISODES} or {PLAIN_EPISODES})")
    return problems


def _track_of(card: Card, tracks: Tracks) -> OpenTrack:
    track = tracks.open(card.track)
    unknown = [task for task in card.tasks if task not in track.settings.metrics]
    if unknown:
        raise UserError(f"the track {card.track} has no task {', '.join(unknown)}")
    return track


def _attempt(problems: list[str], read: Callable[[], Value]) -> Value | None:
    """What `read` returns; None, and its problems added to the others, where it raises a `UserError`."""
    try:
        return read()
    except UserError as error:
        problems += str(error).splitlines()
        return None
