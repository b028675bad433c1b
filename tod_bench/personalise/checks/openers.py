"""Openers that praise or celebrate, which have no place where something went wrong.

"Wonderful! I am sorry, but there is no table at that time."
"""

import re
from collections.abc import Iterable

from tod_bench.personalise.checks.ontology import words_of
from tod_bench.records import Act

FAILURES = frozenset({"nobook", "nooffer", "notify_failure"})
"""Acts that say that something could not be found or booked."""

PRAISE = re.compile(
    r"\b(?:awesome|amazing|brilliant|congrat\w*|cool|delighted|delightful|excellent|excited|exciting|fabulous|fantastic"
    r"|glad|good news|great|happy|hooray|hurray|lovely|marvellous|marvelous|nice|perfect|pleased|splendid|super"
    r"|superb|sweet|terrific|woo+|woohoo|wonderful|yay|yippee)\b",
    re.IGNORECASE,
)
_FIRST_SENTENCE = re.compile(r"[^.!?…]*[.!?…]*")


def failed_turn(acts: Iterable[Act]) -> bool:
    """Whether the acts of a system turn say that something could not be found or booked."""
    return any(act.act.lower() in FAILURES for act in acts)


def misplaced_praise(text: str, plain: str, acts: Iterable[Act]) -> tuple[str, ...]:
    """Words of praise in the first sentence of a restyled system turn that fails, and not in the plain turn."""
    if not failed_turn(acts):
        return ()
    first = _FIRST_SENTENCE.match(text.strip())
    said = set(words_of(plain))
    praise = [found[0].lower() for found in PRAISE.finditer(first[0] if first else "")]
    return tuple(dict.fromkeys(word for word in praise if not said.issuperset(word.split())))
