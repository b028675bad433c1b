"""What follows from a card, in sentences: what the judge is fit for, and what it is not."""

from collections.abc import Iterator, Sequence

from tod_bench.judge.cards.card import Measure
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.report import JudgeReport
from tod_bench.judge.validity import AblationRow, conclusion


def conclusions(
    config: JudgeConfig, measures: Sequence[Measure], report: JudgeReport, ablation: Sequence[AblationRow] = ()
) -> list[str]:
    """A sentence for everything that was measured and decides what the judge's answers are worth.

    Args:
        config: The judge config.
        measures: The card's measures.
        report: The report of the run over all items.
        ablation: Rows of the persona ablation.
    """
    found = [*worth(measures), *_roles(measures)]
    if ablation:
        found.append(conclusion(ablation))
    found += [*_echo(measures), *_seats(measures)]
    if not report.trusted:
        rate, most = 100 * report.unscored_rate, 100 * config.max_unscored
        found.append(f"{rate:.1f}% of the queries are unread, more than the {most:.1f}% allowed: read the bounds.")
    return found or ["Nothing was measured that says what the answers are worth: give labels."]


def worth(measures: Sequence[Measure]) -> Iterator[str]:
    """Accuracy against the floor, and agreement against chance, question by question."""
    for one in measures:
        if one.name == "accuracy" and one.value is not None:
            floor = next(m for m in measures if m.name.startswith("floor") and m.about == one.about)
            always = floor.name.partition(": ")[2]
            if floor.value is not None and one.low is not None and one.low > floor.value:
                yield f"{one.about}: right more often than {always} would be."
            else:
                yield f"{one.about}: not shown to be right more often than {always} would be: worth no more than that."
        if one.name == "alpha, judge and labels" and one.low is not None and one.low <= 0:
            below = one.high is not None and one.high < 0
            found = "worse than chance would give" if below else "not told apart from chance"
            yield f"{one.about}: agreement with the labels is {found}."


def _roles(measures: Sequence[Measure]) -> Iterator[str]:
    for one in measures:
        if one.section == "roles" and one.low is not None and one.low <= 25:
            yield (
                "The judge does not tell users apart better than chance: it is unfit for questions on whether a text "
                "suits a person."
            )


def _echo(measures: Sequence[Measure]) -> Iterator[str]:
    for one in measures:
        if one.name.startswith("example") and one.low is not None:
            chance = float(one.note.split(" ", 1)[0])
            if one.low > max(50.0, chance):
                yield "The judge mostly copies the values of the prompt's example: its answers say nothing."


def _seats(measures: Sequence[Measure]) -> Iterator[str]:
    for one in measures:
        if one.name == "position: both orders agree" and one.high is not None and one.high < 50:
            yield "The presentation order decides most pairs: its verdicts on pairs say nothing without both orders."
