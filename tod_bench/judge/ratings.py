"""From verdicts to ratings: the flat records (`tod_metrics.judge.ratings`) that every number is computed from."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from tod_bench.judge.picpersona import is_default
from tod_bench.judge.store import Judged
from tod_bench.judge.verdicts import Unscored, Verdict
from tod_metrics.judge.ratings import WINNER, Rating


def ratings_of(judged: Iterable[Judged]) -> list[Rating]:
    """The ratings of judged queries; the two presentation orders of a pair become one."""
    single: list[Rating] = []
    pairs: list[Judged] = []
    for one in judged:
        if WINNER in one.query.questions:
            pairs.append(replace(one, attempts=()))
        else:
            single += _single_ratings(one)

    def pair(one: Judged) -> tuple[str, str, int]:
        return (one.query.item, one.query.persona, one.query.repeat)

    pairs.sort(key=lambda one: (*pair(one), one.query.order))
    return [*single, *(_pair_rating(list(orders)) for _, orders in groupby(pairs, key=pair))]


def _single_ratings(judged: Judged) -> Iterator[Rating]:
    query, outcome = judged.query, judged.outcome
    verdict = outcome if isinstance(outcome, Verdict) else None
    for question in sorted(query.questions):
        yield Rating(
            item=query.item,
            question=question,
            value=verdict.values[question] if verdict else None,
            candidate=query.candidates[-1],
            repeat=query.repeat,
            persona=query.persona,
            together=len(query.questions) > 1,
            turn=query.turn,
            problem=outcome.reason if isinstance(outcome, Unscored) else "",
            certainty=verdict.certainty if verdict else None,
            defaulted=verdict is not None and is_default(verdict),
            probabilities=tuple(verdict.probabilities.get(question, {}).items()) if verdict else (),
        )


def _pair_rating(orders: list[Judged]) -> Rating:
    query = orders[0].query
    verdicts = [one.outcome for one in orders if isinstance(one.outcome, Verdict)]
    problems = [one.outcome.reason for one in orders if isinstance(one.outcome, Unscored)]
    positions = tuple(str(one.outcome.values[WINNER]) if isinstance(one.outcome, Verdict) else "" for one in orders)
    winners = {_winner(position, one.query.order) for position, one in zip(positions, orders, strict=True)}
    stated = [verdict.certainty for verdict in verdicts if verdict.certainty is not None]
    return Rating(
        item=query.item,
        question=WINNER,
        value=None if problems else winners.pop() if len(winners) == 1 else "inconsistent",
        candidate="|".join(query.candidates),
        repeat=query.repeat,
        persona=query.persona,
        problem=problems[0] if problems else "",
        factors=tuple(dict.fromkeys(factor for verdict in verdicts for factor in verdict.factors)),
        certainty=round(sum(stated) / len(stated)) if stated else None,
        defaulted=any(is_default(verdict) for verdict in verdicts),
        positions=positions,
    )


def _winner(position: str, order: str) -> str:
    """The winner of one presentation order by candidate, not by position."""
    if position in ("", "tie"):
        return position or "unscored"
    return "first" if (position == "1") == (order == "ab") else "second"
