"""The semantic and the natural filter without a language model. They are rules of ours, and not the paper's filters.

    semantic  a protected value is lost (a yes or no among them), or the mean cosine of the plain and the restyled
              utterances of a side is below `LEAST_COSINE`
    natural   a phrase that opens turns comes again and again, a word is doubled, a greeting or a farewell is out of
              place, or an utterance is missing

What is in the plain text is never held against the restyled one.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from tod_bench.personalise.checks.dialogue import LostValues
from tod_bench.personalise.checks.ontology import words_of
from tod_bench.personalise.filters.asked import Verdict
from tod_bench.personalise.styled import SIDES, Side, StyledDialogue

LEAST_COSINE = 0.6
"""Mean cosine of plain and restyled utterances (MiniLM) below which a side says something else."""

MOST_OPENINGS = 3
"""How often one added phrase may open a side's turns; for long dialogues, every third turn."""

DOUBLED = frozenset(
    ("bye", "ha", "had", "no", "so", "that", "very", "really", "night", "long", "many", "far", "much", "ho", "hi")
)
"""Words that are doubled on purpose."""

_GREETING = re.compile(
    r"^(?:hello|hi|hey|hiya|good (?:morning|afternoon|day)|greetings|welcome)\b(?! to\b)", re.IGNORECASE
)
_FAREWELL = re.compile(r"\b(?:good ?bye|bye[- ]?bye|farewell|see you later|ta-ta)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?…]+[.!?…]*")


def semantic_verdict(styled: StyledDialogue, lost: LostValues, likeness: Mapping[Side, Sequence[float]]) -> Verdict:
    """Whether a dialogue passes the offline semantic filter.

    Args:
        styled: The dialogue.
        lost: Which protected values a text does not say.
        likeness: Of each side, the cosines of its plain and restyled utterances (`vectors.cosines`).
    """
    return _verdict(_semantic(styled, lost, likeness))


def natural_verdict(styled: StyledDialogue) -> Verdict:
    """Whether a dialogue passes the offline natural filter."""
    return _verdict(_natural(styled))


def _verdict(problems: Iterator[str]) -> Verdict:
    found = list(problems)
    return Verdict(not found, "", "; ".join(found))


def _semantic(styled: StyledDialogue, lost: LostValues, likeness: Mapping[Side, Sequence[float]]) -> Iterator[str]:
    for side in SIDES:
        for index, turn in enumerate(styled.turns):
            if lost(styled.plain, index, side, turn.said(side)):
                yield f"turn {index}, {side}: a protected value is lost"
        of_side = likeness[side]
        if of_side and (mean := sum(of_side) / len(of_side)) < LEAST_COSINE:
            yield f"{side}: mean cosine {mean:.2f} is below {LEAST_COSINE}"


def _natural(styled: StyledDialogue) -> Iterator[str]:
    last = len(styled.turns) - 1
    for side in SIDES:
        pairs = styled.pairs(side)
        openings: Counter[str] = Counter()
        for index, (plain, text) in enumerate(pairs):
            place = f"turn {index}, {side}"
            if bool(plain.strip()) != bool(text.strip()):
                yield f"{place}: an utterance is missing"
            if doubled := _doubled(text) - _doubled(plain):
                yield f"{place}: {sorted(doubled)[0]!r} stands twice in a row"
            if index and _GREETING.search(text.strip()) and not _GREETING.search(plain.strip()):
                yield f"{place}: a greeting in the middle"
            if index < last and _FAREWELL.search(text) and not _FAREWELL.search(plain):
                yield f"{place}: a farewell before the end"
            if opening := _added_opening(plain, text):
                openings[opening] += 1
        yield from _repeated(openings, side, len(pairs))


def _repeated(openings: Counter[str], side: Side, turns: int) -> Iterator[str]:
    for times in openings.values():
        if times > max(MOST_OPENINGS, turns // 3):
            yield f"{side}: one phrase opens {times} of {turns} turns"


def _added_opening(plain: str, text: str) -> str:
    """The first sentence in lower case, where the plain text does not have it; empty where it does."""
    first = _SENTENCE.match(text.strip())
    opening = " ".join(words_of(first[0])) if first else ""
    return "" if opening in " ".join(words_of(plain)) else opening


def _doubled(text: str) -> set[str]:
    words = re.findall(r"[^\W\d_]+(?:['’][^\W_]+)*|[^\w\s]|\d+", text.lower())
    return {word for word, after in pairwise(words) if word == after and word.isalpha() and word not in DOUBLED}
