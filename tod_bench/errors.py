"""Errors that a user can cause, told in one sentence."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """Something a user can mend; its text is one sentence: what is wrong, where, and what to do.

    The command line prints the text without a traceback and exits with 2.
    """


class MissingError(UserError):
    """Something that has to be supplied (a corpus's files, say) is not there; all else may be right."""


class DataError(UserError):
    """A record of a corpus or prediction file is unusable.

    Args:
        problem: What is wrong.
        file: The file.
        dialogue: The dialogue's id, where known.
        turn: The turn's index, where known.
    """

    def __init__(self, problem: str, *, file: str = "", dialogue: str = "", turn: int | None = None) -> None:
        place = [part for part in (file, f"dialogue {dialogue}" if dialogue else "") if part]
        if turn is not None:
            place.append(f"turn {turn}")
        super().__init__(f"{', '.join(place)}: {problem}" if place else problem)
        self.problem, self.file, self.dialogue, self.turn = problem, file, dialogue, turn


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the nearest choice, or an empty string where none is near."""
    near = get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
