"""What the site draws: a mark for each system, intervals in the cells of a table, and the best score by date."""

from tod_bench.leaderboard.board import Board, Ranking
from tod_bench.leaderboard.ranking import Column
from tod_bench.reports.charts import Datum, lines
from tod_bench.reports.figures import Figure
from tod_bench.reports.styles import Style, styles_of


def marks(board: Board) -> dict[str, Style]:
    """Name of a system's page -> colour and shape of its mark, the same on every page of the site."""
    return styles_of(board.systems)


def whiskers(column: Column) -> dict[str, tuple[float, float, float]]:
    """Name of a submission -> where its interval begins, its score and the interval's end are drawn, 0 to 100.

    All numbers of a column share one scale, from the lowest end of an interval to the highest.
    """
    ends = {}
    for name, place in column.places.items():
        score = place.score
        if score.value is not None and score.low is not None and score.high is not None:
            ends[name] = (score.low, score.value, score.high)
    if not ends:
        return {}
    start = min(low for low, _, _ in ends.values())
    width = max(high for _, _, high in ends.values()) - start

    def share(value: float) -> float:
        return round(100 * (value - start) / width, 2) if width else 50.0

    return {name: (share(low), share(value), share(high)) for name, (low, value, high) in ends.items()}


def history(ranking: Ranking) -> Figure | None:
    """The best score of the first column by date; None until there are two dates."""
    dates = sorted({entry.card.date for entry in ranking.ranked})
    if len(dates) < 2:
        return None
    column, values = ranking.columns[0], []
    for date in dates:
        best = ranking.best_until(date)
        score = column.places[best.name].score
        values.append(Datum("best so far", score.value, score.low, score.high, date.isoformat(), over=best.card.system))
    title = f"Best {column.label} by date: {ranking.title}"
    unit = ranking.track.unit
    note = f"Whiskers are 95% bootstrap intervals over {unit}. Systems that are shown gold are left out."
    names = (("series", "line"), ("label", "date"))
    return Figure(title, note, tuple(values), names, lines(values, "date", title=title, from_zero=False))
