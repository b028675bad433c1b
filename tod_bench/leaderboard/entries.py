"""The outcome of each submission, entry or refusal, from the cache where nothing has changed, else on several cores.

Whatever goes wrong with one submission is that submission's: it is refused with a reason, and the others go on.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tod_bench.errors import UserError
from tod_bench.leaderboard.answers import BIGGEST_FILE
from tod_bench.leaderboard.cache import Cache, content_of, key_of
from tod_bench.leaderboard.card import BIGGEST_CARD, Card, read_card
from tod_bench.leaderboard.claim import BIGGEST_CLAIM
from tod_bench.leaderboard.submission import CARD, CLAIM, PACKED, PLAIN, RefusedError, Submission
from tod_bench.leaderboard.tracks import Track, Tracks
from tod_bench.leaderboard.verify import Entry, verify
from tod_bench.scores import Score

_LIMITS = {CARD: BIGGEST_CARD, CLAIM: BIGGEST_CLAIM, PACKED: BIGGEST_FILE, PLAIN: BIGGEST_FILE}

Outcome = Entry | RefusedError


def outcomes(
    folders: Sequence[Path],
    tracks: Tracks,
    *,
    cache: Cache,
    jobs: int = 1,
    announce: Callable[[str], None] = lambda _name: None,
) -> list[Outcome]:
    """Verifies submissions.

    Args:
        folders: The submissions.
        tracks: The tracks.
        cache: Where entries are kept; what was refused is looked at anew each time.
        jobs: Processes to compute with.
        announce: Called with the name of each submission that is computed.

    Returns:
        The entry of each submission, or why it is refused.
    """
    keys = [_key(folder, tracks) for folder in folders]
    found = {
        folder: _restored(folder, tracks, key, value)
        for folder, key in zip(folders, keys, strict=True)
        if key and (value := cache.find(key)) is not None
    }
    missing = [(folder, key) for folder, key in zip(folders, keys, strict=True) if folder not in found]
    for (folder, key), value in zip(
        missing, _computed([one for one, _ in missing], tracks, jobs, announce), strict=True
    ):
        if key and "problems" not in value:
            cache.keep(key, value)
        found[folder] = _restored(folder, tracks, key, value)
    return [found[folder] for folder in folders]


def outcome(folder: Path, tracks: Tracks) -> dict[str, Any]:
    """Verifies a submission.

    Returns:
        JSON values: what an entry is made of, or ``problems``, why it is refused.
    """
    try:
        return _kept(verify(folder, tracks))
    except RefusedError as error:
        return {"problems": list(error.problems)}
    except UserError as error:
        return {"problems": str(error).splitlines()}
    except OSError as error:
        return {"problems": [f"it cannot be read: {error.strerror or error}"]}
    except Exception as error:  # noqa: BLE001 - one submission must not stop the others, whatever it brings about
        return {"problems": [f"it cannot be computed, which is a fault of tod-bench ({type(error).__name__}: {error})"]}


def _computed(
    folders: Sequence[Path], tracks: Tracks, jobs: int, announce: Callable[[str], None]
) -> list[dict[str, Any]]:
    if jobs < 2 or len(folders) < 2:
        return [announce(folder.name) or outcome(folder, tracks) for folder in folders]  # type: ignore[func-returns-value]
    with ProcessPoolExecutor(min(jobs, len(folders)), initializer=_begin, initargs=(tracks.settings,)) as pool:
        values = []
        for folder, value in zip(folders, pool.map(_outcome_here, folders), strict=True):
            announce(folder.name)
            values.append(value)
        return values


_HERE: list[Tracks] = []
"""The tracks of a worker process, opened once."""


def _begin(settings: Mapping[str, Track]) -> None:
    _HERE[:] = [Tracks(settings)]


def _outcome_here(folder: Path) -> dict[str, Any]:
    return outcome(folder, _HERE[0])


def _key(folder: Path, tracks: Tracks) -> str:
    """What an entry is computed from; empty where the submission is so wrong that there is no telling."""
    try:
        if folder.is_symlink():
            return ""
        track = tracks.open(read_card(folder / CARD).track)
        files = {path.name: content_of(path, _LIMITS[path.name]) for path in folder.iterdir()}
    except (UserError, OSError, KeyError):
        return ""
    settings = track.settings.model_dump(mode="json")
    return key_of("entry", folder.name, files, track.name, settings, track.corpus.name, track.corpus.fingerprint)


def _kept(entry: Entry) -> dict[str, Any]:
    submission = entry.submission
    return {
        "card": entry.card.model_dump(mode="json"),
        "digests": dict(submission.digests),
        "suspicions": dict(submission.suspicions),
        "scores": {task: [one.to_json() for one in scores] for task, scores in entry.scores.items()},
        "sums": {task: {name: one.tolist() for name, one in found.items()} for task, found in entry.sums.items()},
    }


def _restored(folder: Path, tracks: Tracks, key: str, value: Mapping[str, Any]) -> Outcome:
    if "problems" in value:
        return RefusedError(folder.name, list(value["problems"]))
    card = Card.model_validate(value["card"])
    track = tracks.open(card.track)
    submission = Submission(folder.name, folder, card, track, value["digests"], value["suspicions"])
    scores = {task: [Score.from_json(one) for one in found] for task, found in value["scores"].items()}
    sums = {
        task: {name: np.array(one, dtype=np.float64) for name, one in found.items()}
        for task, found in value["sums"].items()
    }
    return Entry(submission, scores, sums, key)
