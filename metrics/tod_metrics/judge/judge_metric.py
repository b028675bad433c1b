"""What all judge metrics share: they score items with ratings, which only a judge or people can give."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from tod_metrics.base import FloatArray, Metric, Signature
from tod_metrics.judge.ratings import JudgedItem, Rating


class JudgeMetric(Metric[JudgedItem]):
    """A metric over `JudgedItem`: what each rating adds to the statistics of its item, then an aggregate of their sum.

    A metric with a column ``unscored`` counts the ratings that have no value there, and never as a number.
    """

    item = JudgedItem
    higher_is_better: ClassVar[bool | None] = None

    @property
    def signature(self) -> Signature:
        """The metric's part of the signature."""
        return Signature(self.name)

    @abstractmethod
    def counts(self, rating: Rating) -> Sequence[float]:
        """What one rating adds to the statistics of its item, one number a column."""

    def statistics(self, items: Sequence[JudgedItem]) -> FloatArray:
        """Sufficient statistics, shape (items, len(columns))."""
        table = np.zeros((len(items), len(self.columns)))
        for place, item in enumerate(items):
            for rating in item.ratings:
                table[place] += self.counts(rating)
        return table

    def column(self, sums: FloatArray, *names: str) -> FloatArray:
        """The sum of some columns: shape (..., len(columns)) to (...); a column that there is not counts nothing."""
        places = [place for place, name in enumerate(self.columns) if name in names]
        return np.asarray(sums[..., places].sum(axis=-1))

    def asked(self, sums: FloatArray) -> FloatArray:
        """How many ratings there should be, unscored ones included."""
        return self.column(sums, self.denominator, "unscored")

    def bounds(self, sums: FloatArray) -> tuple[float, float] | None:  # noqa: ARG002
        """The score if every unscored rating were the worst, and the best; None where that is not defined."""
        return None


def family(
    base: type[Any], members: Sequence[str], option: str, describe: Callable[[str], str]
) -> dict[str, type[Any]]:
    """The metrics of a family, one a member: ``{base.name}_{member}``.

    Args:
        base: Their class, whose class variable `option` says which member it is.
        members: The members.
        option: The class variable.
        describe: A member's line of documentation.
    """
    return {
        f"{base.name}_{member}": type(
            f"{base.__name__}_{member}",
            (base,),
            {
                option: member,
                "name": f"{base.name}_{member}",
                "__doc__": describe(member),
                "__module__": base.__module__,
            },
        )
        for member in members
    }
