"""Questions of the user's own in a report for reading."""

from collections.abc import Sequence

from tod_bench.judge.own_report import StateVerdicts
from tod_bench.judge.questions import ALL
from tod_bench.judge.rows import JudgeRow
from tod_bench.judge.sections import interval, number
from tod_bench.markdown import table
from tod_metrics.judge.own_questions import OwnExpected, OwnExpectedShare, OwnMean, OwnMetric, OwnShare


def own_section(rows: Sequence[JudgeRow]) -> str:
    """Means and shares of all users, then means by group, as Markdown."""
    head = ["question", "version", "asked", "n", "mean or % [95% CI]", "given", "unscored %", "bounds"]
    lines = [_line(row, row.metric) for row in rows if isinstance(row.metric, OwnMetric) and row.group == ALL.label]
    if not lines:
        return ""
    groups = [
        [row.group, _name(row.metric), row.candidate, str(len(row.items)), _scored(row)]
        for row in rows
        if isinstance(row.metric, OwnMean) and row.group != ALL.label
    ]
    by_group = table(["group", "question", "version", "items", "mean [95% CI]"], groups) if groups else ""
    return "\n\n".join(part for part in (f"## Questions\n\n{table(head, lines)}", by_group) if part)


def _name(metric: OwnMetric) -> str:
    label = metric.label if isinstance(metric, OwnShare) else ""
    how = "by probabilities" if isinstance(metric, OwnExpected | OwnExpectedShare) else ""
    return " ".join(part for part in (metric.key, label, how) if part)


def _line(row: JudgeRow, metric: OwnMetric) -> list[str]:
    counted = [name for name in metric.columns if name.startswith("rated ")]
    given = [f"{name.removeprefix('rated ')}: {row.count(name)}" for name in counted]
    given = given or [str(row.count("this label")) if "this label" in metric.columns else "-"]
    worst, best = metric.bounds(row.totals) or (None, None)
    return [
        *(_name(metric), row.candidate, "together" if row.together else "apart"),
        *(str(row.score.n), _scored(row), ", ".join(given), number(100 * row.unscored_rate, 1)),
        f"{number(worst)} .. {number(best)}",
    ]


def _scored(row: JudgeRow) -> str:
    return interval(row.score.value, row.score.low, row.score.high)


def state_section(verdicts: Sequence[StateVerdicts]) -> str:
    """Verdicts on states beside exact match, as Markdown."""
    if not verdicts:
        return ""
    lines, agreed = [], []
    for one in verdicts:
        lines += [[value, one.candidate, str(right), str(wrong)] for value, (right, wrong) in one.counts.items()]
        agreed.append(
            [
                one.candidate,
                interval(one.same, one.same_low, one.same_high, 1),
                interval(one.alpha, one.alpha_low, one.alpha_high),
                f"{one.hit} of {one.named}",
            ]
        )
    head = ["verdict", "version", "turns right by exact match", "turns wrong by exact match"]
    text = f"Exact match is that of the protocol {verdicts[0].protocol}; debatable verdicts are in no agreement."
    beside = ["version", "same % [95% CI]", "alpha [95% CI]", "named slot is wrong by exact match"]
    return f"## Verdicts on states\n\n{text}\n\n{table(head, lines, left=2)}\n\n{table(beside, agreed)}"
