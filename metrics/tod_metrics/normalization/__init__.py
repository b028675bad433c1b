"""Value normalisers, each named after what it does or whose it is; the first three are cumulative.

| name      | does                                                                                   |
|-----------|----------------------------------------------------------------------------------------|
| `strict`  | lower case, blanks collapsed, spellings of absence and of dontcare united               |
| `trade`   | strict, and TRADE's rewriting and label repair (MultiWOZ's slots only)                  |
| `detok`   | trade, and tokenisation undone                                                          |
| `fuzzy`   | detok, and values match by partial ratio above 95: named, and never the default         |
| `mwzeval` | strict, and MultiWOZ_Evaluation's canonical names, foods, types and times               |
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from tod_metrics.normalization.mwzeval import mwzeval
from tod_metrics.normalization.slots import MULTIWOZ_SLOTS, MULTIWOZ_UNSCORED, canonical_slot
from tod_metrics.normalization.values import detok, strict, trade

Normaliser: TypeAlias = Callable[[str, str, str], str]
"""(domain, slot, value) to a comparable value; ``""`` for absent, ``none`` for an explicit none."""

NORMALISERS: Mapping[str, Normaliser] = {
    "detok": detok,
    "fuzzy": detok,
    "mwzeval": mwzeval,
    "strict": strict,
    "trade": trade,
}
"""Name -> normaliser; `fuzzy` normalises as `detok` does and differs in how two values are matched."""

__all__ = [
    "MULTIWOZ_SLOTS",
    "MULTIWOZ_UNSCORED",
    "NORMALISERS",
    "Normaliser",
    "canonical_slot",
    "detok",
    "mwzeval",
    "strict",
    "trade",
]
