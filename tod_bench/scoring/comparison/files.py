"""Comparing two prediction files on a split of a corpus."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tod_bench.corpora.base import Corpus
from tod_bench.errors import UserError
from tod_bench.records import TaskName
from tod_bench.scoring.comparison.systems import Comparison, Predictions, Settings, compare
from tod_bench.scoring.files import predictions_for_split
from tod_bench.scoring.gold import require_gold
from tod_bench.scoring.metrics import FIELDS, default_metrics, response_metrics, scores_every_task, task_of
from tod_bench.scoring.resources import Resources
from tod_bench.splits import read_all, signed_split, split_notes


def compare_files(
    corpus: Corpus,
    split: str,
    files: tuple[Path, Path],
    *,
    metrics: Sequence[str] = (),
    protocol: str = "",
    by_domain: bool = False,
    partial: bool = False,
    settings: Settings | None = None,
) -> list[Comparison]:
    """Compares two prediction files on a split of a corpus.

    Args:
        corpus: The corpus.
        split: A split expression (``test``, ``test[:100]``).
        files: The files of systems A and B.
        metrics: Specs of metrics of one task; none for the first metric of the first task that both files answer
            (for delexicalised responses the BLEU of those).
        protocol: The protocol of those that do not name one.
        by_domain: Also compare each domain or service.
        partial: Accept missing turns, the same in both; they count as empty.
        settings: Draws, seed, level and power.

    Returns:
        As `compare`.

    Raises:
        UserError: A file, metric, protocol or split is not there, or the metrics score several tasks.
        DataError: Predictions do not fit the dialogues, or the two do not answer the same turns.
    """
    dialogues = read_all(corpus, split)
    (a, left_out_of_a), (b, left_out_of_b) = (predictions_for_split([f], corpus, split, dialogues) for f in files)
    task = _task(metrics, a, b)
    usual = default_metrics(task)
    if task == "response":
        usual = response_metrics(corpus, dialogues, [*a.values(), *b.values()]).metrics or usual
    chosen = [spec if "@" in spec or not protocol else f"{spec}@{protocol}" for spec in metrics or usual[:1]]
    require_gold(corpus, split, task, chosen)
    compared = compare(
        task,
        dialogues,
        a,
        b,
        corpus_name=corpus.name,
        split=signed_split(corpus, split),
        notes=split_notes(corpus, split),
        schema=corpus.schema,
        metrics=chosen,
        by_domain=by_domain,
        partial=partial,
        resources=Resources(corpus, split),
        names=(str(files[0]), str(files[1])),
        settings=settings,
    )
    notices = tuple(dict.fromkeys((*left_out_of_a, *left_out_of_b)))
    return [replace(comparison, notes=(*comparison.notes, *notices)) for comparison in compared]


def _task(metrics: Sequence[str], a: Predictions, b: Predictions) -> TaskName:
    """The task that all metrics score; without one that tells, the first that both systems answered."""
    tasks = {task_of(spec): spec for spec in metrics if not scores_every_task(spec)}
    if len(tasks) > 1:
        listed = ", ".join(f"{spec} scores {task}" for task, spec in tasks.items())
        raise UserError(f"compare metrics of one task at a time: {listed}")
    if tasks:
        return next(iter(tasks))
    for task, field in FIELDS.items():
        if all(
            any(getattr(prediction, field) is not None for prediction in predictions.values()) for predictions in (a, b)
        ):
            return task
    raise UserError("the two files answer no task in common; each needs a state, acts or a response")
