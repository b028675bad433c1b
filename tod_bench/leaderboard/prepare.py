"""From prediction files and a card to a submission folder, with the scores to claim computed on the way."""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tod_bench.errors import DataError, UserError
from tod_bench.leaderboard.card import folder_name, read_card, write_card
from tod_bench.leaderboard.claim import claim_of, write_claim
from tod_bench.leaderboard.submission import CARD, CLAIM, PACKED, PARTS, validate
from tod_bench.leaderboard.tracks import Tracks
from tod_bench.leaderboard.verify import computed
from tod_bench.predictions import read_predictions, to_json
from tod_bench.records import Prediction, TaskName
from tod_bench.reports.runs import read_runs
from tod_bench.scoring.metrics import FIELDS


def prepare(card_file: Path, predictions: Sequence[Path], out: Path, tracks: Tracks) -> Path:
    """Makes a submission.

    Args:
        card_file: The card, YAML or JSON.
        predictions: Prediction files, which together answer every turn; a file for each task, or shards of one.
        out: The folder that the submission's own folder is made in.
        tracks: The tracks.

    Returns:
        The submission's folder.

    Raises:
        UserError: The card or a prediction file is unusable; a folder that is there already stays as it is.
    """
    card = read_card(card_file)
    track = tracks.open(card.track)
    folder = out / folder_name(card)
    with replacing(folder) as new:
        write_card(card, new / CARD)
        _write_packed(new / PACKED, merged(predictions, card.tasks))
        # An empty claim lets what was written be checked as a submission, before anything is computed from it.
        write_claim(claim_of(track, {}), new / CLAIM)
        submission = validate(new, tracks)
        write_claim(claim_of(track, computed(track, card.tasks, submission.turns)), new / CLAIM)
    return folder


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Makes a folder anew beside an old one, which it takes the place of when the block ends without an error.

    Args:
        folder: The folder; what it has is left as it is if anything goes wrong.

    Raises:
        UserError: The folder cannot be written, is a file or a link, or has files that are no part of a submission.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UserError(f"{folder} is in the way, and not a folder; remove it, or choose another --out")
    strange = sorted(path.name for path in folder.iterdir() if path.name not in PARTS) if folder.exists() else []
    if strange:
        raise UserError(
            f"{folder} has {strange[0]!r}, which is no part of a submission; remove it, or choose another --out"
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # On the same disk, so that putting it in place is a rename; hidden, so that no build takes it for a submission.
        with TemporaryDirectory(dir=folder.parent, prefix=".preparing-") as room:
            new = Path(room) / folder.name
            new.mkdir()
            yield new
            _put_in_place(new, folder, Path(room) / "old")
    except OSError as error:
        raise UserError(f"{folder} could not be written: {error.strerror or error}") from None


def _put_in_place(new: Path, folder: Path, aside: Path) -> None:
    if folder.exists():
        folder.rename(aside)
    try:
        new.rename(folder)
    except OSError:
        if aside.exists():
            aside.rename(folder)
        raise


def merged(paths: Iterable[Path], tasks: Sequence[TaskName]) -> list[Prediction]:
    """The predictions of several files as one, turn by turn, with nothing but the answers to the tasks.

    Raises:
        DataError: A line is unusable, or two files answer the same task of a turn.
    """
    found: dict[tuple[str, int], Prediction] = {}
    fields = {FIELDS[task] for task in tasks} | ({"active_domains"} if "response" in tasks else set())
    for path in paths:
        for prediction in read_predictions(path):
            key = (prediction.dialogue_id, prediction.turn)
            before = found.get(key, Prediction(*key))
            given = {name: value for name in fields if (value := getattr(prediction, name)) is not None}
            for name in given.keys() - {"active_domains"}:
                if getattr(before, name) is not None:
                    raise DataError(
                        f"another file has a {name} for this turn", file=str(path), dialogue=key[0], turn=key[1]
                    )
            found[key] = replace(before, **given)
    return list(found.values())


def run_predictions(run: str, store: Path, system: str, corpus: str, seed: int | None = None) -> list[Path]:
    """The prediction files of a system in a finished run, one a task.

    Args:
        run: Name of the config, or a store's folder.
        store: The store that a config's name is looked up in.
        system: The system's label in the config.
        corpus: The corpus's label.
        seed: The seed; where a task was run with several, one must be chosen.

    Raises:
        UserError: There is no such run, or not exactly one result for each task.
    """
    found: dict[str, set[Path]] = {}
    for one in read_runs([run], store):
        for result in one.results:
            cell = result.experiment
            if (cell.system, cell.corpus) == (system, corpus) and cell.task in FIELDS and seed in (None, cell.seed):
                found.setdefault(cell.task, set()).add(one.predictions(result))
    several = [task for task, paths in found.items() if len(paths) > 1]
    if several:
        raise UserError(
            f"{run} has several predictions of {system} on {corpus} for {', '.join(several)}; choose a --seed"
        )
    if not found:
        raise UserError(f"{run} has no finished predictions of {system} on {corpus} in {store}")
    return [path for paths in found.values() for path in paths]


def _write_packed(path: Path, predictions: Iterable[Prediction]) -> None:
    text = "".join(json.dumps(to_json(one)) + "\n" for one in predictions)
    # Without a time in it, the same predictions give the same bytes.
    path.write_bytes(gzip.compress(text.encode("ascii"), mtime=0))
