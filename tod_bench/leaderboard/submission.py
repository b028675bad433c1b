"""A submission: a folder with a card, a prediction file and the scores claimed.

    card.yaml                 what it is (`tod_bench.leaderboard.card`)
    predictions.jsonl.gz      one line a turn, or the same unpacked: predictions.jsonl
    scores.json               what its makers computed (`tod_bench.leaderboard.claim`)

Whatever is wrong with it is found in one go.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from tod_bench.errors import UserError
from tod_bench.leaderboard.answers import Answers, Turns, read_answers
from tod_bench.leaderboard.card import Card, check_date, folder_name, read_card
from tod_bench.leaderboard.claim import Claim, read_claim
from tod_bench.leaderboard.digests import joint_digest, task_digest
from tod_bench.leaderboard.suspicion import likeness, suspicion
from tod_bench.leaderboard.tracks import OpenTrack, Tracks
from tod_bench.records import TaskName

Found = TypeVar("Found")

CARD, PACKED, PLAIN, CLAIM = "card.yaml", "predictions.jsonl.gz", "predictions.jsonl", "scores.json"
PARTS = (CARD, PACKED, PLAIN, CLAIM)

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
    digests: Mapping[TaskName, str]
    suspicions: Mapping[TaskName, str]

    @property
    def predictions(self) -> str:
        """One digest for all answers."""
        return joint_digest(self.digests)

    @cached_property
    def turns(self) -> Turns:
        """(dialogue id, turn) -> prediction, for every turn of the split."""
        return read_answers(_predictions_in(self.folder), self.track, self.card.tasks).turns

    @cached_property
    def claim(self) -> Claim:
        """The scores claimed."""
        return read_claim(self.folder / CLAIM)


class RefusedError(UserError):
    """A submission that cannot be accepted.

    Attributes:
        name: Name of its folder.
        problems: Every reason, a sentence each.
    """

    def __init__(self, name: str, problems: list[str]) -> None:
        # What strangers wrote is quoted in problems, and must not steer a terminal.
        problems = [_printable(one) for one in problems]
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        name = _printable(name[:120])
        super().__init__("\n".join([f"{name} cannot be accepted, {count}:", *(f"  - {one}" for one in problems)]))
        self.name, self.problems = name, tuple(problems)


def validate(folder: Path, tracks: Tracks) -> Submission:
    """Reads a submission: card, names and sizes of files, schema, coverage, and likeness to gold.

    Args:
        folder: The submission.
        tracks: The tracks.

    Raises:
        RefusedError: Anything is wrong; every problem is named.
    """
    problems = _folder_problems(folder)
    if problems:
        raise RefusedError(folder.name, problems)
    card = _attempt(problems, lambda: read_card(folder / CARD))
    claim = _attempt(problems, lambda: read_claim(folder / CLAIM))
    track = None if card is None else _attempt(problems, lambda: _track_of(card, tracks))
    if card is not None:
        problems += _card_problems(folder.name, card)
    answers = Answers()
    if card is not None and track is not None:
        answers = read_answers(_predictions_in(folder), track, card.tasks)
        problems += answers.problems
    if problems or card is None or claim is None or track is None:
        raise RefusedError(folder.name, problems)
    digests = {task: task_digest(task, answers.turns) for task in card.tasks}
    found = Submission(folder.name, folder, card, track, digests, _suspicions(card, track, answers.turns))
    # What has been read need not be read again.
    found.__dict__.update(turns=answers.turns, claim=claim)
    return found


def _predictions_in(folder: Path) -> Path:
    packed = folder / PACKED
    return packed if packed.exists() else folder / PLAIN


def _suspicions(card: Card, track: OpenTrack, turns: Turns) -> dict[TaskName, str]:
    """Task -> why its answers are suspected of having been made from gold."""
    found = {
        task: suspicion(task, likeness(task, track.dialogues, turns), track.settings.limits(task), card.privileges)
        for task in card.tasks
    }
    return {task: sentence for task, sentence in found.items() if sentence}


def _folder_problems(folder: Path) -> list[str]:
    """What is wrong with the folder and the names and kinds of the files in it."""
    if folder.is_symlink() or not folder.is_dir():
        return ["it is not a folder"]
    problems = []
    if not _FOLDER.fullmatch(folder.name) or len(folder.name) > 120:
        problems.append("the name of its folder may hold lower-case letters, digits and single . _ - between them")
    found = {path.name: path for path in folder.iterdir()}
    for name, path in sorted(found.items()):
        if name not in PARTS:
            problems.append(f"{name[:80]!r} does not belong to a submission")
        elif path.is_symlink() or not path.is_file():
            problems.append(f"{name} is not a regular file")
    problems += [f"{name} is missing" for name in (CARD, CLAIM) if name not in found]
    if (PACKED in found) == (PLAIN in found):
        problems.append(f"give either {PACKED} or {PLAIN}")
    return problems


def _card_problems(folder: str, card: Card) -> list[str]:
    """What is wrong with a card that can be read: another folder's, or of a day to come."""
    problems: list[str] = []
    _attempt(problems, lambda: check_date(card))
    if folder != folder_name(card):
        problems.append(f"its folder must be called {folder_name(card)}, which follows from its card")
    return problems


def _track_of(card: Card, tracks: Tracks) -> OpenTrack:
    track = tracks.open(card.track)
    strange = [task for task in card.tasks if task not in track.settings.metrics]
    if strange:
        raise UserError(f"the track {card.track} has no task {', '.join(strange)}")
    return track


def _attempt(problems: list[str], read: Callable[[], Found]) -> Found | None:
    try:
        return read()
    except UserError as error:
        problems += str(error).splitlines()
        return None


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
