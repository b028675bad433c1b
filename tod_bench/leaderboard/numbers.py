"""Every number of the leaderboard as CSV, in which no name can act as a spreadsheet's formula."""

import csv
import io
from collections.abc import Iterator

from tod_bench.leaderboard.board import Board, Ranking
from tod_bench.leaderboard.verify import Entry, meaning
from tod_bench.reports.writers import escape_formula
from tod_bench.scores import Score

FIELDS = (
    *("track", "task", "submission", "system", "team", "date", "link", "shown_gold", "suspicion"),
    *("metric", "protocol", "domain", "value", "low", "high", "n", "best_rank", "worst_rank", "signature"),
)


def to_csv(board: Board) -> str:
    """One line a number, by track, task and submission."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(FIELDS)
    for standing in board.standings:
        for entry in (*standing.entries, *standing.suspects):
            writer.writerows(_lines(standing, entry))
    return buffer.getvalue()


def _lines(standing: Ranking, entry: Entry) -> Iterator[list[object]]:
    card = entry.card
    texts = [standing.track.name, standing.task, entry.submission.name, card.system, card.team, card.date.isoformat()]
    texts += [card.link or "", " ".join(card.privileges), entry.suspicions.get(standing.task, "")]
    for score in entry.scores[standing.task]:
        numbers = [score.value, score.low, score.high, score.n, *_rank(standing, entry, score)]
        cells = [*texts, score.metric, score.protocol, str(score.slice or ""), *numbers, str(score.signature)]
        yield [escape_formula(cell) if isinstance(cell, str) else cell for cell in cells]


def _rank(standing: Ranking, entry: Entry, score: Score) -> tuple[int | None, int | None]:
    column = next((one for one in standing.columns if one.signature == meaning(score)), None)
    place = column.places.get(entry.submission.name) if column else None
    return (place.best, place.worst) if place else (None, None)
