"""The persona audit: does the judge use the persona at all?

The same items are judged with their own persona, with another item's, and with none. A judge that reads the persona
rates the fit to the user lower under another's; a judge whose scores stay where they are rates something else, and one
whose scores fall only where there is no persona rates whether there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tod_bench.judge.config import Resampling
from tod_bench.judge.likert import LikertTest, corrected, paired_test
from tod_bench.judge.questions import QUESTIONS, WINNER
from tod_bench.judge.ratings import Rating
from tod_bench.judge.verdicts import PERSONAS

PERSONA_QUESTIONS = ("Q1", "Q3", "Q5", WINNER)
"""Questions whose answer depends on who the user is; the others should not move."""

LEVEL = 0.05
"""Level of the corrected p below which a fall counts."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One question of one version under a wrong persona.

    Attributes:
        arm: The version; for pairs the one that wins under the items' own personas.
        persona: ``shuffled`` or ``blank``.
        test: Own against wrong persona: effect above 0 is a fall. Likert: points; pairs: points of win rate.
        depends: Whether the answer should depend on the persona.
    """

    arm: str
    persona: str
    test: LikertTest
    depends: bool

    @property
    def falls(self) -> bool:
        """Whether the score falls by more than chance allows, after correction."""
        test = self.test
        return test.effect is not None and test.effect > 0 and test.p_holm is not None and test.p_holm < LEVEL


def audit_rows(ratings: Sequence[Rating], by: Resampling) -> list[AuditRow]:
    """Every version, question and wrong persona; Holm over all of them. Empty where only own personas were shown."""
    numeric = _numeric(ratings)
    found: list[AuditRow] = []
    for persona in PERSONAS[1:]:
        for arm in dict.fromkeys(rating.arm for rating in numeric):
            for question in (*QUESTIONS, WINNER):
                asked = [rating for rating in numeric if rating.arm == arm and rating.question == question]
                own = [rating for rating in asked if rating.persona == "own"]
                wrong = [rating for rating in asked if rating.persona == persona]
                if own and wrong:
                    test = paired_test(question, ("own", persona), own, wrong, by)
                    found.append(AuditRow(arm, persona, test, question in PERSONA_QUESTIONS))
    tests = corrected([row.test for row in found])
    return [replace(row, test=test) for row, test in zip(found, tests, strict=True)]


def conclusion(rows: Sequence[AuditRow]) -> str:
    """One or two sentences: whether the judge uses the persona.

    Only another user's persona shows it: a judge whose scores fall under a blank persona alone reacts to there being a
    persona, whoever it describes. Rows that were not tested (too few values) show nothing.
    """
    tested = [row for row in rows if row.depends and row.test.p_holm is not None]
    wrong, blank = ([row for row in tested if row.persona == persona] for persona in ("shuffled", "blank"))
    if not tested:
        return "No question that depends on the persona was tested, so nothing is known of the judge's use of it."
    if not wrong:
        said = "Scores fall" if any(row.falls for row in blank) else "No score falls"
        return (
            f"{said} under a blank persona; another user's was not tried, so nothing is known of the judge's use of it."
        )
    if not any(row.falls for row in wrong):
        return _unused(blank)
    still = [row for row in tested if not row.falls]
    if not still:
        return "The judge uses the persona: every score that depends on it falls under another user's" + (
            " and under a blank one." if blank else "."
        )
    return f"The judge uses the persona in part: no fall was found for {_listed(still)}."


def _unused(blank: Sequence[AuditRow]) -> str:
    advice = "Do not report these scores as fit to the user."
    if any(row.falls for row in blank):
        fallen = _listed([row for row in blank if row.falls])
        return (
            "The judge does not use the persona, only whether there is one: no score falls under another user's "
            f"persona, while scores fall without any ({fallen}). {advice}"
        )
    return f"The judge does not use the persona: no score falls under a wrong one. {advice}"


def _listed(rows: Sequence[AuditRow]) -> str:
    several = len({row.arm for row in rows}) > 1
    return ", ".join(f"{row.test.question} ({f'{row.arm}, ' if several else ''}{row.persona})" for row in rows)


def _numeric(ratings: Sequence[Rating]) -> list[Rating]:
    """Ratings as numbers: pairs as the part of the version that wins under own personas, in points of 100."""
    pairs = [rating for rating in ratings if rating.question == WINNER]
    points = {"second": 100, "tie": 50, "inconsistent": 50, "first": 0}
    own = [points[str(rating.value)] for rating in pairs if rating.persona == "own" and rating.value is not None]
    second_leads = 2 * sum(own) >= 100 * len(own)
    turned = []
    for rating in pairs:
        value = None if rating.value is None else points[str(rating.value)]
        arm = rating.arm.split("|")[1 if second_leads else 0]
        turned.append(replace(rating, arm=arm, value=value if second_leads or value is None else 100 - value))
    return [*(rating for rating in ratings if rating.question in QUESTIONS), *turned]
