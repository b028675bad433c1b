"""Dialogues whose speakers need not take turns: utterances as turns of a user and a system."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeVar

Utterance = TypeVar("Utterance")
Side = Literal["user", "system"]


def loose_pairs(
    utterances: Iterable[Utterance], side: Callable[[Utterance], Side]
) -> Iterator[tuple[Utterance | None, Utterance | None]]:
    """The utterances as (user, system) pairs; one without its counterpart makes a pair whose other half is None.

    No utterance is joined with another, so that their number stays what it is.

    Args:
        utterances: The utterances in order.
        side: Whose an utterance is.
    """
    user: Utterance | None = None
    for utterance in utterances:
        if side(utterance) == "user":
            if user is not None:
                yield user, None
            user = utterance
        else:
            yield user, utterance
            user = None
    if user is not None:
        yield user, None
