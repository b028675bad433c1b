"""What the site draws: intervals in the cells of a table, and the best score by date."""

from tod_bench.leaderboard.board import Ranking
from tod_bench.leaderboard.ranking import Column
from tod_bench.reports.charts import Datum, lines
from tod_bench.reports.figures import Figure


def whiskers(column: Column) -> dict[str, tuple[float, float, float]]:
    """Name of a submission -> where its interval begins, its score and the interval's end stand, 0 to 100.

    All numbers of a column share one scale, from the lowest end of an interval to the highest.
    """
    found = {}
    for name, place in column.places.items():
        score = place.score
        if score.value is not None and score.low is not None and score.high is not None:
            found[name] = (score.low, score.value, score.high)
    if not found:
        return {}
    start = min(low for low, _, _ in found.values())
    width = max(high for _, _, high in found.values()) - start
    return {
        name: (_share(low, start, width), _share(value, start, width), _share(high, start, width))
        for name, (low, value, high) in found.items()
    }


def history(standing: Ranking) -> Figure | None:
    """The best score of the first column by date; None until there are two dates."""
    dates = sorted({entry.card.date for entry in standing.ranked})
    if len(dates) < 2:
        return None
    column, values = standing.columns[0], []
    for date in dates:
        best = standing.best_until(date)
        score = column.places[best.submission.name].score
        values.append(Datum("best so far", score.value, score.low, score.high, date.isoformat(), over=best.card.system))
    title = f"Best {column.label} by date: {standing.title}"
    note = "Whiskers are 95% bootstrap intervals over dialogues. Systems that are shown gold are left out."
    names = (("series", "line"), ("label", "date"))
    return Figure(title, note, tuple(values), names, lines(values, "date", title=title, from_zero=False))


def _share(value: float, start: float, width: float) -> float:
    return round(100 * (value - start) / width, 2) if width else 50.0
