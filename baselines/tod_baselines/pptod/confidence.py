"""How sure a model is of each value that it wrote: the probability of the value's tokens, given all before them.

text       [hotel] (area) north (stars) 4         tokens    ...  ▁no   rth   ...  ▁4
places             area 15:20   stars 29:30       log p     ...  -.1   -.2   ...  -.7
confidence         area exp(-.3)                            stars exp(-.7)
"""

import math
from collections.abc import Callable, Mapping, Sequence

Places = Mapping[tuple[str, str], tuple[int, int]]
"""(domain, slot) -> first character of the value in a text, and one past its last."""


def confidence_of(
    state: Mapping[str, Mapping[str, str]],
    places: Places,
    ids: Sequence[int],
    log_probs: Sequence[float],
    read: Callable[[Sequence[int]], str],
) -> dict[str, dict[str, float]]:
    """The probability of each value of a state.

    Args:
        state: The state; slots whose place is not known are left out.
        places: Where its values stand in the text.
        ids: The tokens of the text.
        log_probs: The natural logarithm of each token's probability, given the tokens before it.
        read: The text of some tokens; that of the first few must be the beginning of that of all.

    Returns:
        Domain -> slot -> probability, 0 to 1.
    """
    ends = [len(read(ids[: count + 1])) for count in range(len(ids))]
    text, starts = read(ids), [0, *ends[:-1]]
    spans = list(zip(starts, ends, log_probs, strict=False))  # the end has a probability, and may have no token here
    # A word that is no token of its own may begin with a token for the blank before it.
    blanks = {end: value for start, end, value in spans if start < end and text[start:end].isspace()}
    found: dict[str, dict[str, float]] = {}
    for domain, slots in state.items():
        for slot in slots:
            if (domain, slot) in places:
                first, last = places[domain, slot]
                summed = sum(value for start, end, value in spans if start < last and end > first)
                summed += blanks.get(first, 0.0)
                found.setdefault(domain, {})[slot] = min(1.0, math.exp(summed))
    return found
