"""A dialogue with its restyled utterances side by side: what checks, filters and the report look at."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from tod_bench.personalise.rows import row_key
from tod_bench.personalise.styling import StrategyKind
from tod_bench.personalise.work import Work
from tod_bench.records import Dialogue, Persona

Side: TypeAlias = Literal["user", "system"]

SIDES: tuple[Side, ...] = ("user", "system")

FROM_TEXTS: frozenset[StrategyKind] = frozenset({"review", "wiki"})
"""Strategies that draw on texts about a venue."""


@dataclass(frozen=True, slots=True)
class StyledTurn:
    """The restyled utterances of a turn.

    Attributes:
        user: The user's.
        system: The system's.
        strategy: What the system's adds.
        venue: The venue that its texts are of; empty without.
        reviews: The texts themselves, by id.
    """

    user: str
    system: str
    strategy: StrategyKind = "none"
    venue: str = ""
    reviews: Mapping[str, str] = field(default_factory=dict)

    def said(self, side: Side) -> str:
        """The utterance of a side."""
        return self.user if side == "user" else self.system


@dataclass(frozen=True, slots=True)
class StyledDialogue:
    """A dialogue and how it was restyled.

    Attributes:
        split: The split that it is written into.
        plain: The dialogue as it was.
        persona: Who the user is.
        emotion: What the user feels.
        turns: Its restyled turns, one for each of the plain ones.
    """

    split: str
    plain: Dialogue
    persona: Persona
    emotion: str
    turns: tuple[StyledTurn, ...]

    @property
    def key(self) -> str:
        """Its key, as of rows."""
        return row_key(self.split, self.plain.id)

    def pairs(self, side: Side) -> list[tuple[str, str]]:
        """Plain and restyled utterance of each turn; both are empty where a side says nothing."""
        plain = (turn.user if side == "user" else turn.system for turn in self.plain.turns)
        return list(zip(plain, (turn.said(side) for turn in self.turns), strict=True))


def persona_of(pair: Mapping[str, Any]) -> Persona:
    """The persona of a row of the stage ``pairs``."""
    return Persona(
        image=pair["image"],
        impression=pair["impression"],
        age=pair["age"],
        gender=pair["gender"],
        formality=pair["formality"],
        emotion=pair["image_emotion"],
    )


def styled_dialogue(work: Work, split: str, dialogue: Dialogue) -> StyledDialogue:
    """A dialogue with what the stages made of it.

    Raises:
        KeyError: A stage has not been there.
    """
    pair = work.row("pairs", split, dialogue.id).value
    turns = []
    for turn in dialogue.turns:
        user, system, added = (
            work.row(stage, split, dialogue.id, turn.index).value for stage in ("user", "system", "reviews")
        )
        reviews = {str(review["id"]): str(review["text"]) for review in added["reviews"]}
        turns.append(StyledTurn(user["text"], system["text"], added["strategy"], added["venue"], reviews))
    return StyledDialogue(split, dialogue, persona_of(pair), str(pair["emotion"]), tuple(turns))


def styled_dialogues(work: Work, wanted: Container[str] | None = None) -> Iterator[StyledDialogue]:
    """Every dialogue that was paired, with what the stages made of it.

    Args:
        work: The corpus.
        wanted: Keys of the dialogues to take; None for all.
    """
    for split, dialogue in work.dialogues():
        key = row_key(split, dialogue.id)
        if (wanted is None or key in wanted) and work.files["pairs"].get(key) is not None:
            yield styled_dialogue(work, split, dialogue)
