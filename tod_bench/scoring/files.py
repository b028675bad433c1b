"""Files in and out: prediction files (several shards as one), and scores as JSON."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tod_bench.corpora.base import Corpus
from tod_bench.dialogue_ids import DialogueIds
from tod_bench.errors import DataError, UserError
from tod_bench.files import write_json
from tod_bench.inputs import read_json
from tod_bench.predictions import KEPT_NOTES, read_predictions
from tod_bench.records import Dialogue, Prediction
from tod_bench.scores import Score
from tod_bench.splits import read_split, whole_split

Answers = dict[tuple[str, int], Prediction]
"""(Dialogue id in the corpus's spelling, turn) -> prediction."""

_ANOTHER = "another file has this turn already"


def predictions_by_turn(paths: Iterable[Path], known: Iterable[str] | None = None) -> Answers:
    """Reads prediction files as one; a file may hold any part of the turns.

    Files are streamed and what scoring does not read is not kept, so a big file costs the memory of its answers alone.

    Args:
        paths: The files.
        known: Ids of the dialogues that may occur; a file of another corpus is refused at its first line. None takes
            ids as they are.

    Raises:
        DataError: A line is unusable, a turn is given twice, or a dialogue is not known.
    """
    return _read(paths, None if known is None else DialogueIds(known), lambda _: False)[0]


def predictions_for_split(
    paths: Sequence[Path], corpus: Corpus, split: str, dialogues: Iterable[Dialogue]
) -> tuple[Answers, tuple[str, ...]]:
    """Reads the prediction files of a split as one; of a part of a split, files of the whole are taken too.

    Args:
        paths: The files.
        corpus: The corpus.
        split: The split expression (``test``, ``test[:100]``, ``test{hotel}``).
        dialogues: Its dialogues.

    Returns:
        The predictions for those dialogues, and what was left out, a sentence for each file.

    Raises:
        DataError: A line is unusable, a turn is given twice, a dialogue is not in the whole split, or none of a file's
            dialogues is in the part.
    """
    whole: list[DialogueIds] = []

    def elsewhere(name: str) -> bool:
        if whole_split(split) == split:
            return False
        if not whole:
            whole.append(DialogueIds(dialogue.id for dialogue in read_split(corpus, whole_split(split))))
        return whole[0].find(name) is not None

    answers, left_out = _read(paths, DialogueIds(dialogue.id for dialogue in dialogues), elsewhere)
    if left_out and not answers:
        raise DataError(f"none of its dialogues is in {split}", file=", ".join(map(str, left_out)))
    notices = [
        f"{path}: {len(names):,} of its dialogues are not in {split} and are left out"
        for path, names in left_out.items()
    ]
    return answers, tuple(notices)


def _read(
    paths: Iterable[Path], ids: DialogueIds | None, elsewhere: Callable[[str], bool]
) -> tuple[Answers, dict[Path, set[str]]]:
    """The predictions of the dialogues asked for, and the dialogues of each file that are known to be elsewhere."""
    answers: Answers = {}
    left_out: dict[Path, set[str]] = {}
    for path in paths:
        mine: set[tuple[str, int]] = set()
        for prediction in read_predictions(path):
            name = prediction.dialogue_id if ids is None else ids.find(prediction.dialogue_id)
            if name is None and elsewhere(prediction.dialogue_id):
                left_out.setdefault(path, set()).add(prediction.dialogue_id)
                continue
            if name is None:
                raise DataError(
                    "there is no such dialogue in the split; predictions of another split or corpus are scored apart",
                    file=str(path),
                    dialogue=prediction.dialogue_id,
                )
            key = (name, prediction.turn)
            if key in answers:
                before = "the file has this turn under another spelling of the id" if key in mine else _ANOTHER
                raise DataError(before, file=str(path), dialogue=prediction.dialogue_id, turn=prediction.turn)
            mine.add(key)
            kept = {note: prediction.notes[note] for note in KEPT_NOTES if note in prediction.notes}
            answers[key] = replace(prediction, dialogue_id=name, raw={}, notes=kept)
    return answers, left_out


def write_scores(path: Path, scores: Iterable[Score], **about: Any) -> None:
    """Writes scores as JSON: ``{"scores": [...], ...}``, with whatever else is to be said of them."""
    write_json(path, {**about, "scores": [score.to_json() for score in scores]})


def read_scores(path: Path) -> list[Score]:
    """The scores that `write_scores` wrote.

    Raises:
        UserError: The file is not there or holds something else.
    """
    try:
        return [Score.from_json(value) for value in read_json(path)["scores"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} holds no scores ({error}); write them with `tod-bench score -o FILE`") from None
