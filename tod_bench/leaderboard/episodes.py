"""The episodes of a submission against its track: every goal and trial once, and none of them forged."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tod_bench.corpora.interactive_goals import InteractiveGoal
from tod_bench.errors import UserError
from tod_bench.interact.outcomes import episode_item
from tod_bench.interact.replay import layout_problem, replay_problem
from tod_bench.leaderboard.bounds import parse_json, read_lines
from tod_bench.leaderboard.digests import LENGTH, plain
from tod_bench.leaderboard.problems import LISTED, Problems
from tod_bench.leaderboard.tracks import OpenTrack
from tod_metrics.episode.outcomes import EpisodeItem

BIGGEST_EPISODE: Final = 1 << 23
"""Bytes of the line of an episode: 40 turns of the longest text and of ten of the longest calls."""

BIGGEST_JOURNAL: Final = 1 << 29
"""Bytes of a journal, unpacked."""

DEEPEST: Final = 40
"""Levels of brackets in an episode; a call may have objects in objects."""


@dataclass
class Episodes:
    """What a journal holds, and what is wrong with it.

    Attributes:
        items: What came of each episode, in the order of the track's goals and trials.
        digest: Digest of what the agent said and called.
        problems: Why it cannot be accepted, a sentence each.
    """

    items: tuple[EpisodeItem, ...] = ()
    digest: str = ""
    problems: list[str] = field(default_factory=list)


def read_episodes(path: Path, track: OpenTrack) -> Episodes:
    """Reads the journal of a submission; every episode is played again on its user's side.

    Args:
        path: The journal, JSON Lines or gzipped JSON Lines.
        track: The track.
    """
    reading = _Reading(path.name, track)
    try:
        for number, line in read_lines(path, BIGGEST_JOURNAL, longest=BIGGEST_EPISODE):
            if line.strip():
                reading.add(number, line)
            if number > 2 * len(reading.wanted) + LISTED:
                reading.problems.add(
                    "lines", f"there are more than {number:,} lines for {len(reading.wanted):,} episodes"
                )
                break
    except UserError as error:
        reading.problems.add("file", str(error))
    return reading.episodes()


def records_of(path: Path) -> Iterator[dict[str, Any]]:
    """Streams the episodes of a journal that was accepted.

    Raises:
        UserError: It cannot be read any more.
    """
    for number, line in read_lines(path, BIGGEST_JOURNAL, longest=BIGGEST_EPISODE):
        if line.strip():
            yield parse_json(line, f"line {number}", deepest=DEEPEST)


class _Reading:
    def __init__(self, file: str, track: OpenTrack) -> None:
        self._environment = track.environment
        self._goals: dict[str, InteractiveGoal] = {goal.id: goal for goal in self._environment.goals}
        self.wanted = [(goal, trial) for goal in self._goals for trial in range(track.trials)]
        self._known = set(self.wanted)
        self._items: dict[tuple[str, int], tuple[EpisodeItem, bytes] | None] = {}
        self._agent: Any = None
        self.problems = Problems(file)

    def add(self, number: int, line: bytes) -> None:
        """Takes a line of the journal."""
        try:
            record = parse_json(line, f"line {number}", deepest=DEEPEST)
        except UserError as error:
            self.problems.add("json", str(error))
            return
        if problem := layout_problem(record):
            self.problems.add("layout", f"line {number} is no episode: {problem[:300]}")
            return
        key = (record["goal"]["id"], record["trial"])
        name = f"episode {key[0][:80]}/{key[1]}"
        if key not in self._known:
            self.problems.add("unknown", f"line {number}: {name} is none of the track's {len(self.wanted):,} episodes")
        elif key in self._items:
            self.problems.add("twice", f"line {number}: {name} is given twice")
        else:
            self._items[key] = self._checked(name, record)

    def _checked(self, name: str, record: dict[str, Any]) -> tuple[EpisodeItem, bytes] | None:
        """What came of an episode, and a digest of its agent's part; None, and the problem told, where it is forged."""
        self._agent = record["agent"] if self._agent is None else self._agent
        if record["agent"] != self._agent:
            self.problems.add("agent", f"{name} is another agent's than the first episode")
        problem = replay_problem(record, self._environment, self._goals[record["goal"]["id"]])
        if problem:
            self.problems.add("forged", f"{name}, {problem}")
            return None
        return episode_item(record, self._environment.world), _said(record)

    def episodes(self) -> Episodes:
        """What was read; only where nothing is wrong, it has items."""
        missing = [key for key in self.wanted if key not in self._items]
        for goal, trial in missing:
            self.problems.add(
                "missing", f"episode {goal}/{trial} is missing; every trial of every goal is wanted, lost or won"
            )
        if problems := self.problems.sentences():
            return Episodes(problems=problems)
        found = [kept for key in self.wanted if (kept := self._items.get(key)) is not None]
        total = hashlib.sha256(b"".join(digest for _, digest in found))
        return Episodes(tuple(item for item, _ in found), total.hexdigest()[:LENGTH])


def _said(record: dict[str, Any]) -> bytes:
    """A digest of what the agent of an episode did; case, blanks and punctuation of its words make no difference."""
    turns = [
        (
            [(call["name"], sorted(map(repr, _flat(call["arguments"])))) for call in turn.get("calls", ())],
            plain(turn["agent"]["text"]) or turn["agent"]["acts"] if "agent" in turn else None,
        )
        for turn in record["turns"]
    ]
    return hashlib.sha256(repr((record["goal"]["id"], record["trial"], turns)).encode()).digest()


def _flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [(key, *inner) for key, one in value.items() for inner in map(_tuple, _flat(one))]
    return [plain(value) if isinstance(value, str) else value]


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
