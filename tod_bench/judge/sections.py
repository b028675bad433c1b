"""The sections of a judge report, each from its own records to Markdown; empty where there are none."""

from collections.abc import Iterable, Mapping, Sequence

from tod_bench import numerals
from tod_bench.judge.audit import AuditRow, conclusion
from tod_bench.judge.emotions import EmotionRow, EmotionShare, EmotionTest
from tod_bench.judge.groups import ALL
from tod_bench.judge.length import LengthControl
from tod_bench.judge.likert import LikertRow, LikertTest
from tod_bench.judge.pairwise import PairRow, Position, Rate
from tod_bench.judge.questions import FACTORS, QUESTIONS, SCALE
from tod_bench.judge.ratings import OUTCOMES
from tod_bench.judge.repeats import Stability
from tod_bench.numerals import decimal


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column to the left, the others to the right."""
    lines = ["| " + " | ".join(head) + " |", "|:---" + "|---:" * (len(head) - 1) + "|"]
    # A bar inside a cell would end it.
    return "\n".join([*lines, *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)])


def number(value: float | None, digits: int = 2) -> str:
    """A number, or a dash where there is none."""
    return "-" if value is None else decimal(value, digits)


def interval(value: float | None, low: float | None, high: float | None, digits: int = 2) -> str:
    """A number with its interval behind it, where it has one."""
    if value is None or low is None or high is None:
        return number(value, digits)
    return f"{decimal(value, digits)} {numerals.interval(value, low, high, digits=digits, beside=digits)}"


def p_value(p: float | None) -> str:
    """A p-value; small ones as a bound."""
    return "-" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def likert_section(found_rows: Sequence[LikertRow]) -> str:
    """Likert means: every question, then by group."""
    rows = [row for row in found_rows if row.group == ALL.label]
    if not rows:
        return ""
    head = ["question", "version", "asked", "persona", "n", "mean [95% CI]"]
    head += [*(f"{point} {word}" for point, word in SCALE.items()), "unscored %", "if all 1 .. if all 4"]
    lines = [
        [
            *(f"{row.question} {QUESTIONS[row.question].label}", row.arm, "together" if row.together else "apart"),
            *(row.persona, str(row.ratings), interval(row.mean, row.low, row.high)),
            *(str(count) for count in row.distribution),
            number(100 * row.unscored_rate, 1),
            f"{number(row.worst)} .. {number(row.best)}",
        ]
        for row in rows
    ]
    return f"## Likert, 1 to 4\n\n{table(head, lines)}\n\n{_likert_by_group(found_rows)}"


def _likert_by_group(rows: Sequence[LikertRow]) -> str:
    own = [row for row in rows if row.persona == "own"]
    found = {(row.group, row.arm, row.together, row.question): row for row in own}
    questions = list(dict.fromkeys(row.question for row in own))
    lines = []
    for group, arm, together in dict.fromkeys(key[:3] for key in found):
        cells = [found.get((group, arm, together, question)) for question in questions]
        means = ["-" if cell is None else interval(cell.mean, cell.low, cell.high) for cell in cells]
        most = max(cell.items for cell in cells if cell is not None)
        lines.append([group, arm, "together" if together else "apart", str(most), *means])
    return table(["group", "version", "asked", "items", *questions], lines)


def likert_test_section(title: str, tests: Sequence[LikertTest]) -> str:
    """Paired tests, a line each."""
    if not tests:
        return ""
    rows = [
        [
            *(test.question, f"{test.a} - {test.b}", str(test.items)),
            *(interval(test.effect, test.low, test.high), p_value(test.p), p_value(test.p_holm)),
        ]
        for test in tests
    ]
    return f"## {title}\n\n{table(['question', 'difference', 'items', 'effect [95% CI]', 'p', 'p (Holm)'], rows)}"


def pair_section(rows: Sequence[PairRow], pair: Sequence[str]) -> str:
    """The outcomes of pairs by group."""
    if not rows:
        return ""
    first, second = pair
    head = ["group", "persona", "n", f"{first} wins %", f"{second} wins %", "tie %", "inconsistent %", "unscored %"]
    head += [f"{second}, ties half [95% CI]", "bounds", f"{second}, ties dropped [95% CI]", "p", "p (Holm)"]
    return f"## {second} against {first}\n\n" + table(head, [_pair_row(row) for row in rows])


def _pair_row(row: PairRow) -> list[str]:
    shares = [number(100 * row.counts[name] / max(1, row.ratings), 1) for name in OUTCOMES]
    return [
        *(row.group, row.persona, str(row.ratings), *shares, _rate(row.ties_half)),
        f"{number(row.worst, 1)} .. {number(row.best, 1)}",
        *(_rate(row.ties_dropped), p_value(row.p), p_value(row.p_holm)),
    ]


def _rate(rate: Rate) -> str:
    return interval(rate.value, rate.low, rate.high, 1)


def seat_section(position: Position | None, length: LengthControl | None, pair: Sequence[str]) -> str:
    """How far seats and length decide."""
    lines = []
    if position is not None:
        lines.append(
            f"- position consistency: {_rate(position.consistency)} % of {position.pairs} pairs; "
            f"first-seat preference: {_rate(position.first_seat)} % (50 without a bias)"
        )
    if length is not None:
        lines.append(
            f"- length: {pair[1]} is {length.gap:+.1f} words a dialogue longer ({length.ratio:.2f} times); "
            f"win rate at equal length: {interval(length.win_rate, length.low, length.high, 1)} %"
            + (f" ({length.note})" if length.note else "")
        )
    return "## Seats and length\n\n" + "\n".join(lines) if lines else ""


def factor_section(factors: Mapping[str, Mapping[str, float | int]]) -> str:
    """The factors that were named, by group."""
    if not factors:
        return ""
    rows = [
        [group, *(number(float(shares[name]), 1) for name in FACTORS), str(shares["named"])]
        for group, shares in factors.items()
    ]
    return "## Factors named, % of those named\n\n" + table(["group", *FACTORS, "named"], rows)


def emotion_section(
    found: Sequence[EmotionRow],
    tests: Sequence[EmotionTest],
    published: Mapping[str, Mapping[str, float]] | None = None,
) -> str:
    """Distributions over labels side by side, published ones (column -> label -> share) to the right."""
    columns = [row for row in found if row.group in ("all", "positive", "neutral+negative")]
    if not columns:
        return ""
    beside = published or {}
    labels = list(dict.fromkeys(share.label for row in columns for share in row.shares))
    labels += [label for label in dict.fromkeys(name for own in beside.values() for name in own) if label not in labels]
    shares = [{share.label: share for share in row.shares} for row in columns]
    rows = [
        [label, *(_share(own.get(label)) for own in shares), *(number(own.get(label)) for own in beside.values())]
        for label in labels
    ]
    rows += [
        [name, *(str(getattr(row, name)) for row in columns), *("-" for _ in beside)]
        for name in ("labelled", "unscored")
    ]
    head = ["% [95% CI]", *(f"{row.arm}, {row.group}" for row in columns), *beside]
    lines = [
        f"- {test.a} against {test.b}: total variation {number(test.distance, 3)}, p {p_value(test.p)}"
        for test in tests
    ]
    return "\n\n".join(part for part in ("## Emotion labels", table(head, rows), "\n".join(lines)) if part)


def _share(share: EmotionShare | None) -> str:
    return "0" if share is None else interval(share.share, share.low, share.high, 1)


def stability_section(found: Sequence[Stability]) -> str:
    """Agreement of the judge with itself."""
    if not found:
        return ""
    rows = [
        [
            *(row.question, str(row.units), number(None if row.flip_rate is None else 100 * row.flip_rate, 1)),
            number(row.alpha) if row.alpha is not None else row.note,
        ]
        for row in found
    ]
    return "## Repeats\n\n" + table(["question", "units", "flip rate %", "alpha within the judge"], rows)


def audit_section(found: Sequence[AuditRow]) -> str:
    """Scores under wrong personas, and what follows."""
    if not found:
        return ""
    rows = [
        [
            *(row.test.question, row.arm, row.persona, str(row.test.items)),
            *(interval(row.test.effect, row.test.low, row.test.high), p_value(row.test.p_holm)),
            ("falls" if row.falls else "no fall") + ("" if row.depends else " (need not)"),
        ]
        for row in found
    ]
    head = ["question", "version", "persona", "items", "own - wrong [95% CI]", "p (Holm)", "score"]
    return f"## Persona audit\n\n{conclusion(found)}\n\n{table(head, rows)}"
