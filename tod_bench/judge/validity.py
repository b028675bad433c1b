"""What else could explain the judge's scores: the length of the answers, or a judge that does not use the persona.

Length: how much longer the second candidate of a pair is, and its win rate at equal length
(`tod_metrics.judge.length`).

The persona ablation: the same items are judged with their own persona, with another item's, and with none. A judge that
reads the persona rates the fit to the user lower under another's; a judge whose scores stay where they are rates
something else, and one whose scores fall only where there is no persona rates whether there is one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tod_bench.judge.comparisons import PairedTest, corrected, paired_test
from tod_bench.judge.config import Resampling
from tod_bench.statistics import resample_weights
from tod_metrics.base import FloatArray
from tod_metrics.judge.length import WinRateLengthControlled, fit_at_equal_length
from tod_metrics.judge.ratings import PERSONAS, QUESTION_KEYS, WINNER, Rating, judged_items

Words = Mapping[str, Mapping[str, int]]
"""Item -> candidate -> words that the system says."""


@dataclass(frozen=True, slots=True)
class LengthControl:
    """What length explains of a comparison.

    Attributes:
        gap: Mean words of the second candidate less the first's, a dialogue.
        ratio: The second candidate's words over the first's.
        win_rate: Length-controlled win rate of the second candidate, 0 to 100; None where it cannot be estimated.
        low: Lower end of its 95% interval.
        high: Upper end.
        slope: phi: positive where the longer answer is preferred.
        note: What a reader must know; mostly empty.
    """

    gap: float
    ratio: float
    win_rate: float | None
    low: float | None
    high: float | None
    slope: float | None
    note: str = ""


def length_of_pairs(ratings: Sequence[Rating], words: Words, by: Resampling) -> LengthControl | None:
    """What length explains of the pairs that were judged under their own personas; None where no length is known."""
    own = sorted((rating for rating in ratings if rating.persona == "own"), key=lambda rating: rating.item)
    pairs = WinRateLengthControlled().pairs(judged_items(own, words))
    return length_control(*pairs.T, draws=min(by.draws, 1000), seed=by.seed) if len(pairs) else None


def length_control(
    wins: FloatArray, first: FloatArray, second: FloatArray, *, draws: int = 1000, seed: int = 0
) -> LengthControl:
    """The length-controlled win rate of the second candidate with its interval.

    Args:
        wins: The second candidate's part of each item, 0 to 1 (ties 0.5), shape (n,).
        first: Words of the first candidate, shape (n,).
        second: Words of the second candidate, shape (n,).
        draws: Bootstrap draws of the items (percentile interval).
        seed: Seed of the draws.
    """
    gaps = second - first
    gap, ratio = float(np.mean(gaps)), float(np.sum(second) / max(1.0, float(np.sum(first))))
    fitted = fit_at_equal_length(wins, first, second, np.ones((1, len(wins))))
    weights = resample_weights(len(wins), draws, seed).astype(np.float64)
    drawn = fit_at_equal_length(wins, first, second, weights)
    if fitted is None or drawn is None:
        note = "every item has the same length gap, so its influence cannot be told from the systems'"
        return LengthControl(gap, ratio, None, None, None, None, note)
    low, high = np.quantile(drawn[0], [0.025, 0.975])
    nearest = float(np.min(np.abs(np.tanh(gaps / float(np.std(gaps))))))
    note = "no pair is close in length; the rate at equal length is an extrapolation" if nearest > 0.5 else ""
    return LengthControl(gap, ratio, float(fitted[0][0]), float(low), float(high), float(fitted[1][0]), note)


PERSONA_QUESTIONS = ("Q1", "Q3", "Q5", WINNER)
"""Questions whose answer depends on who the user is; the others should not move."""

LEVEL = 0.05
"""Level of the corrected p below which a fall counts."""


@dataclass(frozen=True, slots=True)
class AblationRow:
    """One question of one candidate under a wrong persona.

    Attributes:
        candidate: The version; for pairs the one that wins under the items' own personas.
        persona: ``shuffled`` or ``blank``.
        test: Own against wrong persona: effect above 0 is a fall. Likert: points; pairs: points of win rate.
        depends: Whether the answer should depend on the persona.
    """

    candidate: str
    persona: str
    test: PairedTest
    depends: bool

    @property
    def falls(self) -> bool:
        """Whether the score falls by more than chance allows, after correction."""
        test = self.test
        return test.effect is not None and test.effect > 0 and test.p_holm is not None and test.p_holm < LEVEL


def ablation_rows(ratings: Sequence[Rating], by: Resampling) -> list[AblationRow]:
    """Every candidate, question and wrong persona; Holm over all of them. Empty where only own personas were shown."""
    numeric = [*(rating for rating in ratings if rating.question in QUESTION_KEYS), *_pairs_in_points(ratings)]
    rows: list[AblationRow] = []
    for persona in PERSONAS[1:]:
        for candidate in dict.fromkeys(rating.candidate for rating in numeric):
            for question in (*QUESTION_KEYS, WINNER):
                asked = [rating for rating in numeric if (rating.candidate, rating.question) == (candidate, question)]
                own = [rating for rating in asked if rating.persona == "own"]
                wrong = [rating for rating in asked if rating.persona == persona]
                if own and wrong:
                    test = paired_test(question, ("own", persona), own, wrong, by)
                    rows.append(AblationRow(candidate, persona, test, question in PERSONA_QUESTIONS))
    tests = corrected([row.test for row in rows])
    return [replace(row, test=test) for row, test in zip(rows, tests, strict=True)]


def _pairs_in_points(ratings: Sequence[Rating]) -> list[Rating]:
    """Pairs as the part, in points of 100, of the candidate that wins under own personas."""
    pairs = [rating for rating in ratings if rating.question == WINNER]
    points = {"second": 100, "tie": 50, "inconsistent": 50, "first": 0}
    own = [points[str(rating.value)] for rating in pairs if rating.persona == "own" and rating.value is not None]
    second_leads = 2 * sum(own) >= 100 * len(own)
    turned = []
    for rating in pairs:
        value = None if rating.value is None else points[str(rating.value)]
        candidate = rating.candidate.split("|")[1 if second_leads else 0]
        value = value if second_leads or value is None else 100 - value
        turned.append(replace(rating, candidate=candidate, value=value))
    return turned


def conclusion(rows: Sequence[AblationRow]) -> str:
    """One or two sentences: whether the judge uses the persona.

    Only another user's persona shows it: a judge whose scores fall under a blank persona alone reacts to there being a
    persona, whoever it describes. Rows that were not tested (too few values) show nothing.
    """
    tested = [row for row in rows if row.depends and row.test.p_holm is not None]
    wrong, blank = ([row for row in tested if row.persona == persona] for persona in ("shuffled", "blank"))
    if not tested:
        return "No question that depends on the persona was tested, so nothing is known of the judge's use of it."
    if not wrong:
        falls = "Scores fall" if any(row.falls for row in blank) else "No score falls"
        untried = "another user's was not tried, so nothing is known of the judge's use of it."
        return f"{falls} under a blank persona; {untried}"
    if not any(row.falls for row in wrong):
        return _unused([row for row in blank if row.falls])
    still = [row for row in tested if not row.falls]
    if not still:
        return "The judge uses the persona: every score that depends on it falls under another user's" + (
            " and under a blank one." if blank else "."
        )
    return f"The judge uses the persona in part: no fall was found for {_listed(still)}."


def _unused(fallen: Sequence[AblationRow]) -> str:
    """No score falls under another user's persona; `fallen` are those that fall without any."""
    advice = "Do not report these scores as fit to the user."
    if not fallen:
        return f"The judge does not use the persona: no score falls under a wrong one. {advice}"
    return (
        "The judge does not use the persona, only whether there is one: no score falls under another user's persona, "
        f"while scores fall without any ({_listed(fallen)}). {advice}"
    )


def _listed(rows: Sequence[AblationRow]) -> str:
    several = len({row.candidate for row in rows}) > 1
    return ", ".join(f"{row.test.question} ({f'{row.candidate}, ' if several else ''}{row.persona})" for row in rows)
