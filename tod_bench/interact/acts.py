"""The acts that user and agent exchange, and short ways to make them.

| who | act | meaning |
|---|---|---|
| user | `inform` slot value | a wish or a booking detail; without a slot: something of the domain is wanted at all |
| user | `request` slot | wants to be told a slot; the domain's key (``name``, ``trainid``): wants an offer |
| user | `negate` | does not want what was offered |
| user | `thank`, `bye` | the end |
| agent | `request` slot | asks for a wish or a detail |
| agent | `recommend` key value | offers an entity |
| agent | `inform` slot value | tells something |
| agent | `nooffer` | nothing matches |
| agent | `book` ``ref`` value | a booking was made |
| agent | `nobook` slot value | a booking was refused |
| agent | `reqmore`, `bye` | what else; the end |
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from tod_bench.records import Act

DONTCARE: Final = "dontcare"
GENERAL: Final = "general"

act = lru_cache(maxsize=20_000)(Act)
"""An act; they are records, so the same one can stand in many turns."""


def inform(domain: str, slot: str = "", value: str = "") -> Act:
    """Tells a slot's value."""
    return act(domain, "inform", slot, value)


def request(domain: str, slot: str) -> Act:
    """Asks for a slot."""
    return act(domain, "request", slot, "")


def as_lists(acts: Sequence[Act]) -> list[list[str]]:
    """Acts as a record has them."""
    return [[one.domain, one.act, one.slot, one.value] for one in acts]


REQMORE: Final = Act(GENERAL, "reqmore")
THANK: Final = Act(GENERAL, "thank")
BYE: Final = Act(GENERAL, "bye")
