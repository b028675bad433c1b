"""Predictions against references: scores with intervals, signatures and coverage.

    predictions + dialogues ──pairing──▶ items ──metrics──▶ statistics ──▶ scores

The denominator is always gold: a turn without a prediction is wrong (as a response, empty), and how many there were is
said.
"""

from tod_bench.scoring.choosing import check_metric, default_metrics, scores_task, specs, task_protocols
from tod_bench.scoring.explaining import Disagreement, explain
from tod_bench.scoring.pairing import Pairing, pair
from tod_bench.scoring.reading import predictions_by_turn, predictions_for_split, read_scores, write_scores
from tod_bench.scoring.recognising import add_up, updates_remark
from tod_bench.scoring.responses import response_metrics
from tod_bench.scoring.rows import ScoreRow
from tod_bench.scoring.score import score, score_rows
from tod_bench.scoring.state_errors import ErrorTable, StateError, error_table, state_errors

__all__ = [
    "Disagreement",
    "ErrorTable",
    "Pairing",
    "ScoreRow",
    "StateError",
    "add_up",
    "check_metric",
    "default_metrics",
    "error_table",
    "explain",
    "pair",
    "predictions_by_turn",
    "predictions_for_split",
    "read_scores",
    "response_metrics",
    "score",
    "score_rows",
    "scores_task",
    "specs",
    "state_errors",
    "task_protocols",
    "updates_remark",
    "write_scores",
]
