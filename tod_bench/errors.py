"""Errors that a user can cause, told in one sentence."""

from collections.abc import Iterable
from difflib import get_close_matches

from tod_metrics.errors import MissingExtraError, UserError, extra_needed

__all__ = [
    "DataError",
    "MissingError",
    "MissingExtraError",
    "UserError",
    "did_you_mean",
    "extra_needed",
    "printable",
]


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
        # Ids and values are other people's text: a line break in one must not look like a second message.
        super().__init__(printable(f"{', '.join(place)}: {problem}" if place else problem, lines=False))
        self.problem, self.file, self.dialogue, self.turn = problem, file, dialogue, turn


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the nearest choice, or an empty string where none is near."""
    near = get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def printable(text: str, *, lines: bool = True) -> str:
    r"""Text that cannot steer a terminal: what is not printable is written as an escape (``\x1b``, ``\u202e``).

    Args:
        text: The text.
        lines: Whether line breaks are kept.
    """
    if text.isprintable():
        return text
    kept = "\n" if lines else ""
    return "".join(one if one.isprintable() or one in kept else one.encode("unicode_escape").decode() for one in text)
