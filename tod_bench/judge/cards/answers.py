"""What a card says of a judge's answers as such: what is unread, what is copied from the prompt, what they cost."""

from collections.abc import Callable, Mapping, Sequence

from tod_bench.judge.cards.card import Measure, Unit, by_item, measured, missing, share
from tod_bench.judge.questions import ALL
from tod_bench.judge.report import JudgeReport
from tod_bench.judge.store import Judged
from tod_bench.judge.verdicts import Unscored, Verdict, example_verdict, key_of, offered
from tod_metrics.base import ratio
from tod_metrics.judge.likert import LikertMean
from tod_metrics.judge.ratings import WINNER
from tod_metrics.judge.win_rate import WinRate

Price = Callable[[Mapping[str, int]], float | None]
"""Tokens of an answer to US dollars; None where the model's price is not known."""


def unread(judged: Sequence[Judged]) -> list[Measure]:
    """Share of queries without a verdict after the last re-ask, and of first answers without one."""
    last: list[tuple[str, list[float]]] = []
    first: list[tuple[str, list[float]]] = []
    reasons: dict[str, int] = {}
    for one in judged:
        failed = isinstance(one.outcome, Unscored)
        if isinstance(one.outcome, Unscored):
            reason = f"{one.outcome.reason}: {one.outcome.detail}".strip(": ")
            reasons[reason] = reasons.get(reason, 0) + 1
        last.append((one.query.item, [failed, 1.0]))
        first.append((one.query.item, [failed or len(one.attempts) > 1, 1.0]))
    if not last:
        return [missing("unread", "unread", "nothing was asked")]
    commonest = max(reasons, key=lambda reason: reasons[reason]) if reasons else ""
    note = f"commonest: {commonest} ({reasons[commonest]})" if commonest else ""
    n = len(judged)
    return [
        measured(("unread", "unread", ""), by_item(last), share, of="queries", n=n, note=note),
        measured(("unread", "unread before re-asks", ""), by_item(first), share, of="queries", n=n),
    ]


def bounded_scores(report: JudgeReport) -> list[Measure]:
    """The scores that the judge gives, with the bounds that its unread answers leave them."""
    found = []
    for row in report.rows:
        if row.group == ALL.label and row.persona == "own" and isinstance(row.metric, LikertMean | WinRate):
            likert, score = isinstance(row.metric, LikertMean), row.score
            about = str(row.metric.signature.options["question"]) if likert else WINNER
            name = f"score of {row.candidate.replace('|', ' against ')}, and what unread answers leave open"
            note = "; ".join(score.notes) or "nothing is unread"
            ends, unit = (score.low, score.high), UNITS[likert]
            found.append(Measure("unread", name, about, score.value, *ends, unit, score.n, "answers", note))
    return found


UNITS: tuple[Unit, Unit] = ("%", "points")
"""The unit of a win rate, and of a Likert mean."""


def echo(judged: Sequence[Judged], *, certainty: bool) -> Measure:
    """Share of values that are those of the prompt's example, against what chance gives."""
    rows: list[tuple[str, list[float]]] = []
    chances = []
    for one in judged:
        if isinstance(one.outcome, Verdict) and one.nonce:
            example = example_verdict(one.query, one.nonce, certainty=certainty)
            for question, value in one.outcome.values.items():
                rows.append((one.query.item, [value == example[key_of(question)], 1.0]))
                chances.append(1 / len(offered(question)))
    name = "example: answers equal to the example's"
    if not rows:
        return missing("bias", name, "no answer was read, or the prompt has no example")
    note = f"{100 * sum(chances) / len(chances):.0f} by chance, if all answers were equally frequent"
    return measured(("bias", name, ""), by_item(rows), share, of="answers", n=len(chances), note=note)


def costs(judged: Sequence[Judged], price: Price, *, reads_tokens: bool = True) -> list[Measure]:
    """Tokens, dollars and seconds an item, re-asks included; what nobody counted is not measured.

    Args:
        judged: The judged queries.
        price: What tokens cost.
        reads_tokens: False for a program, of which tokens can only be estimated.
    """
    spent: dict[str, dict[str, list[float | None]]] = {}
    for one in judged:
        own = spent.setdefault(one.query.item, {"tokens": [], "USD": [], "s": []})
        for attempt in one.attempts:
            if attempt.failure and not attempt.usage:
                continue  # no answer came, so nobody was billed
            counts = {kind: count for kind, count in attempt.usage.items() if isinstance(count, int)}
            total = counts.get("prompt_tokens", 0) + counts.get("completion_tokens", 0)
            own["tokens"].append(total if counts and reads_tokens else None)
            own["USD"].append(price(counts))
            own["s"].append(attempt.seconds)
    of_unit: tuple[tuple[str, Unit, str], ...] = (
        ("tokens an item", "tokens", "nobody counted tokens" if reads_tokens else "a program reads no tokens"),
        ("dollars an item", "USD", "the model's price is not known"),
        ("seconds an item", "s", "nobody measured seconds"),
    )
    found = []
    for name, unit, why in of_unit:
        values = {item: own[unit] for item, own in spent.items()}
        if not values or any(value is None for own in values.values() for value in own):
            found.append(missing("cost", name, why))
            continue
        sums = by_item([(item, [sum(v for v in own if v is not None), 1.0]) for item, own in values.items()])
        found.append(measured(("cost", name, ""), sums, lambda s: ratio(s[..., 0], s[..., 1]), unit))
    return found
