"""Entity F1 over responses: does the response name the entities that the reference names?

Entities are the values of a knowledge base or ontology, found in reference and response by their text. The literature
counts them in three ways, which are the protocols here:

| protocol    | entities found                     | counted                                                           |
|-------------|------------------------------------|-------------------------------------------------------------------|
| `tod_bench` | whole words, longest first         | micro over all turns (Eric and Manning 2017)                      |
| `glmp`      | whole words, longest first         | mean F1 over turns whose reference has an entity (Mem2Seq:        |
|             |                                    | Madotto et al. 2018; GLMP: Wu et al. 2019)                        |
| `maker`     | anywhere, longest first, each once | micro over turns whose reference has an entity (Q-TOD: Tian et    |
|             |                                    | al. 2022; MAKER: Wan et al. 2023)                                 |

Those systems also mend the text of single datasets (`5 pm` to `5pm`, "how many"), which is not done here.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from tod_metrics.base import FloatArray, Metric, Signature, percentage
from tod_metrics.dialogue.venues import SEARCHED, Database
from tod_metrics.items import ResponseItem

COLUMNS = frozenset(
    {
        *("name", "address", "phone", "postcode", "food", "area", "pricerange", "type", "entrancefee"),
        *("trainid", "departure", "destination", "day", "leaveat", "arriveby", "duration", "price"),
    }
)
"""Columns of MultiWOZ's tables whose values are entities."""

_NO_ENTITY = frozenset({"", "?", "yes", "no", "free", "unknown", "none"})
_WORD = re.compile(r"\w+|[^\w\s]")
_HEAD = 3


@dataclass(frozen=True)
class EntityF1(Metric[ResponseItem]):
    """F1 of the entities in responses against those in references, in %.

    Attributes:
        entities: The entities, in any case.
        database: Where `entities` is empty: the database whose values (columns in `COLUMNS`) are the entities.
        protocol: ``tod_bench``, ``glmp`` or ``maker``, as in the module's table.
    """

    entities: tuple[str, ...] = ()
    database: Database | None = None
    protocol: Literal["tod_bench", "glmp", "maker"] = "tod_bench"

    item: ClassVar[type] = ResponseItem
    name: ClassVar[str] = "entity_f1"
    protocols: ClassVar[tuple[str, ...]] = ("tod_bench", "glmp", "maker")
    columns: ClassVar[tuple[str, ...]] = ("tp", "fp", "fn", "f1", "turns")
    needs: ClassVar[tuple[str, ...]] = ("database",)

    @property
    def signature(self) -> Signature:
        """Protocol, number of entities, and where they come from."""
        source = "list" if self.entities else "database"
        return Signature(self.name, {"protocol": self.protocol, "entities": str(len(self._known)), "source": source})

    def statistics(self, items: Sequence[ResponseItem]) -> FloatArray:
        """True and false positives and false negatives, the turn's own F1, and whether its reference has an entity.

        Raises:
            ValueError: There is neither a list of entities nor a database.
        """
        find = self._anywhere if self.protocol == "maker" else self._whole_words
        rows = np.zeros((len(items), len(self.columns)))
        for row, item in zip(rows, items, strict=True):
            gold, ours = find(item.reference), find(item.response)
            if gold or self.protocol == "tod_bench":
                right, wrong, missed = len(gold & ours), len(ours - gold), len(gold - ours)
                f1 = 2.0 * right / (2.0 * right + wrong + missed) if gold else 0.0
                row[:] = right, wrong, missed, f1, bool(gold)
        return rows

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Micro F1, or the mean F1 over turns for ``glmp``; NaN where there is no entity at all."""
        if self.protocol == "glmp":
            return percentage(sums[..., 3], sums[..., 4])
        return percentage(2.0 * sums[..., 0], 2.0 * sums[..., 0] + sums[..., 1] + sums[..., 2])

    @cached_property
    def _known(self) -> frozenset[str]:
        if not self.entities and self.database is None:
            raise ValueError("entity_f1 needs a list of entities, or a corpus with a database to take them from")
        values = self.entities or _values(self.database)
        return frozenset(" ".join(value.lower().split()) for value in values) - _NO_ENTITY

    @cached_property
    def _by_word(self) -> dict[str, list[tuple[str, ...]]]:
        cut = sorted({tuple(_WORD.findall(entity)) for entity in self._known}, key=lambda words: (-len(words), words))
        by_first_word: dict[str, list[tuple[str, ...]]] = {}
        for words in cut:
            by_first_word.setdefault(words[0], []).append(words)
        return by_first_word

    @cached_property
    def _by_head(self) -> dict[str, list[str]]:
        by_head: dict[str, list[str]] = {}
        for entity in self._known:
            by_head.setdefault(entity[:_HEAD], []).append(entity)
        return by_head

    def _whole_words(self, text: str) -> frozenset[str]:
        words = tuple(_WORD.findall(text.lower()))
        entities, start = set(), 0
        while start < len(words):
            entity = next(
                (known for known in self._by_word.get(words[start], ()) if words[start : start + len(known)] == known),
                (),
            )
            if entity:
                entities.add(" ".join(entity))
            start += len(entity) or 1
        return frozenset(entities)

    def _anywhere(self, text: str) -> frozenset[str]:
        text = f" {text.lower()} "
        heads = {text[start : start + size] for start in range(len(text)) for size in range(1, _HEAD + 1)}
        candidates = [entity for head in heads for entity in self._by_head.get(head, ())]
        entities = set()
        for entity in sorted(candidates, key=lambda entity: (-len(entity), entity)):
            if entity in text:
                entities.add(entity)
                text = text.replace(entity, " ")
        return frozenset(entities)


def _values(database: Database | None) -> Iterable[str]:
    if database is None:
        return
    for domain in SEARCHED:
        for entry in database.query(domain, {}):
            for column, value in entry.items():
                if isinstance(value, str) and column.lower().replace(" ", "") in COLUMNS:
                    yield value
