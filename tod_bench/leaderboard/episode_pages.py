"""Pages to browse the episodes of tracks that are played: all systems of a track side by side, on the same goals."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

from tod_bench.leaderboard.board import Board
from tod_bench.leaderboard.cache import key_of
from tod_bench.leaderboard.episodes import records_of
from tod_bench.leaderboard.verify import Entry
from tod_bench.reports.episodes import episodes_data, rendered


def episode_pages(board: Board) -> dict[str, str]:
    """The pages, HTML by the name of the track.

    A track that may not show its dialogues (`dialogues: 0`) has none.

    Args:
        board: The leaderboard.
    """
    by_track: dict[str, list[Entry]] = {}
    for entry in board.newest_first:
        if has_episodes(entry):
            by_track.setdefault(entry.card.track, []).append(entry)
    pages = {}
    for name, entries in by_track.items():
        title = f"{entries[0].submission.track.settings.title}: episodes"
        pages[name] = rendered(_data(board, entries), title, {"Leaderboard": "../index.html"})
    return pages


def has_episodes(entry: Entry) -> bool:
    """Whether episodes of an entry can be browsed."""
    settings = entry.submission.track.settings
    return bool(settings.play and settings.dialogues)


def episodes_address(board: Board, entry: Entry) -> str:
    """Where an entry's episodes are on the site, for a page in a folder of it."""
    names = _names([one for one in board.newest_first if one.card.track == entry.card.track])
    return f"../episodes/{entry.card.track}.html#{urlencode({'a': names[entry.name]})}"


def _names(entries: Sequence[Entry]) -> dict[str, str]:
    """Entry -> what its system is called; where a track has several of a name, with the name of the submission."""
    counts = Counter(entry.card.system for entry in entries)
    return {
        entry.name: entry.card.system if counts[entry.card.system] == 1 else f"{entry.card.system} ({entry.name})"
        for entry in entries
    }


def _data(board: Board, entries: Sequence[Entry]) -> Mapping[str, Any]:
    key = key_of("episodes", [entry.key for entry in entries]) if all(entry.key for entry in entries) else ""
    data: Mapping[str, Any] | None = board.cache.find(key) if key else None
    if data is None:
        track, names = entries[0].submission.track, _names(entries)
        read = {names[entry.name]: partial(records_of, entry.submission.predictions_file) for entry in entries}
        data = episodes_data(read, track.environment.world, goals=track.settings.dialogues)
        if key:
            board.cache.keep(key, data)
    return data
