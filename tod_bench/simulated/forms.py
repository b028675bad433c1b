"""How each value of each slot is put into words: the forms of ``phrases/values.yaml``, filled in."""

from functools import cache
from typing import Final, NamedTuple

from tod_bench.simulated.marks import mark
from tod_bench.simulated.phrase_tables import phrase_table

_NUMBERS: Final = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


class Forms(NamedTuple):
    """The marked forms of a value at a place: the canonical one, the other ones, and those held out of train."""

    canonical: str
    others: tuple[str, ...]
    unseen: tuple[str, ...]


@cache
def forms(domain: str, slot: str, value: str, place: str) -> Forms | None:
    """The marked forms of a value, or None where it cannot stand at that place."""
    table = phrase_table("values")[slot]
    templates = table.get("own", {}).get(value, table.get("forms", {})).get(place)
    if not templates:
        return None
    words = {"value": value, "title": value.title(), **table.get("words", {}).get(value, {})}
    if value.isdigit():
        words["number"] = _NUMBERS[int(value)]
    clocks = _clock_forms(value) if "{clock}" in templates[0] else ("",)
    texts = [template.format(clock=clock, **words) for clock in clocks for template in templates]
    seen = [mark(domain, slot, value, text) for text in texts if not text.startswith("*")]
    unseen = [mark(domain, slot, value, text[1:]) for text in texts if text.startswith("*")]
    return Forms(seen[0], tuple(seen[1:]) or (seen[0],), tuple(unseen))


def _clock_forms(value: str) -> tuple[str, ...]:
    """Ways to say a time of the 24-hour clock; words without a part of the day mean noon or later."""
    hour, minute = int(value[:2]), int(value[3:])
    short, half = (hour - 1) % 12 + 1, "am" if hour < 12 else "pm"
    digits = (value, f"{short}:{minute:02} {half}" if minute else f"{short} {half}")
    spoken = {
        0: f"{_NUMBERS[short]} o'clock",
        15: f"quarter past {_NUMBERS[short]}",
        30: f"half past {_NUMBERS[short]}",
        45: f"quarter to {_NUMBERS[short % 12 + 1]}",
    }.get(minute, value)
    return (*digits, f"{spoken} in the morning" if hour < 12 else spoken)
