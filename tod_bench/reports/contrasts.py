"""What a table subtracts from what: one corpus's numbers from another's, or one system's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tod_bench.experiments.config import EvalConfig
from tod_bench.reports.numbers import Number

Place: TypeAlias = tuple[str, str]
"""Labels of a system and of a corpus: whose numbers, and on what."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """A difference that a table shows, in one row or one of each kind.

    Attributes:
        system: What its rows have in the place of a system: the system, or the label of a difference between two.
        corpus: What they have in the place of a corpus: the corpus, or the two.
        first: Whose numbers are subtracted from.
        second: Whose numbers are subtracted.
        of_systems: Whether it is between systems on one corpus; else it is between corpora.
    """

    system: str
    corpus: str
    first: Place
    second: Place
    of_systems: bool

    @property
    def places(self) -> tuple[Place, Place]:
        """Both sides."""
        return self.first, self.second


DifferenceTests: TypeAlias = Mapping[tuple[Contrast, str, str], Number]
"""(contrast, label of the row, column) -> interval, p-value or the reason why there is none (see `differences`)."""


def contrasts(config: EvalConfig) -> Iterator[Contrast]:
    """The differences that a config's table shows: those between corpora, then those between systems."""
    for between in config.table.difference:
        corpora = f"{between.corpus} - {between.minus}"
        for system in config.systems:
            yield Contrast(system, corpora, (system, between.corpus), (system, between.minus), of_systems=False)
    for wanted in config.table.differences:
        label = wanted.label or f"{wanted.system} - {wanted.minus}"
        for corpus in config.compared_on(wanted):
            yield Contrast(label, corpus, (wanted.system, corpus), (wanted.minus, corpus), of_systems=True)
