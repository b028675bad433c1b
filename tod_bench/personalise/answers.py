"""Reading what a model wrote in place of an utterance, and telling it what is wrong."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tod_bench.personalise.asking import Unread
from tod_bench.personalise.marks import Marked
from tod_bench.personalise.styling import Protected

FindLost: TypeAlias = Callable[[Sequence[Protected], str], Sequence[Protected]]
"""From protected values and a restyled utterance: those that it does not say."""

Foreign: TypeAlias = Callable[[str, str], Sequence[str]]
"""From a text and what it may draw on: what the text names of the ontology and of venues that the other does not."""


def nothing_foreign(text: str, allowed: str) -> tuple[str, ...]:  # noqa: ARG001
    """Stands for a check where there is no ontology to check by."""
    return ()


_LABEL = re.compile(
    r"^\s*(?:(?:the|my|your)\s+)?(?:(?:rewritten|rephrased|revised|new)\s+)?"
    r"(?:(?:user|customer|system|staff|information desk)(?:['’]s)?\s*)?"
    r"(?:line|answer|utterance|response|(?:now )?says?)?\s*:\s*",
    re.I,
)
_QUOTES = ('"', "“", "”", "'", "‘", "’", "`")
_HERE = r"here(?:['’]s| is| are)\b[^.!?]*"
_META = re.compile(
    "|".join(
        (
            rf"^(?:sure|certainly|okay|ok|absolutely|of course|yes|great)\b[^.!?]{{0,20}}[,.!:]?\s*{_HERE}:",
            rf"^{_HERE}\b(?:version|line|answer|rewrit\w+|rephras\w+|revis\w+|option)\b",
            r"\b(?:rewritten|rephrased|revised|paraphrased)\s+(?:line|answer|version|utterance|response|sentence|text)\b",
            r"\b(?:(?:user|customer|desk)['’]s (?:line|answer)|(?:user|customer|desk) (?:now )?says|has just said)\s*:",
            r"\brewrite (?:the|this|your|it)\b|\brewrite\s*:|\bwords or fewer\b",
            r"\bas an ai\b",
            r"\blanguage model\b",
            r"^\(?note\s*:",
            r"\bI(?:['’]m| am) (?:unable to|sorry, but I can(?:['’]t|not)) (?:rewrite|rephrase|help with)",
            r"\[(?:your|user|customer|insert|name|place)\b[^\]]*\]",
        )
    ),
    re.I,
)
"""Words about the answer in place of the answer: ``Sure! Here is the rewritten line:``."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer must be like.

    Attributes:
        plain: The plain utterance.
        protected: What it must say.
        marks: The plain utterance as the model sees it.
        allowed: What else it may draw on: the text of reviews, the name of their venue.
        most_words: The longest answer, in words; half as many again are let pass.
        find_lost: Finds protected values that are lost.
        foreign: Finds what must not be there.
    """

    plain: str
    protected: tuple[Protected, ...]
    marks: Marked
    allowed: str
    most_words: int
    find_lost: FindLost
    foreign: Foreign

    def read(self, answer: str) -> str | Unread:
        """The utterance that an answer holds, or why it cannot be taken."""
        text = cleaned(answer)
        if wrong := self._form(text):
            return wrong
        text = self.marks.put_back(text)
        if lost := self.find_lost(self.protected, text):
            words = "; ".join(dict.fromkeys(one.text for one in lost))
            return Unread(
                "value lost", f"That line has lost these words: {words}. Write it again with them, unchanged."
            )
        if new := self.foreign(text, f"{self.plain}\n{self.allowed}"):
            return Unread("foreign value", f"That line adds what was not said: {'; '.join(new)}. Write it without.")
        return text

    def _form(self, text: str) -> Unread | None:
        """What is wrong with an answer whatever it says."""
        if not text:
            return Unread("empty", "The answer was empty. Write the rewritten line.")
        if _META.search(text) and not _META.search(self.plain):
            return Unread("meta text", "Write the rewritten line alone, without any words about it.")
        if len(text.split()) > 1.5 * self.most_words:
            return Unread("too long", f"That is too long. Write the line again in {self.most_words} words or fewer.")
        if problem := self.marks.problem(text):
            wanted = f" with each of {' '.join(self.marks.marks)} just once" if self.marks.marks else " without marks"
            return Unread("mark lost", f"In that line {problem}. Write it again{wanted}.")
        return None


def cleaned(answer: str) -> str:
    """An answer on one line, without a label in front and quotation marks around."""
    text = " ".join(answer.split())
    text = _LABEL.sub("", text)
    while len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES and not set(text[1:-1]) & {text[0]} - {"'", "’"}:
        text = text[1:-1].strip()
    return text


def most_words(plain: str, *, more: int) -> int:
    """The longest rewriting of an utterance, in words, of which `more` are for what a strategy adds."""
    return max(20, 2 * len(plain.split()) + 10) + more
