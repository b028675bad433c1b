"""From prediction files and a card to a submission folder, with the scores to report computed on the way."""

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tod_bench.errors import DataError, UserError
from tod_bench.files import replaced_folder
from tod_bench.leaderboard.card import folder_name, read_card, write_card
from tod_bench.leaderboard.reported import reported_scores, write_reported
from tod_bench.leaderboard.submission import CARD, PACKED, PARTS, SCORES, validate_submission
from tod_bench.leaderboard.tracks import Tracks, load_tracks
from tod_bench.leaderboard.verify import compute_scores
from tod_bench.predictions import read_predictions, to_json
from tod_bench.records import Prediction, TaskName
from tod_bench.reports.runs import read_runs
from tod_bench.scoring.metrics import FIELDS


def prepare_submission(
    card: str | Path,
    predictions: Sequence[str | Path],
    output: str | Path = "submissions",
    tracks: Tracks | None = None,
) -> Path:
    """Makes a submission of predictions and a card, with its scores.

    Args:
        card: The card, YAML or JSON.
        predictions: Prediction files, which together answer every turn; a file for each task, or shards of one.
        output: The folder that the submission's own folder is made in.
        tracks: The tracks; those that ship with tod-bench by default.

    Returns:
        The submission's folder.

    Raises:
        UserError: The card or a prediction file is unusable; a folder that is there already stays as it is.
    """
    tracks = tracks or load_tracks()
    about = read_card(Path(card))
    track = tracks.open(about.track)
    folder = Path(output) / folder_name(about)
    with replaced_folder(folder, replaceable=PARTS) as draft:
        write_card(about, draft / CARD)
        lines = "".join(json.dumps(to_json(one)) + "\n" for one in merged(map(Path, predictions), about.tasks))
        # Without a time in it, the same predictions give the same bytes.
        (draft / PACKED).write_bytes(gzip.compress(lines.encode("ascii"), mtime=0))
        # Reporting no score lets what was written be checked as a submission, before anything is computed from it.
        write_reported(reported_scores(track, {}), draft / SCORES)
        submission = validate_submission(draft, tracks)
        scores = compute_scores(track, about.tasks, submission.turns)
        write_reported(reported_scores(track, scores), draft / SCORES)
    return folder


def merged(paths: Iterable[Path], tasks: Sequence[TaskName]) -> list[Prediction]:
    """The predictions of several files as one, turn by turn, with nothing but the answers to the tasks.

    Raises:
        DataError: A line is unusable, or two files answer the same task of a turn.
    """
    turns: dict[tuple[str, int], Prediction] = {}
    fields = {FIELDS[task] for task in tasks} | ({"active_domains"} if "response" in tasks else set())
    for path in paths:
        for prediction in read_predictions(path):
            key = (prediction.dialogue_id, prediction.turn)
            earlier = turns.get(key, Prediction(*key))
            answers = {name: value for name in fields if (value := getattr(prediction, name)) is not None}
            for name in answers.keys() - {"active_domains"}:
                if getattr(earlier, name) is not None:
                    raise DataError(
                        f"another file has a {name} for this turn", file=str(path), dialogue=key[0], turn=key[1]
                    )
            turns[key] = replace(earlier, **answers)
    return list(turns.values())


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
    files: dict[str, set[Path]] = {}
    for finished in read_runs([run], store):
        for result in finished.results:
            label = result.experiment
            if (label.system, label.corpus) == (system, corpus) and label.task in FIELDS and seed in (None, label.seed):
                files.setdefault(label.task, set()).add(finished.predictions(result))
    several = [task for task, paths in files.items() if len(paths) > 1]
    if several:
        raise UserError(
            f"{run} has several predictions of {system} on {corpus} for {', '.join(several)}; choose a --seed"
        )
    if not files:
        raise UserError(f"{run} has no finished predictions of {system} on {corpus} in {store}")
    return [path for paths in files.values() for path in paths]
