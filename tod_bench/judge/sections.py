"""The sections of a judge report or a study, each from its own records to Markdown; empty where there are none."""

from collections.abc import Mapping, Sequence

from tod_bench import numerals
from tod_bench.judge.agreement import Agreement, CoveragePoint, Stability
from tod_bench.judge.comparisons import EmotionTest, PairedTest
from tod_bench.judge.questions import ALL, FACTORS, QUESTIONS, SCALE
from tod_bench.judge.report import emotion_columns, factor_table
from tod_bench.judge.rows import JudgeRow
from tod_bench.judge.validity import AblationRow, LengthControl, conclusion
from tod_bench.markdown import table
from tod_bench.numerals import decimal
from tod_bench.scores import Score
from tod_metrics.judge.likert import LikertExpected, LikertMean
from tod_metrics.judge.ratings import OUTCOMES
from tod_metrics.judge.win_rate import WinRate, WinRateDecided


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


def _scored(score: Score, digits: int = 2) -> str:
    return interval(score.value, score.low, score.high, digits)


def _bounds(row: JudgeRow, digits: int = 2) -> str:
    worst, best = row.metric.bounds(row.totals) or (None, None)
    return f"{number(worst, digits)} .. {number(best, digits)}"


def likert_section(rows: Sequence[JudgeRow]) -> str:
    """Likert means: every question, then by group."""
    likert = [row for row in rows if isinstance(row.metric, LikertMean)]
    if not likert:
        return ""
    head = ["question", "version", "asked", "persona", "n", "mean [95% CI]"]
    head += [*(f"{point} {word}" for point, word in SCALE.items()), "unscored %", "if all 1 .. if all 4"]
    lines = []
    for row in likert:
        if row.group == ALL.label:
            question = QUESTIONS[row.metric.signature.options["question"]]
            asked = "together" if row.together else "apart"
            lines.append(
                [
                    *(f"{question.name} {question.label}", row.candidate, asked, row.persona, str(row.score.n)),
                    *(_scored(row.score), *(str(row.count(f"rated {point}")) for point in SCALE)),
                    *(number(100 * row.unscored_rate, 1), _bounds(row)),
                ]
            )
    parts = ("## Likert, 1 to 4", table(head, lines), _expected(rows), _likert_by_group(likert))
    return "\n\n".join(part for part in parts if part)


def _expected(rows: Sequence[JudgeRow]) -> str:
    """Expected points, where the judge's server gives probabilities."""
    lines = [
        [
            *(row.metric.signature.options["question"], row.candidate, "together" if row.together else "apart"),
            *(row.persona, str(row.score.n), _scored(row.score), str(row.count("unscored"))),
        ]
        for row in rows
        if isinstance(row.metric, LikertExpected) and row.group == ALL.label
    ]
    head = ["question", "version", "asked", "persona", "n", "expected points [95% CI]", "without probabilities"]
    return table(head, lines) if lines else ""


def _likert_by_group(likert: Sequence[JudgeRow]) -> str:
    by_line: dict[tuple[str, str, bool], dict[str, JudgeRow]] = {}
    for row in likert:
        if row.persona == "own":
            line = by_line.setdefault((row.group, row.candidate, row.together), {})
            line[row.metric.signature.options["question"]] = row
    questions = list(dict.fromkeys(question for line in by_line.values() for question in line))
    lines = []
    for (group, candidate, together), line in by_line.items():
        means = [_scored(line[question].score) if question in line else "-" for question in questions]
        items = max(len(row.items) for row in line.values())
        lines.append([group, candidate, "together" if together else "apart", str(items), *means])
    return table(["group", "version", "asked", "items", *questions], lines)


def tests_section(title: str, tests: Sequence[PairedTest]) -> str:
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


def pair_section(rows: Sequence[JudgeRow], pair: Sequence[str]) -> str:
    """The outcomes of pairs by group."""
    halves = [row for row in rows if isinstance(row.metric, WinRate)]
    if not halves:
        return ""
    first, second = pair
    dropped = {(row.group, row.persona): row.score for row in rows if isinstance(row.metric, WinRateDecided)}
    head = ["group", "persona", "n", f"{first} wins %", f"{second} wins %", "tie %", "inconsistent %", "unscored %"]
    head += [f"{second}, ties half [95% CI]", "bounds", f"{second}, ties dropped [95% CI]", "p", "p (Holm)"]
    lines = [
        [
            *(row.group, row.persona, str(row.score.n)),
            *(number(100 * row.count(outcome) / max(1, row.score.n), 1) for outcome in OUTCOMES),
            *(_scored(row.score, 1), _bounds(row, 1), _scored(dropped[row.group, row.persona], 1)),
            *(p_value(row.p), p_value(row.p_holm)),
        ]
        for row in halves
    ]
    return f"## {second} against {first}\n\n" + table(head, lines)


def position_section(rows: Sequence[JudgeRow], length: LengthControl | None, pair: Sequence[str]) -> str:
    """How far positions and length decide."""
    scores = {row.metric.name: row.score for row in rows}
    lines = []
    if "position_consistency" in scores:
        consistency, first = scores["position_consistency"], scores["first_seat_preference"]
        lines.append(
            f"- position consistency: {_scored(consistency, 1)} % of {consistency.n} pairs; "
            f"first-seat preference: {_scored(first, 1)} % (50 without a bias)"
        )
    if length is not None:
        lines.append(
            f"- length: {pair[1]} is {length.gap:+.1f} words a dialogue longer ({length.ratio:.2f} times); "
            f"win rate at equal length: {interval(length.win_rate, length.low, length.high, 1)} %"
            + (f" ({length.note})" if length.note else "")
        )
    return "## Position and length\n\n" + "\n".join(lines) if lines else ""


def factor_section(rows: Sequence[JudgeRow]) -> str:
    """The factors that were named, by group."""
    factors = factor_table(rows)
    if not factors:
        return ""
    lines = [
        [group, *(number(shares[name], 1) for name in FACTORS), str(shares["named"])]
        for group, shares in factors.items()
    ]
    return "## Factors named, % of those named\n\n" + table(["group", *FACTORS, "named"], lines)


def emotion_section(
    rows: Sequence[JudgeRow],
    tests: Sequence[EmotionTest],
    published: Mapping[str, Mapping[str, float]] | None = None,
) -> str:
    """Distributions over labels side by side, published ones (column -> label -> share) to the right."""
    columns = [rows for rows in emotion_columns(rows) if rows[0].group in ("all", "positive", "neutral+negative")]
    if not columns:
        return ""
    beside = published or {}
    shares = [
        {row.metric.signature.options["label"]: _scored(row.score, 1) for row in column if row.count("this label")}
        for column in columns
    ]
    labels = list(dict.fromkeys(label for column in [*shares, *beside.values()] for label in column))
    lines = [
        [label, *(column.get(label, "0") for column in shares), *(number(own.get(label)) for own in beside.values())]
        for label in labels
    ]
    lines += [
        [name, *(str(column[0].count(name)) for column in columns), *("-" for _ in beside)]
        for name in ("labelled", "unscored")
    ]
    head = ["% [95% CI]", *(f"{column[0].candidate}, {column[0].group}" for column in columns), *beside]
    listed = "\n".join(
        f"- {test.a} against {test.b}: total variation {number(test.distance, 3)}, p {p_value(test.p)}"
        for test in tests
    )
    return "\n\n".join(part for part in ("## Emotion labels", table(head, lines), listed) if part)


def stability_section(repeated: Sequence[Stability]) -> str:
    """Agreement of the judge with itself."""
    if not repeated:
        return ""
    rows = [
        [
            *(row.question, str(row.units), number(None if row.flip_rate is None else 100 * row.flip_rate, 1)),
            number(row.alpha) if row.alpha is not None else row.note,
        ]
        for row in repeated
    ]
    return "## Repeats\n\n" + table(["question", "units", "flip rate %", "alpha within the judge"], rows)


def ablation_section(rows: Sequence[AblationRow]) -> str:
    """Scores under wrong personas, and what follows."""
    if not rows:
        return ""
    lines = [
        [
            *(row.test.question, row.candidate, row.persona, str(row.test.items)),
            *(interval(row.test.effect, row.test.low, row.test.high), p_value(row.test.p_holm)),
            ("falls" if row.falls else "no fall") + ("" if row.depends else " (need not)"),
        ]
        for row in rows
    ]
    head = ["question", "version", "persona", "items", "own - wrong [95% CI]", "p (Holm)", "score"]
    return f"## Persona ablation\n\n{conclusion(rows)}\n\n{table(head, lines)}"


def agreement_section(agreements: Sequence[Agreement]) -> str:
    """Alpha between raters."""
    if not agreements:
        return ""
    rows = [
        [
            *(one.between, one.question, one.level, str(one.raters), str(one.units)),
            one.note if one.alpha is None else interval(one.alpha, one.low, one.high),
            number(one.same, 1),
        ]
        for one in agreements
    ]
    head = ["between", "question", "level", "raters", "units", "alpha [95% CI]", "equal pairs %"]
    return "## Agreement (Krippendorff's alpha)\n\n" + table(head, rows)


def coverage_section(points: Sequence[CoveragePoint]) -> str:
    """Agreement by the judge's stated certainty."""
    if not points:
        return ""
    rows = [[str(p.certainty), number(p.coverage, 1), number(p.agreement, 1)] for p in points]
    head = ["certainty at least", "coverage %", "agreement with the consensus %"]
    return "## Agreement by stated certainty\n\n" + table(head, rows)
