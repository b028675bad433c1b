"""Restyling a whole dialogue for another persona: the same-dialogue controls of Figure 5, and planted faults."""

from collections.abc import Iterator
from dataclasses import replace

from tod_bench.personalise.protected import protected_values
from tod_bench.personalise.styled import Side, StyledDialogue, StyledTurn
from tod_bench.personalise.styling import Arm, Progress, Protected, ReviewText, SystemRequest, UserRequest
from tod_bench.records import Persona


def restyled(arm: Arm, styled: StyledDialogue, persona: Persona) -> StyledDialogue:
    """A dialogue as an arm restyles it for a persona, with the strategies and texts that its turns have."""
    users = {request.key: text.text for request, text in arm.user(_user_requests(styled, persona))}
    said = [users[_key(styled, number)] for number in range(len(styled.turns))]
    systems = {request.key: text.text for request, text in arm.system(_system_requests(styled, persona, said))}
    turns = tuple(
        replace(turn, user=said[number], system=systems[_key(styled, number)])
        for number, turn in enumerate(styled.turns)
    )
    return replace(styled, persona=persona, turns=turns)


def progress_of(number: int, turns: int) -> Progress:
    """Where in a dialogue a turn stands."""
    if number == 0:
        return "start"
    return "end" if number == turns - 1 else "middle"


def _user_requests(styled: StyledDialogue, persona: Persona) -> Iterator[UserRequest]:
    for number, turn in enumerate(styled.plain.turns):
        yield UserRequest(
            key=_key(styled, number),
            text=turn.user,
            before=styled.plain.turns[number - 1].system if number else "",
            persona=persona,
            emotion=styled.emotion,
            progress=progress_of(number, len(styled.turns)),
            acts=turn.user_acts,
            protected=_protected(styled, number, "user"),
        )


def _system_requests(styled: StyledDialogue, persona: Persona, said: list[str]) -> Iterator[SystemRequest]:
    for number, (plain, turn) in enumerate(zip(styled.plain.turns, styled.turns, strict=True)):
        yield SystemRequest(
            key=_key(styled, number),
            text=plain.system,
            user=said[number],
            next_user=said[number + 1] if number + 1 < len(said) else "",
            persona=persona,
            emotion=styled.emotion,
            progress=progress_of(number, len(styled.turns)),
            acts=plain.acts,
            protected=_protected(styled, number, "system"),
            strategy=turn.strategy,
            reviews=_reviews(turn),
            venue=turn.venue,
        )


def _protected(styled: StyledDialogue, number: int, side: Side) -> tuple[Protected, ...]:
    turns = styled.plain.turns
    return protected_values(turns[number], side, turns[number - 1] if number else None)


def _reviews(turn: StyledTurn) -> tuple[ReviewText, ...]:
    return tuple(ReviewText(id, text) for id, text in turn.reviews.items())


def _key(styled: StyledDialogue, number: int) -> str:
    return f"{styled.key}/{styled.plain.turns[number].index}"
