"""Responses by dialogue: a user is one a dialogue, so that is what metrics of personalisation read as one text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tod_metrics.items import ResponseItem


@dataclass(frozen=True, slots=True)
class WholeDialogue:
    """What is said to one user.

    Attributes:
        place: Place of the dialogue's first item.
        response: Its responses, a line each.
        reference: Its references, a line each.
        group: The attributes of its user.
        impression: The first impression of its user.
    """

    place: int
    response: str
    reference: str
    group: Mapping[str, str]
    impression: str


def whole_dialogues(items: Sequence[ResponseItem]) -> list[WholeDialogue]:
    """The dialogues of items, in the order of their first items; turns in order."""
    places: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        places.setdefault(item.dialogue_id, []).append(place)
    dialogues = []
    for of_dialogue in places.values():
        turns = sorted((items[place] for place in of_dialogue), key=lambda item: item.turn)
        first = items[of_dialogue[0]]
        response, reference = (
            joined([turn.response for turn in turns]),
            joined([turn.reference for turn in turns]),
        )
        dialogues.append(WholeDialogue(of_dialogue[0], response, reference, first.group, first.impression))
    return dialogues


def joined(responses: Sequence[str]) -> str:
    """The responses of a dialogue as one text, a line each; those without words are left out."""
    return "\n".join(text.strip() for text in responses if text.strip())
