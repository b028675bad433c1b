"""What is asked: the Likert questions, the factors of a preference, and GoEmotions' labels.

The questions are those of PicPersona-TOD's rating form and judge (NAACL 2025, section 5 and appendix C), in our words.
The same texts go into the judge's prompt and into the rating form for people, so both answer the same question.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tod_metrics.style.emotions import GOEMOTIONS

SCALE: Mapping[int, str] = {1: "not at all", 2: "a little", 3: "somewhat", 4: "a lot"}
"""The 4-point scale."""


@dataclass(frozen=True, slots=True)
class Question:
    """A Likert question.

    Attributes:
        name: Its name in tables, ``Q1``.
        key: Its name in a verdict. Names without a number, because questions are shown in any order.
        label: A few words for a column.
        text: The question as the judge, or a person, reads it.
        anchors: What single points of the scale mean, where the scale's words are not enough.
    """

    name: str
    key: str
    label: str
    text: str
    anchors: Mapping[int, str]


_NONE: Mapping[int, str] = {}

QUESTIONS: Mapping[str, Question] = {
    question.name: question
    for question in (
        Question(
            *("Q1", "user_style", "user style"),
            "How well does the way the user writes in the rated dialogue fit the person described (or pictured)?",
            _NONE,
        ),
        Question(
            *("Q2", "user_meaning", "user semantics"),
            "How far does each user utterance of the rated dialogue keep the meaning of its counterpart in the "
            "reference dialogue (the same wishes, values and questions)?",
            _NONE,
        ),
        Question(
            *("Q3", "system_personalisation", "system personalisation"),
            "How far are the system's answers in the rated dialogue adapted to this particular user?",
            {
                2: "only the formality or the tone fits the user",
                3: "style, tone and words of greeting fit the user",
                4: "words, phrases or a style that are specific to this user",
            },
        ),
        Question(
            *("Q4", "system_meaning", "system semantics"),
            "How far does each system answer of the rated dialogue keep the meaning of its counterpart in the "
            "reference dialogue (the same offers, values and questions)?",
            _NONE,
        ),
        Question(
            *("Q5", "experience", "satisfaction"),
            "How much better an experience would this user have with the rated dialogue than with the reference?",
            _NONE,
        ),
        Question(
            *("U1", "user_naturalness", "user naturalness"),
            "How natural are the user's utterances in the rated dialogue: could a person have written them?",
            _NONE,
        ),
        Question(
            *("U2", "user_fluency", "user fluency"),
            "How fluent are the user's utterances in the rated dialogue: well-formed and easy to read?",
            _NONE,
        ),
        Question(
            *("S1", "system_naturalness", "system naturalness"),
            "How natural are the system's answers in the rated dialogue: could a person have written them?",
            _NONE,
        ),
        Question(
            *("S2", "system_fluency", "system fluency"),
            "How fluent are the system's answers in the rated dialogue: well-formed and easy to read?",
            _NONE,
        ),
    )
}
"""Every Likert question by name: the paper's five, then naturalness and fluency of user (U) and system (S)."""

PAPER_QUESTIONS = ("Q1", "Q2", "Q3", "Q4", "Q5")
"""The five questions of the paper's judge."""

FACTORS: Mapping[str, str] = {
    "greeting": "how the user is greeted or addressed",
    "formality": "how formal or casual the words are",
    "age": "words that suit the user's age",
    "emotion": "words that suit the user's mood",
    "recommendation": "a recommendation that suits the user",
    "other": "something else",
}
"""What can make an answer more personalised: name -> what it means (the factors of the paper's Figure 7)."""

EMOTIONS = GOEMOTIONS
"""The labels of an emotion verdict: GoEmotions' 27 emotions and neutral."""

TaskName = Literal["likert", "pairwise", "emotions"]
"""What a judge can be asked to do."""

WINNER, EMOTION = "winner", "emotion"
"""The question of a pairwise and of an emotion verdict."""
