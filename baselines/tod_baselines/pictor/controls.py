"""Controls: what a trained model is given is changed, and the model is not.

A model that does not use what it is given scores the same with that of somebody else. So the users of all turns that
are asked about are put in a circle, in an order that the seed decides, and each has the picture (or the first
impression) of the next one: everybody has somebody else's, and everybody's is used once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from tod_bench.errors import UserError
from tod_bench.records import Persona
from tod_bench.systems import TurnInput


def controlled(turns: Sequence[TurnInput], control: str, seed: int) -> list[TurnInput]:
    """The turns with the pictures or impressions of other users, where the control says so.

    Args:
        turns: All turns of a split that are asked about: the circle is of their users.
        control: ``shuffled_images``, ``shuffled_impressions``, or one that leaves them as they are.
        seed: Seed of the circle.

    Raises:
        UserError: There are fewer than two users to shuffle.
    """
    changed = {"shuffled_images": "image", "shuffled_impressions": "impression"}.get(control)
    if changed is None:
        return list(turns)
    others = _next_ones(turns, control, seed)
    return [
        replace(turn, persona=replace(turn.persona, **{changed: getattr(others[turn.persona], changed)}))
        if turn.persona
        else turn
        for turn in turns
    ]


def _next_ones(turns: Sequence[TurnInput], control: str, seed: int) -> Mapping[Persona, Persona]:
    """Each user -> the next one of the circle."""
    users = sorted({turn.persona for turn in turns if turn.persona}, key=repr)
    if len(users) < 2:
        raise UserError(f"pictor: control: {control} needs two users with different personas, and there is only one")
    Random(seed).shuffle(users)
    return dict(zip(users, [*users[1:], users[0]], strict=True))
