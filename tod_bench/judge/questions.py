"""What is asked, and of whom the answers are reported: the Likert questions, and the groups of users.

The questions are those of PicPersona-TOD's rating form and judge (NAACL 2025, section 5 and appendix C), in our words.
The same texts go into the judge's prompt and into the rating form for people, so both answer the same question.

The paper counts teenagers as children and sets positive images against neutral or negative ones (its Table 3); its
script leaves toddlers out of every age group. Both the merged groups and their parts are reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tod_bench.records import Persona
from tod_bench.scores import Slice
from tod_metrics.judge.ratings import EMOTION, EMOTIONS, FACTORS, QUESTION_KEYS, SCALE, WINNER


@dataclass(frozen=True, slots=True)
class Question:
    """A Likert question.

    Attributes:
        name: Its name in tables, ``Q1``.
        label: A few words for a column.
        text: The question as the judge, or a person, reads it.
        anchors: What single points of the scale mean, where the scale's words are not enough.
    """

    name: str
    label: str
    text: str
    anchors: Mapping[int, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its name in a verdict: without a number, because questions are shown in any order."""
        return QUESTION_KEYS[self.name]


QUESTIONS: Mapping[str, Question] = {
    question.name: question
    for question in (
        Question(
            "Q1",
            "user style",
            "How well does the way the user writes in the rated dialogue fit the person described (or pictured)?",
        ),
        Question(
            "Q2",
            "user semantics",
            "How far does each user utterance of the rated dialogue keep the meaning of its counterpart in the "
            "reference dialogue (the same wishes, values and questions)?",
        ),
        Question(
            "Q3",
            "system personalisation",
            "How far are the system's answers in the rated dialogue adapted to this particular user?",
            {
                2: "only the formality or the tone fits the user",
                3: "style, tone and words of greeting fit the user",
                4: "words, phrases or a style that are specific to this user",
            },
        ),
        Question(
            "Q4",
            "system semantics",
            "How far does each system answer of the rated dialogue keep the meaning of its counterpart in the "
            "reference dialogue (the same offers, values and questions)?",
        ),
        Question(
            "Q5",
            "satisfaction",
            "How much better an experience would this user have with the rated dialogue than with the reference?",
        ),
        Question(
            "U1",
            "user naturalness",
            "How natural are the user's utterances in the rated dialogue: could a person have written them?",
        ),
        Question(
            "U2",
            "user fluency",
            "How fluent are the user's utterances in the rated dialogue: well-formed and easy to read?",
        ),
        Question(
            "S1",
            "system naturalness",
            "How natural are the system's answers in the rated dialogue: could a person have written them?",
        ),
        Question(
            "S2",
            "system fluency",
            "How fluent are the system's answers in the rated dialogue: well-formed and easy to read?",
        ),
    )
}
"""Every Likert question by name: the paper's five, then naturalness and fluency of user (U) and system (S)."""

PAPER_QUESTIONS = ("Q1", "Q2", "Q3", "Q4", "Q5")
"""The five questions of the paper's judge."""

TaskName = Literal["likert", "pairwise", "emotions", "questions"]
"""What a judge can be asked to do."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of users.

    Attributes:
        attribute: ``age``, ``emotion``, ``formality`` or ``gender``; empty for all users.
        label: Its name in tables.
        values: The attribute's values that belong to it.
    """

    attribute: str
    label: str
    values: frozenset[str]

    def holds(self, attributes: Mapping[str, str]) -> bool:
        """Whether a user with these attributes belongs to it."""
        return not self.attribute or attributes.get(self.attribute, "") in self.values


ALL = Group("", "all", frozenset())

_ROWS = {
    "age": ("senior", "adult", "child+teenager", "child", "teenager", "toddler"),
    "emotion": ("positive", "neutral+negative", "neutral", "negative"),
    "formality": ("casual", "formal"),
    "gender": ("female", "male"),
}

GROUPS: tuple[Group, ...] = (
    ALL,
    *(Group(name, label, frozenset(label.split("+"))) for name, labels in _ROWS.items() for label in labels),
)
"""Every row of a table by user group, the merged ones beside their parts."""


_ATTRIBUTE = {group.label: group.attribute for group in GROUPS}


def slice_of(label: str) -> Slice | None:
    """The slice of a group by its label; None for all users."""
    return Slice(_ATTRIBUTE[label], label) if _ATTRIBUTE[label] else None


def attributes_of(persona: Persona | None) -> dict[str, str]:
    """The attributes of a persona that groups are made of; empty strings where unknown."""
    if persona is None:
        return dict.fromkeys(_ROWS, "")
    return {name: getattr(persona, name) for name in _ROWS}


__all__ = [
    "ALL",
    "EMOTION",
    "EMOTIONS",
    "FACTORS",
    "GROUPS",
    "PAPER_QUESTIONS",
    "QUESTIONS",
    "SCALE",
    "WINNER",
    "Group",
    "Question",
    "TaskName",
    "attributes_of",
    "slice_of",
]
