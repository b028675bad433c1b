"""From prediction files and a card to a submission folder, with the scores to claim computed on the way."""

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tod_bench.errors import DataError, UserError
from tod_bench.leaderboard.card import folder_name, read_card, write_card
from tod_bench.leaderboard.claim import claim_of, write_claim
from tod_bench.leaderboard.submission import CARD, CLAIM, PACKED, validate
from tod_bench.leaderboard.tracks import Tracks
from tod_bench.leaderboard.verify import computed
from tod_bench.predictions import read_predictions, to_json
from tod_bench.records import Prediction, TaskName
from tod_bench.reports.runs import read_runs
from tod_bench.scoring.choosing import FIELDS


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
        UserError: The card or a prediction file is unusable; nothing is claimed of it then.
    """
    card = read_card(card_file)
    folder = out / folder_name(card)
    folder.mkdir(parents=True, exist_ok=True)
    write_card(card, folder / CARD)
    _write_packed(folder / PACKED, merged(predictions, card.tasks))
    # An empty claim lets what was written be checked as a submission, before anything is computed from it.
    track = tracks.open(card.track)
    write_claim(claim_of(track, {}), folder / CLAIM)
    submission = validate(folder, tracks)
    write_claim(claim_of(track, computed(track, card.tasks, submission.turns)), folder / CLAIM)
    return folder


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
            cell = result.cell
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
    part = path.with_name(f"{path.name}.part")
    try:
        # Without a time in it, the same predictions give the same bytes.
        part.write_bytes(gzip.compress(text.encode("ascii"), mtime=0))
        part.replace(path)
    except OSError as error:
        raise UserError(f"{path} could not be written: {error.strerror or error}") from None
