"""How sure a model is of each value that it wrote: the probability that it gave to the value's tokens.

Probabilities are those of the answer's own tokens, one after the other. What cannot be found in the answer without
doubt is left out, as is everything where the tokens do not add up to the answer.
"""

import math
import re
from collections.abc import Mapping, Sequence
from itertools import accumulate

from tod_baselines.chat.recipe import PlainState, Reply

Confidence = Mapping[str, Mapping[str, float]]
"""Domain -> slot -> 0 to 1."""

_BETWEEN = r"""["'`]?\s*(?:,\s*["']?value["']?\s*)?(?::|=|==)\s*["'`]?"""
"""What stands between a slot and its value in JSON, SQL and Python."""


def confidence_after(
    replies: Sequence[Reply], state: PlainState, previous: PlainState, before: Confidence
) -> Confidence:
    """How sure the model is of a state.

    Args:
        replies: What it said.
        state: What was read of it.
        previous: The state of the turn before.
        before: How sure it was of that one; holds on for values that it did not write again.
    """
    sure: dict[str, dict[str, float]] = {}
    for domain, slots in state.items():
        for slot, value in slots.items():
            found = [each for reply in replies if (each := _probability(reply, domain, slot, value, state)) is not None]
            kept = before.get(domain, {}).get(slot) if previous.get(domain, {}).get(slot) == value else None
            best = found[-1] if found else kept
            if best is not None:
                sure.setdefault(domain, {})[slot] = best
    return sure


def _probability(reply: Reply, domain: str, slot: str, value: str, state: PlainState) -> float | None:
    """The probability of a value's tokens; None where the reply does not have the value exactly once."""
    if not reply.logprobs or "".join(token for token, _ in reply.logprobs) != reply.text:
        return None
    written = re.compile(rf"(?<!\w){_loosely(slot)}{_BETWEEN}({re.escape(value)})(?!\w)", re.IGNORECASE)
    places = [match.span(1) for match in written.finditer(reply.text)]
    if len(places) > 1:
        places = [place for place in places if _domain_before(reply.text, place[0], state) == domain]
    if len(places) != 1:
        return None
    (first, last), total = places[0], 0.0
    ends = list(accumulate(len(token) for token, _ in reply.logprobs))
    for (token, logprob), end in zip(reply.logprobs, ends, strict=True):
        if end - len(token) < last and first < end:
            total += logprob
    return math.exp(min(total, 0.0))


def _domain_before(text: str, place: int, domains: PlainState) -> str:
    """The domain that is named last before a place."""
    head = text[:place].lower()
    return max(domains, key=lambda domain: head.rfind(domain.lower()), default="")


def _loosely(name: str) -> str:
    """A pattern for a name with its blanks, underscores and hyphens interchangeable."""
    return r"[\s_-]*".join(map(re.escape, re.split(r"[\s_-]+", name)))
