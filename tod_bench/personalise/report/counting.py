"""Counts of a personalised corpus: dialogues by split, strategies, fallbacks, what was not restyled, emotions."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tod_bench.corpora.counts import turns_and_tokens
from tod_bench.personalise.styled import SIDES, StyledDialogue
from tod_bench.personalise.work import Work

PUBLISHED_EMOTIONS = {"positive": 50.92, "neutral": 52.44, "negative": 0.55}
"""PicPersona-TOD, Appendix B, as printed: they add to 103.91."""


def table1(dialogues: Iterable[StyledDialogue], kept: frozenset[str]) -> list[dict[str, Any]]:
    """Of each split: dialogues, those kept, and of these turns, utterances, tokens of restyled text, and personas."""
    rows: dict[str, dict[str, Any]] = {}
    images: dict[str, set[str]] = {}
    for styled in dialogues:
        row = rows.setdefault(
            styled.split, {"split": styled.split, "dialogues": 0, "kept": 0, "turns": 0, "utterances": 0, "tokens": 0}
        )
        row["dialogues"] += 1
        if styled.key in kept:
            row["kept"] += 1
            row["turns"] += len(styled.turns)
            row["utterances"] += turns_and_tokens(styled.plain)[0]
            row["tokens"] += sum(len(turn.said(side).split()) for turn in styled.turns for side in SIDES)
            images.setdefault(styled.split, set()).add(styled.persona.image)
    return [{**row, "personas": len(images.get(split, ()))} for split, row in rows.items()]


def unchanged(dialogues: Iterable[StyledDialogue]) -> dict[str, dict[str, int]]:
    """Of each side: utterances, and those that were not restyled."""
    counts = {side: {"utterances": 0, "unchanged": 0} for side in SIDES}
    for styled in dialogues:
        for side in SIDES:
            pairs = [pair for pair in styled.pairs(side) if pair[0].strip()]
            counts[side]["utterances"] += len(pairs)
            counts[side]["unchanged"] += sum(plain == text for plain, text in pairs)
    return {str(side): count for side, count in counts.items()}


def strategies(dialogues: Iterable[StyledDialogue]) -> dict[str, int]:
    """How often a system turn added what."""
    return _counted(turn.strategy for styled in dialogues for turn in styled.turns)


def fallbacks(work: Work, dialogues: Iterable[StyledDialogue]) -> dict[str, dict[str, Any]]:
    """Of each side: utterances by who wrote them in the end, and why the arm that was asked for did not."""
    written: dict[str, Counter[str]] = {side: Counter() for side in SIDES}
    reasons: dict[str, Counter[str]] = {side: Counter() for side in SIDES}
    for styled in dialogues:
        for number in range(len(styled.turns)):
            for side in SIDES:
                value = work.row(side, styled.split, styled.plain.id, styled.plain.turns[number].index).value
                written[side][value["by"]] += 1
                if value["fallback"]:
                    reasons[side][value["fallback"]] += 1
    return {
        side: {"by": _counted(written[side].elements()), "why": _counted(reasons[side].elements())} for side in SIDES
    }


def emotions(dialogues: Sequence[StyledDialogue]) -> dict[str, int]:
    """Dialogues by what their user feels."""
    return _counted(styled.emotion for styled in dialogues)


def shared_images(dialogues: Iterable[StyledDialogue]) -> int:
    """Images that personas of more than one split have."""
    splits: dict[str, set[str]] = {}
    for styled in dialogues:
        if styled.persona.image:
            splits.setdefault(styled.persona.image, set()).add(styled.split)
    return sum(len(of_image) > 1 for of_image in splits.values())


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0])))
