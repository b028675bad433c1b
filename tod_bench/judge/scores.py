"""The main numbers of a judge run as `Score` records, each with the signature that it is never printed without."""

from collections.abc import Sequence

from tod_bench.judge.emotions import EmotionRow, EmotionShare
from tod_bench.judge.factors import FactorShare
from tod_bench.judge.facts import Facts
from tod_bench.judge.groups import slice_of
from tod_bench.judge.length import LengthControl
from tod_bench.judge.likert import LikertRow
from tod_bench.judge.pairwise import PairRow, Position, Rate
from tod_bench.judge.questions import EMOTIONS, QUESTIONS
from tod_bench.scores import Score

Notes = tuple[str, ...]


def likert_scores(rows: Sequence[LikertRow], facts: Facts, notes: Notes = ()) -> list[Score]:
    """Means, 1 to 4, as ``likert_user_style`` and the like."""
    return [
        Score(
            f"likert_{QUESTIONS[row.question].key}",
            facts.config.protocol,
            row.mean,
            facts.signature("likert", **_likert_options(row)),
            row.ratings,
            slice_of(row.group),
            row.low,
            row.high,
            1 - row.unscored_rate,
            (*_bounds(row.unscored, row.worst, row.best), *_defaults(row.defaulted, row.ratings), *notes),
        )
        for row in rows
    ]


def _likert_options(row: LikertRow) -> dict[str, str | int]:
    return {
        "question": row.question,
        "arm": row.arm,
        "asked": "together" if row.together else "apart",
        "persona": row.persona,
        "n": row.ratings,
        "unscored": row.unscored,
    }


def pair_scores(rows: Sequence[PairRow], facts: Facts, notes: Notes = ()) -> list[Score]:
    """Win rates of the second version, 0 to 100: ``win_rate`` (ties half) and ``win_rate_decided`` (ties dropped).

    Beside them ``win_share``, ``tie_share`` and ``loss_share``, which sum to 100.
    """
    first, second = (*facts.config.arms, "", "")[:2]
    scores = []
    for row in rows:
        unscored, own = row.counts["unscored"], {"arm": second, "against": first, "persona": row.persona}
        made_up = (*_defaults(row.defaulted, row.ratings), *notes)
        half = facts.signature("win_rate", ties="half", **own, n=row.ratings, unscored=unscored)
        dropped = facts.signature("win_rate", ties="dropped", **own, n=row.ratings, unscored=unscored)
        bounds = _bounds(unscored, row.worst, row.best)
        parts = [
            (f"{name}_share", part, facts.signature(f"{name}_share", **own, n=row.ratings, unscored=unscored), made_up)
            for name, part in row.shares.items()
        ]
        for metric, rate, signature, noted in (
            ("win_rate", row.ties_half, half, (*bounds, *made_up)),
            ("win_rate_decided", row.ties_dropped, dropped, made_up),
            *parts,
        ):
            place = (slice_of(row.group), rate.low, rate.high, 1 - row.unscored_rate, noted)
            scores.append(Score(metric, facts.config.protocol, rate.value, signature, row.ratings, *place))
    return scores


def factor_scores(shares: Sequence[FactorShare], facts: Facts, notes: Notes = ()) -> list[Score]:
    """Shares of factors named, 0 to 100, as ``factor_greeting`` and the like."""
    return [
        Score(
            *(f"factor_{one.factor}", facts.config.protocol, one.share),
            *(facts.signature("factor_share", factor=one.factor, n=one.named), one.named, slice_of(one.group)),
            *(one.low, one.high),
            notes=notes,
        )
        for one in shares
    ]


def seat_scores(seats: Position | None, facts: Facts) -> list[Score]:
    """``position_consistency`` and ``first_seat_preference``, 0 to 100."""
    if seats is None:
        return []
    rates: tuple[tuple[str, Rate], ...] = (
        ("position_consistency", seats.consistency),
        ("first_seat_preference", seats.first_seat),
    )
    return [
        Score(
            *(metric, facts.config.protocol, rate.value, facts.signature(metric, n=seats.pairs), seats.pairs),
            low=rate.low,
            high=rate.high,
        )
        for metric, rate in rates
    ]


def length_scores(length: LengthControl | None, items: int, facts: Facts, notes: Notes = ()) -> list[Score]:
    """``win_rate_length_controlled``, 0 to 100, where it can be estimated."""
    if length is None or length.win_rate is None:
        return []
    first, second = facts.config.arms
    signature = facts.signature("win_rate", ties="half", length="controlled", arm=second, against=first)
    noted = ((length.note,) if length.note else ()) + notes
    return [
        Score(
            *("win_rate_length_controlled", facts.config.protocol, length.win_rate, signature, items),
            low=length.low,
            high=length.high,
            notes=noted,
        )
    ]


def emotion_scores(rows: Sequence[EmotionRow], facts: Facts) -> list[Score]:
    """Shares of labels, 0 to 100, as ``emotion_neutral`` and the like; a label that nothing was given has 0."""
    scores = []
    for row in rows:
        own: dict[str, str | int] = {"arm": row.arm, "n": row.labelled, "unscored": row.unscored}
        found = {share.label for share in row.shares}
        absent = [EmotionShare(label, 0, 0.0, 0.0, 0.0) for label in EMOTIONS if row.labelled and label not in found]
        for share in (*row.shares, *absent):
            signature = facts.signature("emotion_share", label=share.label, **own)
            place = (slice_of(row.group), share.low, share.high, 1 - row.unscored_rate)
            metric = f"emotion_{share.label}"
            scores.append(Score(metric, facts.config.protocol, share.share, signature, row.labelled, *place))
    return scores


def _bounds(unscored: int, worst: float | None, best: float | None) -> Notes:
    if not unscored or worst is None or best is None:
        return ()
    return (f"between {worst:.2f} and {best:.2f} whatever the {unscored} unscored are",)


def _defaults(made_up: int, ratings: int) -> Notes:
    return (f"{made_up} of {ratings} are made up for unreadable answers",) if made_up else ()
