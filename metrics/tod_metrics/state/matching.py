"""When a predicted value agrees with gold: exactly, by partial ratio, or by SGD's rule for the kind of slot."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from tod_metrics.dialogue.partial_ratio import partial_ratio
from tod_metrics.protocols import StateProtocol
from tod_metrics.state.slot_sets import Slots

Match: TypeAlias = Callable[[tuple[str, str], tuple[str, ...], str], float]
"""(domain, slot), acceptable values, predicted value -> agreement, 0 to 1."""

_NOT_A_WORD = re.compile(r"\W")

FUZZY_ABOVE = 95.0
"""Partial ratio, 0 to 100, that a value must exceed to match (MultiWOZ_Evaluation, `get_dst`)."""


def matcher(protocol: StateProtocol, schema: Slots) -> Match:
    """The matching rule of a protocol."""
    if protocol.match == "exact":
        return exact
    return partial if protocol.match == "partial_ratio" else sgd_rule(schema)


def exact(key: tuple[str, str], values: tuple[str, ...], predicted: str) -> float:  # noqa: ARG001
    """1 where the value is one of those listed."""
    return 1.0 if predicted in values else 0.0


def partial(key: tuple[str, str], values: tuple[str, ...], predicted: str) -> float:  # noqa: ARG001
    """1 where fuzzywuzzy's partial ratio with a value is above 95: ``5:15`` matches ``15:15``, ``no`` ``north``."""
    return 1.0 if any(_partial_ratio(value, predicted) > FUZZY_ABOVE for value in values) else 0.0


def sgd_rule(schema: Slots) -> Match:
    """SGD's rule: the first value exactly for categorical slots, else the best token-sort ratio / 100."""

    def match(key: tuple[str, str], values: tuple[str, ...], predicted: str) -> float:
        if schema.get(key[0], {}).get(key[1], False):
            return 1.0 if values[0] == predicted else 0.0
        return max(_token_sort_ratio(value, predicted) for value in values)

    return match


@lru_cache(maxsize=1 << 16)
def _partial_ratio(value: str, predicted: str) -> float:
    if not value or not predicted:
        return 0.0
    return partial_ratio(predicted, value)


_NOT_ASCII = dict.fromkeys(range(128, 256))
"""What fuzzywuzzy takes out of a text before it compares: it calls it forcing to ASCII, and stops at Latin-1."""


@lru_cache(maxsize=1 << 16)
def _token_sort_ratio(value: str, predicted: str) -> float:
    """The ratio as a whole percentage / 100, as fuzzywuzzy gives it; 1 for texts that have equal words."""
    from rapidfuzz import fuzz

    one, other = _sorted_words(value), _sorted_words(predicted)
    return 1.0 if one == other else round(fuzz.ratio(one, other)) / 100.0


def _sorted_words(text: str) -> str:
    plain = _NOT_A_WORD.sub(" ", text.translate(_NOT_ASCII)).lower()
    return " ".join(sorted(plain.split()))
