"""Protected values that a restyled text does not say."""

from tod_bench.personalise.styled import Side
from tod_bench.records import Dialogue


def lost_values(dialogue: Dialogue, index: int, side: Side, text: str) -> tuple[str, ...]:
    """Protected values of a turn and side that a text does not say, as the plain text says them."""
    from tod_bench.personalise.protected import find_lost, protected_values

    before = dialogue.turns[index - 1] if index else None
    protected = protected_values(dialogue.turns[index], side, before)
    return tuple(dict.fromkeys(value.text for value in find_lost(protected, text)))
