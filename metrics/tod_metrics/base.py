"""What a metric is: statistics of each item, then an aggregate of their sum, under a signature.

A metric turns one item (a turn, or a dialogue) into a short vector of sufficient statistics. Scores, per-domain scores,
bootstrap intervals and paired tests are all functions of sums of those vectors, so they cannot disagree:

    items ──statistics──▶ matrix (items × k) ──sum over items──▶ vector (k) ──aggregate──▶ score

`Metric.aggregate` works on the last axis of an array of any shape: 10,000 bootstrap sums are scored in one call.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Generic, Literal, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Item = TypeVar("Item")

Annotation: TypeAlias = Literal["states", "frames", "acts", "responses", "goals", "spans", "personas"]
"""What a corpus may have gold of, that answers are held against."""

SIGNATURE_VERSION = "0.2.0"
"""Version of the definitions in this package; it moves whenever any number could."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a number means: a mapping, printed as sacreBLEU prints it (``jga|protocol:tod_bench|norm:detok|v:0.2.0``).

    Attributes:
        metric: The metric's name.
        options: Everything that could change the number, in a fixed order.
        version: Version of the definitions that it was computed by; empty where none is known.
    """

    metric: str
    options: Mapping[str, str] = field(default_factory=dict)
    version: str = SIGNATURE_VERSION

    def __str__(self) -> str:
        options = {**self.options, **({"v": self.version} if self.version else {})}
        return "|".join([self.metric, *(f"{key}:{_escaped(value)}" for key, value in options.items())])

    def __hash__(self) -> int:
        return hash((self.metric, frozenset(self.options.items()), self.version))

    @classmethod
    def parse(cls, text: str) -> "Signature":
        """The signature that was printed as a text."""
        metric, *parts = re.split(r"(?<!\\)\|", text)
        options = {key: value.replace(r"\|", "|") for key, _, value in (part.partition(":") for part in parts)}
        version = options.pop("v", "")
        return cls(metric, options, version)

    def placed(self, **where: str | int) -> "Signature":
        """The same signature with corpus, split, n and the like put before the metric's own options."""
        return replace(self, options={**{key: str(value) for key, value in where.items()}, **self.options})

    def without(self, *names: str) -> "Signature":
        """The same signature without some options, to compare what two numbers mean."""
        return replace(self, options={key: value for key, value in self.options.items() if key not in names})


def _escaped(value: str) -> str:
    return value.replace("|", r"\|")


class Metric(ABC, Generic[Item]):
    """A metric over items of one type; a class of its own derives from it, usually as a frozen dataclass.

    A class must say `item`, `name` and `columns`, and define `signature`, `statistics` and `aggregate`. Everything else
    has a default that fits most metrics.

    Attributes:
        item: The record type of `tod_metrics.items` that it scores.
        name: Short name, unique among metrics (``jga``, ``slot_f1``).
        columns: Name of each sufficient statistic.
        percent: Whether `aggregate` gives a percentage, 0 to 100.
        higher_is_better: Direction; None where neither is (readability, say).
        protocols: The protocols that it offers, the default first; empty for a metric without protocols.
        needs: Names of what the harness must hand to the constructor (``database``).
        libraries: Distributions whose versions decide the number: a result that was scored with others is scored anew.
        annotations: The gold annotations that it holds answers against (see `tod_bench.corpora.annotations`); None
            where they follow from `item`.
        denominator: The column that counts the items that took part; empty for all items.
        protocol: The protocol that it follows, as in ``jga@trade``.
        domain: The domain or service that it is restricted to; empty for all.
    """

    item: ClassVar[type]
    name: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    percent: ClassVar[bool] = True
    higher_is_better: ClassVar[bool | None] = True
    protocols: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    libraries: ClassVar[tuple[str, ...]] = ()
    annotations: ClassVar[tuple[Annotation, ...] | None] = None
    denominator: ClassVar[str] = ""

    protocol: str = "tod_bench"
    domain: str = ""

    def __post_init__(self) -> None:
        """Refuses a protocol that the metric does not offer; a dataclass calls it after its fields are set."""
        if self.protocols and self.protocol not in self.protocols:
            raise ValueError(
                f"{self.name} has no protocol {self.protocol!r}; choose one of {', '.join(self.protocols)}"
            )

    @property
    def by_domain(self) -> bool:
        """Whether a score sheet has a row for every domain, by `of_domain`."""
        return False

    @property
    def batchable(self) -> bool:
        """Whether statistics of batches of whole dialogues add up to those of the corpus."""
        return True

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that a reader needs beside the signature."""
        return ()

    def remarks(self, items: Sequence[Item]) -> tuple[str, ...]:  # noqa: ARG002
        """Sentences that a reader needs beside the score of these items: what was left out, why it is undefined."""
        return ()

    @property
    @abstractmethod
    def signature(self) -> Signature:
        """Everything that could change the number."""

    @abstractmethod
    def statistics(self, items: Sequence[Item]) -> FloatArray:
        """Sufficient statistics, shape (items, len(columns))."""

    @abstractmethod
    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Scores of summed statistics: shape (..., len(columns)) to (...). Undefined scores are NaN."""

    def score(self, items: Sequence[Item]) -> float:
        """The score of all items together; NaN where it is undefined."""
        return float(self.aggregate(self.statistics(items).sum(axis=0)))

    def resolved(self, items: Sequence[Item]) -> Self:  # noqa: ARG002
        """The metric with each option that was left open (``auto``) settled by what the items have."""
        return self

    def of_domain(self, domain: str) -> Self:
        """The metric restricted to a domain; for dataclasses with a field `domain`."""
        return replace(self, domain=domain)  # type: ignore[type-var]


class CorpusMetric(Metric[Item]):
    """A metric whose score is no function of summed statistics, such as a number of types or an entropy."""

    columns: ClassVar[tuple[str, ...]] = ()

    @property
    def batchable(self) -> bool:
        """Never: it looks at the whole corpus at once."""
        return False

    @abstractmethod
    def score_corpus(self, items: Sequence[Item]) -> float:
        """The score of all items together; NaN where it is undefined."""

    def leave_one_out(self, items: Sequence[Item]) -> FloatArray | None:  # noqa: ARG002
        """The score without each dialogue in turn, for a jackknife; None for a metric that no resampling fits."""
        return None

    def score(self, items: Sequence[Item]) -> float:
        """As `score_corpus`."""
        return self.score_corpus(items)

    def statistics(self, items: Sequence[Item]) -> FloatArray:  # noqa: ARG002
        """Refused.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f"{self.name} looks at the whole corpus at once; there are no statistics of single items")

    def aggregate(self, sums: FloatArray) -> FloatArray:  # noqa: ARG002
        """Refused, as `statistics`."""
        return self.statistics(())


class Pool(ABC):
    """The units of a `PooledMetric`, each of a dialogue.

    Attributes:
        clusters: Number of dialogues.
    """

    clusters: int

    @abstractmethod
    def __len__(self) -> int:
        """Number of units."""

    @abstractmethod
    def only(self, places: Sequence[int]) -> Self:
        """The units of some dialogues, which are numbered anew in the order given."""

    @abstractmethod
    def beside(self, other: Self) -> Self:
        """The units of both, the dialogues of the other numbered after these: two systems in one pool."""

    def equals(self, other: Self) -> bool:  # noqa: ARG002
        """Whether the units of both are the same, dialogue by dialogue; False where a pool cannot tell."""
        return False


PoolType = TypeVar("PoolType", bound=Pool)


class PooledMetric(CorpusMetric[Item], Generic[Item, PoolType]):
    """A corpus metric that resampling of dialogues fits: its score follows from how often each dialogue is counted.

    AUROC is one: it compares units of different dialogues, so it is no function of sums, but dialogues that are drawn
    twice can be counted twice.

    Attributes:
        biased: Whether the score is biased, so that its interval is the draws reflected at the score (``basic``).
        lowest: The least score that there is; an interval does not go below.
    """

    biased: ClassVar[bool] = False
    lowest: ClassVar[float] = float("-inf")

    @abstractmethod
    def pool(self, items: Sequence[Item], cluster: Sequence[int], clusters: int) -> PoolType:
        """The units of items.

        Args:
            items: The items.
            cluster: The dialogue of each item, numbers from 0.
            clusters: Number of dialogues.
        """

    @abstractmethod
    def of_pool(self, pool: PoolType, counts: NDArray[Any]) -> FloatArray:
        """Scores of how often each dialogue is counted: shape (draws, clusters) to (draws,). Undefined ones are NaN."""

    def score_corpus(self, items: Sequence[Item]) -> float:
        """The score of all items, each counted once."""
        pool = self.pool(items, [0] * len(items), 1)
        return float(self.of_pool(pool, np.ones((1, 1)))[0])


def ratio(numerator: FloatArray, denominator: FloatArray, *, empty: float = float("nan")) -> FloatArray:
    """Element-wise ``numerator / denominator``, with `empty` where the denominator is 0."""
    safe = np.where(denominator == 0, 1.0, denominator)
    return np.where(denominator == 0, empty, numerator / safe)


def percentage(numerator: FloatArray, denominator: FloatArray, *, empty: float = float("nan")) -> FloatArray:
    """`ratio` times 100, with `empty` (on the scale of 100) where the denominator is 0."""
    return ratio(100.0 * numerator, denominator, empty=empty)
