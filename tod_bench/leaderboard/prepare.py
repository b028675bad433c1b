"""From predictions or episodes and a card to a submission folder, with the scores to report computed on the way."""

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tod_bench.errors import DataError, UserError
from tod_bench.files import replaced_folder
from tod_bench.interact.journal import encoded, read_journal
from tod_bench.leaderboard.card import Card, folder_name, read_card, write_card
from tod_bench.leaderboard.reported import reported_scores, write_reported
from tod_bench.leaderboard.submission import CARD, EPISODES, PACKED, PARTS, SCORES, validate_submission
from tod_bench.leaderboard.task_names import turn_tasks
from tod_bench.leaderboard.tracks import OpenTrack, Tracks, load_tracks
from tod_bench.leaderboard.verify import computed_scores
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
        predictions: Prediction files, which together answer every turn; a file for each task, or shards of one. For a
            track that is played, journals, which together have every episode.
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
        paths = [Path(path) for path in predictions]
        name, lines = (EPISODES, _episodes(paths, track)) if track.settings.play else (PACKED, _turns(paths, about))
        # Without a time in it, the same predictions give the same bytes.
        (draft / name).write_bytes(gzip.compress(lines, mtime=0))
        # Reporting no score lets what was written be checked as a submission, before anything is computed from it.
        write_reported(reported_scores(track, {}), draft / SCORES)
        submission = validate_submission(draft, tracks)
        write_reported(reported_scores(track, computed_scores(submission)[0]), draft / SCORES)
    return folder


def _turns(paths: Sequence[Path], card: Card) -> bytes:
    return "".join(json.dumps(to_json(one)) + "\n" for one in merged(paths, turn_tasks(card.tasks))).encode("ascii")


def _episodes(paths: Sequence[Path], track: OpenTrack) -> bytes:
    """The journals as one, in the order of the track's goals; what does not belong to it comes last, to be told of."""
    order = {goal.id: number for number, goal in enumerate(track.environment.goals)}
    records = [record for path in paths for record in read_journal(path)]
    records.sort(key=lambda record: (order.get(str(record["goal"].get("id")), len(order)), record["trial"]))
    return b"".join(map(encoded, records))


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
