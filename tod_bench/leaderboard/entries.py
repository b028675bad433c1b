"""The outcome of each submission, entry or refusal, from the cache where nothing has changed, else on several cores.

Whatever goes wrong with one submission is that submission's: it is refused with a reason, and the others go on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tod_bench.errors import UserError
from tod_bench.leaderboard.cache import Cache, content_of, key_of
from tod_bench.leaderboard.card import Card, read_card
from tod_bench.leaderboard.submission import CARD, PARTS, RefusedError, Submission
from tod_bench.leaderboard.tracks import Track, Tracks
from tod_bench.leaderboard.verify import Entry, verify_submission
from tod_bench.scores import Score


def outcomes(
    folders: Sequence[Path],
    tracks: Tracks,
    *,
    cache: Cache,
    workers: int = 1,
    announce: Callable[[str], None] = lambda _name: None,
) -> list[Entry | RefusedError]:
    """Verifies submissions.

    Args:
        folders: The submissions.
        tracks: The tracks.
        cache: Where entries are kept; what was refused is looked at anew each time.
        workers: Processes to compute with.
        announce: Called with the name of each submission that is computed.

    Returns:
        The entry of each submission, or why it is refused.
    """
    keys = {folder: _key(folder, tracks) for folder in folders}
    values = {folder: cache.find(key) for folder, key in keys.items() if key}
    missing = [folder for folder in folders if values.get(folder) is None]
    for folder, value in zip(missing, _computed(missing, tracks, workers), strict=True):
        announce(folder.name)
        values[folder] = value
        if keys[folder] and "problems" not in value:
            cache.keep(keys[folder], value)
    return [_restored(folder, tracks, keys[folder], values[folder]) for folder in folders]


def outcome(folder: Path, tracks: Tracks) -> dict[str, Any]:
    """Verifies a submission.

    Returns:
        JSON values: what an entry is made of, or ``problems``, why it is refused.
    """
    try:
        entry = verify_submission(folder, tracks)
    except RefusedError as error:
        return {"problems": list(error.problems)}
    except UserError as error:
        return {"problems": str(error).splitlines()}
    except OSError as error:
        return {"problems": [f"it cannot be read: {error.strerror or error}"]}
    except Exception as error:  # noqa: BLE001 - one submission must not stop the others, whatever it brings about
        return {"problems": [f"it cannot be computed, which is a fault of tod-bench ({type(error).__name__}: {error})"]}
    return {
        "card": entry.card.model_dump(mode="json"),
        "digests": dict(entry.submission.digests),
        "suspicions": dict(entry.submission.suspicions),
        "scores": {task: [score.to_json() for score in scores] for task, scores in entry.scores.items()},
        "sums": {task: {name: array.tolist() for name, array in sums.items()} for task, sums in entry.sums.items()},
    }


def _restored(folder: Path, tracks: Tracks, key: str, value: Mapping[str, Any]) -> Entry | RefusedError:
    """What `outcome` returned, as an entry or a refusal."""
    if "problems" in value:
        return RefusedError(folder.name, list(value["problems"]))
    card = Card.model_validate(value["card"])
    track = tracks.open(card.track)
    submission = Submission(folder.name, folder, card, track, value["digests"], value["suspicions"])
    scores = {task: [Score.from_json(score) for score in kept] for task, kept in value["scores"].items()}
    sums = {
        task: {name: np.array(array, dtype=np.float64) for name, array in kept.items()}
        for task, kept in value["sums"].items()
    }
    return Entry(submission, scores, sums, key)


_WORKER_TRACKS: list[Tracks] = []
"""The tracks of a worker process, opened once."""


def _computed(folders: Sequence[Path], tracks: Tracks, workers: int) -> Iterator[dict[str, Any]]:
    """The outcome of each folder, in their order, as soon as it is known."""
    if workers < 2 or len(folders) < 2:
        yield from (outcome(folder, tracks) for folder in folders)
        return
    processes = min(workers, len(folders))
    with ProcessPoolExecutor(processes, initializer=_start_worker, initargs=(tracks.settings,)) as pool:
        yield from pool.map(_worker_outcome, folders)


def _start_worker(settings: Mapping[str, Track]) -> None:
    _WORKER_TRACKS[:] = [Tracks(settings)]


def _worker_outcome(folder: Path) -> dict[str, Any]:
    return outcome(folder, _WORKER_TRACKS[0])


def _key(folder: Path, tracks: Tracks) -> str:
    """What an entry is computed from; empty where the submission is so wrong that there is no telling."""
    try:
        if folder.is_symlink():
            return ""
        track = tracks.open(read_card(folder / CARD).track)
        files = {path.name: content_of(path, PARTS[path.name]) for path in folder.iterdir()}
    except (UserError, OSError, KeyError):
        return ""
    settings = track.settings.model_dump(mode="json")
    return key_of("entry", folder.name, files, track.name, settings, track.corpus.name, track.corpus.fingerprint)
