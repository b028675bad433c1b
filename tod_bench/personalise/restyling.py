"""Restyling a whole dialogue for another persona: the same-dialogue controls of Figure 5, and planted faults."""

from collections.abc import Iterator
from dataclasses import replace

from tod_bench.personalise.requests import system_request, user_request
from tod_bench.personalise.rows import row_key
from tod_bench.personalise.styled import StyledDialogue
from tod_bench.personalise.styling import Arm, ReviewText, SystemRequest
from tod_bench.records import Persona


def restyled(arm: Arm, styled: StyledDialogue, persona: Persona) -> StyledDialogue:
    """A dialogue as an arm restyles it for a persona, with the strategies and texts that its turns have."""
    split, plain = styled.split, styled.plain
    keys = [row_key(split, plain.id, turn.index) for turn in plain.turns]
    asked = (user_request(split, plain, place, persona, styled.emotion) for place in range(len(keys)))
    users = {request.key: text.text for request, text in arm.user(asked)}
    said = [users[key] for key in keys]
    systems = {request.key: text.text for request, text in arm.system(_system_requests(styled, persona, said))}
    turns = tuple(
        replace(turn, user=user, system=systems[key]) for key, turn, user in zip(keys, styled.turns, said, strict=True)
    )
    return replace(styled, persona=persona, turns=turns)


def _system_requests(styled: StyledDialogue, persona: Persona, said: list[str]) -> Iterator[SystemRequest]:
    for place, turn in enumerate(styled.turns):
        yield system_request(
            styled.split,
            styled.plain,
            place,
            persona,
            styled.emotion,
            said=said,
            strategy=turn.strategy,
            reviews=tuple(ReviewText(id, text) for id, text in turn.reviews.items()),
            venue=turn.venue,
        )
