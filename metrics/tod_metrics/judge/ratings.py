"""Ratings: what judges and people say, a flat record each, and the items that metrics score.

A judge and a person give the same records, so every metric of this package scores both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tod_metrics.style.emotions import GOEMOTIONS

PersonaUse: TypeAlias = Literal["own", "shuffled", "blank"]
"""Whose persona the judge is shown: the item's, another item's, or none (the persona ablation)."""

PERSONAS: tuple[PersonaUse, ...] = ("own", "shuffled", "blank")
"""Every use, the item's own first."""

PairOutcome: TypeAlias = Literal["first", "second", "tie", "inconsistent", "unscored"]
"""What comes of a pair: the first or the second candidate wins, neither does, the two presentation orders disagree, or
there is no verdict."""

OUTCOMES: tuple[PairOutcome, ...] = ("first", "second", "tie", "inconsistent", "unscored")
"""The five outcomes of a pair."""

WINNER, EMOTION = "winner", "emotion"
"""The question of a pairwise and of an emotion rating."""

SCALE: Mapping[int, str] = {1: "not at all", 2: "a little", 3: "somewhat", 4: "a lot"}
"""The 4-point Likert scale."""

QUESTION_KEYS: Mapping[str, str] = {
    "Q1": "user_style",
    "Q2": "user_meaning",
    "Q3": "system_personalisation",
    "Q4": "system_meaning",
    "Q5": "experience",
    "U1": "user_naturalness",
    "U2": "user_fluency",
    "S1": "system_naturalness",
    "S2": "system_fluency",
}
"""Likert question -> its name in verdicts and metrics (``likert_user_style``), which says nothing of an order."""

FACTORS: Mapping[str, str] = {
    "greeting": "how the user is greeted or addressed",
    "formality": "how formal or casual the words are",
    "age": "words that suit the user's age",
    "emotion": "words that suit the user's mood",
    "recommendation": "a recommendation that suits the user",
    "other": "something else",
}
"""What can make an answer more personalised: name -> what it means (the factors of PicPersona-TOD's Figure 7)."""

EMOTIONS = GOEMOTIONS
"""The labels of an emotion rating: GoEmotions' 27 emotions and neutral."""


@dataclass(frozen=True, slots=True)
class Rating:
    """One rating of one item.

    Attributes:
        item: The item (a dialogue).
        question: ``Q1`` .. ``S2``, ``winner`` or ``emotion``.
        value: 1 to 4 (a number between for the mean of a panel); ``first``, ``second``, ``tie`` or ``inconsistent``;
            a label; None where there is none.
        candidate: The version that was rated (``first|second`` for pairs); empty where a file of ratings does not say.
        rater: Who rated.
        repeat: Number of the repeat, from 0.
        persona: Whose persona was shown.
        together: Whether all questions were asked in one call.
        turn: The turn, for emotions.
        problem: Why there is no value.
        factors: Factors named.
        certainty: Stated certainty, 0 to 100.
        defaulted: Whether the protocol put a default value in place of an unreadable answer.
        positions: Pairs: which position won in each presentation order: ``1``, ``2``, ``tie``, or empty where unscored.
        probabilities: (answer, its probability) of every answer that could be given, where the judge's server says it;
            they add up to 1.
    """

    item: str
    question: str
    value: int | float | str | None
    candidate: str = ""
    rater: str = "judge"
    repeat: int = 0
    persona: PersonaUse = "own"
    together: bool = True
    turn: int | None = None
    problem: str = ""
    factors: tuple[str, ...] = ()
    certainty: int | None = None
    defaulted: bool = False
    positions: tuple[str, ...] = ()
    probabilities: tuple[tuple[str, float], ...] = ()

    @property
    def outcome(self) -> PairOutcome:
        """The outcome of a pairwise rating."""
        return next((outcome for outcome in OUTCOMES if self.value == outcome), "unscored")

    @property
    def expected(self) -> float | None:
        """Of a scale of points: their mean, each weighted by its probability; None where there are no probabilities."""
        if not self.probabilities:
            return None
        return sum(float(point) * share for point, share in self.probabilities)


@dataclass(frozen=True, slots=True)
class JudgedItem:
    """An item with everything that was said of it.

    Attributes:
        id: The item's id.
        ratings: Its ratings.
        words: Candidate -> words that the system says in it; empty where not known.
    """

    id: str
    ratings: tuple[Rating, ...]
    words: Mapping[str, int] = field(default_factory=dict)


def judged_items(ratings: Iterable[Rating], words: Mapping[str, Mapping[str, int]] | None = None) -> list[JudgedItem]:
    """Ratings gathered by item, items in the order in which they first occur.

    Args:
        ratings: The ratings.
        words: Item -> candidate -> words of the system.
    """
    by_item: dict[str, list[Rating]] = {}
    for rating in ratings:
        by_item.setdefault(rating.item, []).append(rating)
    return [JudgedItem(name, tuple(own), (words or {}).get(name, {})) for name, own in by_item.items()]
