"""The times that servers give their answers, in whatever unit they count."""

import math
import time
from datetime import datetime
from typing import Any

LATEST_SECOND = 1e11
"""A greater number of seconds since 1970 (the year 5138) is taken for milliseconds, or a finer unit."""


def normal_time(value: Any) -> float:
    """Seconds since 1970 of a server's ``created``: seconds, milliseconds or finer, a number in a text, an ISO date.

    Now, where it is none of these: the time of an answer is provenance, and no reason to lose the answer.
    """
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return _iso_time(value)
    if not math.isfinite(seconds) or seconds < 0:
        return time.time()
    while seconds > LATEST_SECOND:
        seconds /= 1000
    return seconds


def _iso_time(value: Any) -> float:
    try:
        return datetime.fromisoformat(value).timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        return time.time()
