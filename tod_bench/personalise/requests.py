"""What an arm is asked of a turn, whoever the persona is and wherever its strategy comes from."""

from collections.abc import Sequence

from tod_bench.personalise.protected import protected_values
from tod_bench.personalise.rows import row_key
from tod_bench.personalise.styling import ReviewText, StrategyKind, SystemRequest, UserRequest
from tod_bench.records import Dialogue, Persona
from tod_bench.tasks import progress_of


def user_request(split: str, dialogue: Dialogue, place: int, persona: Persona, emotion: str) -> UserRequest:
    """What is asked of the arm for the user utterance at a place of a plain dialogue."""
    turn, before = dialogue.turns[place], dialogue.turns[place - 1] if place else None
    return UserRequest(
        key=row_key(split, dialogue.id, turn.index),
        text=turn.user,
        before=before.system if before else "",
        persona=persona,
        emotion=emotion,
        progress=progress_of(dialogue, turn),
        acts=turn.user_acts,
        protected=protected_values(turn, "user", before),
    )


def system_request(
    split: str,
    dialogue: Dialogue,
    place: int,
    persona: Persona,
    emotion: str,
    *,
    said: Sequence[str],
    strategy: StrategyKind,
    reviews: tuple[ReviewText, ...],
    venue: str,
) -> SystemRequest:
    """What is asked of the arm for the system utterance at a place of a plain dialogue.

    Args:
        split: The split that the dialogue is written into.
        dialogue: The plain dialogue.
        place: The turn's place in it, from 0.
        persona: Who is spoken to.
        emotion: What the dialogue's user feels.
        said: The restyled user utterance of every turn.
        strategy: What the answer adds.
        reviews: What it draws on.
        venue: The venue that they are of; empty without.
    """
    turn, before = dialogue.turns[place], dialogue.turns[place - 1] if place else None
    return SystemRequest(
        key=row_key(split, dialogue.id, turn.index),
        text=turn.system,
        user=said[place],
        next_user=said[place + 1] if place + 1 < len(said) else "",
        persona=persona,
        emotion=emotion,
        progress=progress_of(dialogue, turn),
        acts=turn.acts,
        protected=protected_values(turn, "system", before),
        strategy=strategy,
        reviews=reviews,
        venue=venue,
    )
