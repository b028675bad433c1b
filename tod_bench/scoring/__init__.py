"""Predictions against references: scores with intervals, signatures and coverage.

    predictions + dialogues ──pairing──▶ items ──metrics──▶ statistics ──▶ scores

The denominator is always gold: a turn without a prediction is wrong (as a response, empty), and how many there were is
said.
"""

from tod_bench.scoring.calibration import Calibration, calibrations
from tod_bench.scoring.comparison import Comparison, Settings, compare, compare_files
from tod_bench.scoring.disagreements import Disagreement, explain
from tod_bench.scoring.files import predictions_by_turn, predictions_for_split, read_scores, write_scores
from tod_bench.scoring.metrics import (
    check_metric,
    default_metrics,
    response_metrics,
    scores_task,
    specs,
    task_of,
    task_protocols,
)
from tod_bench.scoring.pairing import Pairing, pair
from tod_bench.scoring.protocol_table import ProtocolTable, disagreements, protocol_table, tasks_answered
from tod_bench.scoring.row_tests import Row, are_alike, bootstrap_test, dialogues_of, randomization_test
from tod_bench.scoring.rows import PooledRow, ScoreRow
from tod_bench.scoring.score import ScoreSheet, score, score_rows
from tod_bench.scoring.state_errors import ErrorTable, StateError, error_table, state_errors
from tod_bench.scoring.turn_updates import add_up, updates_remark

__all__ = [
    "Calibration",
    "Comparison",
    "Disagreement",
    "ErrorTable",
    "Pairing",
    "PooledRow",
    "ProtocolTable",
    "Row",
    "ScoreRow",
    "ScoreSheet",
    "Settings",
    "StateError",
    "add_up",
    "are_alike",
    "bootstrap_test",
    "calibrations",
    "check_metric",
    "compare",
    "compare_files",
    "default_metrics",
    "dialogues_of",
    "disagreements",
    "error_table",
    "explain",
    "pair",
    "predictions_by_turn",
    "predictions_for_split",
    "protocol_table",
    "randomization_test",
    "read_scores",
    "response_metrics",
    "score",
    "score_rows",
    "scores_task",
    "specs",
    "state_errors",
    "task_of",
    "task_protocols",
    "tasks_answered",
    "updates_remark",
    "write_scores",
]
