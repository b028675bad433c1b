"""Predictions against references: scores with intervals, signatures and coverage.

    predictions + dialogues ──pairing──▶ items ──metrics──▶ statistics ──▶ scores

The denominator is always gold: a turn without a prediction counts as an empty one, and how many there were is said.
"""

from tod_bench.scoring.choosing import check_metric, default_metrics, scores_task, specs, task_protocols
from tod_bench.scoring.explaining import Disagreement, explain
from tod_bench.scoring.pairing import Pairing, pair
from tod_bench.scoring.reading import predictions_by_turn, predictions_for_split, read_scores, write_scores
from tod_bench.scoring.rows import ScoreRow
from tod_bench.scoring.score import score, score_rows

__all__ = [
    "Disagreement",
    "Pairing",
    "ScoreRow",
    "check_metric",
    "default_metrics",
    "explain",
    "pair",
    "predictions_by_turn",
    "predictions_for_split",
    "read_scores",
    "score",
    "score_rows",
    "scores_task",
    "specs",
    "task_protocols",
    "write_scores",
]
