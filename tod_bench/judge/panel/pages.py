"""A panel for reading."""

from tod_bench.judge.markdown import markdown
from tod_bench.judge.panel.running import Panel
from tod_bench.judge.sections import interval, number, p_value
from tod_bench.markdown import table


def panel_markdown(panel: Panel) -> str:
    """The combined report, then the judges, their agreement, and the panel without each of them."""
    parts = [markdown(panel.report).rstrip(), _members(panel), _agreement(panel), _left_out(panel)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _members(panel: Panel) -> str:
    rows = [
        [
            *(one.judge, one.model, one.family or "not known", str(one.asked), number(100 * one.unscored, 1)),
            *("not known" if one.usd is None else f"{one.usd:.4f}", f"{one.tokens:,}"),
        ]
        for one in panel.members
    ]
    need = "all judges that were asked" if panel.quorum is None else f"at least {panel.quorum} of those asked"
    text = f"Combined by {panel.rule}; the panel has a verdict where {need} have one."
    head = ["judge", "model", "family", "asked", "unscored %", "USD", "tokens"]
    return f"## Judges\n\n{text}\n\n{table(head, rows, left=3)}"


def _agreement(panel: Panel) -> str:
    rows = [
        [
            *(one.question, ", ".join(one.judges), one.level, str(one.units)),
            one.note if one.alpha is None else interval(one.alpha, one.low, one.high),
            number(one.same, 1),
        ]
        for one in panel.agreements
    ]
    head = ["question", "judges", "level", "units", "alpha [95% CI]", "equal pairs %"]
    return "## Agreement among the judges\n\n" + table(head, rows, left=3)


def _left_out(panel: Panel) -> str:
    if not panel.left_out:
        return ""
    rows = [
        [
            *(one.judge, one.test.question, one.candidate, str(one.test.items)),
            interval(one.test.effect, one.test.low, one.test.high),
            *(p_value(one.test.p_holm), number(one.alpha)),
        ]
        for one in panel.left_out
    ]
    head = ["left out", "question", "version", "items", "panel - without [95% CI]", "p (Holm)", "alpha of the rest"]
    return "## Without one judge\n\n" + table(head, rows, left=3)
