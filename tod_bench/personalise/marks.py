"""Marks in place of protected values: ``a [1] hotel in the [2]``, which a model is to keep and which are put back."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tod_bench.personalise.styling import Protected

_MARK = re.compile(r"\[\s*(\d+)\s*\]")


@dataclass(frozen=True, slots=True)
class Marked:
    """A text with marks.

    Attributes:
        text: The text.
        values: What each mark stands for, the first mark's first.
    """

    text: str
    values: tuple[str, ...]

    @property
    def marks(self) -> tuple[str, ...]:
        """The marks, in order."""
        return tuple(f"[{number}]" for number in range(1, len(self.values) + 1))

    def problem(self, answer: str) -> str:
        """Which marks an answer has lost, repeated or made up, as a clause; empty where each stands there once."""
        found = [int(number) for number in _MARK.findall(answer)]
        wanted = range(1, len(self.values) + 1)
        lost = [f"[{number}]" for number in wanted if number not in found]
        twice = [f"[{number}]" for number in wanted if found.count(number) > 1]
        foreign = [f"[{number}]" for number in sorted(set(found)) if number not in wanted]
        clauses = ((lost, "missing"), (twice, "there more than once"), (foreign, "not in the line"))
        return "; ".join(
            f"{' '.join(marks)} {'is' if len(marks) == 1 else 'are'} {how}" for marks, how in clauses if marks
        )

    def put_back(self, answer: str) -> str:
        """An answer with the values in place of the marks."""
        return _MARK.sub(lambda mark: self.values[int(mark[1]) - 1], answer)


def marked(text: str, protected: Iterable[Protected]) -> Marked:
    """A text with a mark in place of each protected stretch; values that touch or overlap share one.

    A yes or a no is left to be read, since the line means nothing without, and so is a text that has marks of its own.
    """
    if _MARK.search(text):
        return Marked(text, ())
    stretches: list[tuple[int, int]] = []
    for start, end in sorted(
        (one.start, one.end) for one in protected if one.kind != "polarity" and one.start < one.end
    ):
        if stretches and start < stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
    pieces, last = [], 0
    for number, (start, end) in enumerate(stretches, 1):
        pieces += [text[last:start], f"[{number}]"]
        last = end
    return Marked("".join([*pieces, text[last:]]), tuple(text[start:end] for start, end in stretches))
