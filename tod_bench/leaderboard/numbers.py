"""Every number of the leaderboard as CSV."""

from typing import Any

from tod_bench.csv_files import csv_text
from tod_bench.leaderboard.board import Board
from tod_bench.leaderboard.verify import meaning

FIELDS = (
    *("track", "task", "submission", "system", "team", "date", "link", "shown_gold", "suspicion"),
    *("metric", "protocol", "domain", "value", "low", "high", "n", "best_rank", "worst_rank", "signature"),
    *("parameters", "training_data"),
)


def to_csv(board: Board) -> str:
    """One line a number, by track, task and submission."""
    rows = []
    for ranking in board.rankings:
        columns = {column.signature: column for column in ranking.columns}
        for entry in (*ranking.entries, *ranking.suspects):
            card = entry.card
            about: dict[str, Any] = {
                "track": ranking.track.name,
                "task": ranking.task,
                "submission": entry.name,
                "system": card.system,
                "team": card.team,
                "date": card.date.isoformat(),
                "link": card.link or "",
                "shown_gold": " ".join(card.gold_access),
                "suspicion": entry.suspicions.get(ranking.task, ""),
                "parameters": card.parameters,
                "training_data": card.training_data,
            }
            for score in entry.scores[ranking.task]:
                column = columns.get(meaning(score))
                place = column.places.get(entry.name) if column else None
                number = {
                    "metric": score.metric,
                    "protocol": score.protocol,
                    "domain": str(score.slice or ""),
                    "value": score.value,
                    "low": score.low,
                    "high": score.high,
                    "n": score.n,
                    "best_rank": place.best if place else None,
                    "worst_rank": place.worst if place else None,
                    "signature": str(score.signature),
                }
                row = about | number
                rows.append([row[name] for name in FIELDS])
    return csv_text(FIELDS, rows)
