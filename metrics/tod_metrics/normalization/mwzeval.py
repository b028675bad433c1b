"""The value canonicalisation of MultiWOZ_Evaluation (Nekvinda and Dušek 2021), `mwzeval/normalization.py`.

That script maps venue names, foods, types, times and yes/no onto the spelling of the databases, in gold and prediction
alike. The facts are restated as tables; slots that it does not name keep their value.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from tod_metrics.normalization.values import strict

TYPES: Mapping[str, str] = {
    "swimming pool": "swimmingpool",
    "mutliple sports": "multiple sports",
    "night club": "nightclub",
    "guest house": "guesthouse",
}

NAMES: Mapping[str, str] = {
    "hotel du vin bistro": "hotel du vin and bistro",
    "the river bar and grill": "the river bar steakhouse and grill",
    "nando's": "nandos",
    "city center b and b": "city center north b and b",
    "acorn house": "acorn guest house",
    **dict.fromkeys(("caffee uno", "cafe uno"), "caffe uno"),
    "rosa's": "rosas bed and breakfast",
    **dict.fromkeys(
        ("restaurant called two two", "restaurant 2 two", "restaurant two 2", "restaurant 2 2"), "restaurant two two"
    ),
    **dict.fromkeys(("restaurant 1 7", "restaurant 17"), "restaurant one seven"),
    "lime house": "limehouse",
    "cityrooms": "cityroomz",
    "whale of time": "whale of a time",
    "huntingdon hotel": "huntingdon marriott hotel",
    "holiday inn exlpress, cambridge": "express by holiday inn cambridge",
    "university hotel": "university arms hotel",
    **dict.fromkeys(("arbury guesthouse and lodge", "arbury guesthouse"), "arbury lodge guesthouse"),
    "bridge house": "bridge guest house",
    "nandos in the city centre": "nandos city centre",
    "broughton gallery": "broughton house gallery",
    "scudamores punt co": "scudamores punting co",
    "the junction": "junction theatre",
    "trinity street college": "trinity college",
    **dict.fromkeys(("christ college", "christs"), "christ's college"),
    "history of science museum": "whipple museum of the history of science",
    "parkside pools": "parkside swimming pool",
    **dict.fromkeys(
        ("cambridge botanic gardens", "the botanical gardens at cambridge university"),
        "cambridge university botanic gardens",
    ),
    "cafe jello museum": "cafe jello gallery",
}

FOODS: Mapping[str, str] = {
    "eriterean": "mediterranean",
    **dict.fromkeys(("brazilian", "portugese"), "portuguese"),
    "sea food": "seafood",
    **dict.fromkeys(("modern american", "americas"), "north american"),
    **dict.fromkeys(("intalian", "italain"), "italian"),
    "asian or oriental": "asian",
    **dict.fromkeys(("english", "brutish", "bristish"), "british"),
    "australasian": "australian",
    "gastropod": "gastropub",
    "europeon": "european",
}

TIMES: Mapping[str, str] = {
    "afternoon": "13:00",
    **dict.fromkeys(("lunch", "noon", "mid-day", "around lunch time"), "12:00"),
    "morning": "08:00",
    "seven o'clock tomorrow evening": "07:00",
    "three forty five p.m": "15:45",
    "one thirty p.m.": "13:30",
    "six fourty five": "06:45",
    "eight thirty": "08:30",
    "": "00:00",
}

_LEAD = re.compile(r"^(?:by.|after|afer)\s*")
_HALF = re.compile(r"\s*(am|a\.m\.|pm|p\.m\.)$")


@lru_cache(maxsize=1 << 16)
def mwzeval(domain: str, slot: str, value: str) -> str:
    """A state value as MultiWOZ_Evaluation has it before it compares; absence is judged as in `strict`."""
    return database_value(slot, strict(domain, slot, value))


def database_value(slot: str, value: str) -> str:
    """A lower-case value in the spelling of MultiWOZ's databases."""
    if slot in ("name", "destination", "departure"):
        name = value.replace(" & ", " and ").replace("&", " and ").replace(" '", "'")
        return NAMES.get(name, name)
    if slot in ("arriveby", "leaveat", "book time"):
        return database_time(value)
    if slot in ("parking", "internet"):
        return "yes" if value == "free" else value
    table = {"type": TYPES, "food": FOODS}.get(slot, {})
    return table.get(value, value)


def database_time(text: str) -> str:
    """A time as ``HH:MM``, where it can be read as one."""
    if text in TIMES:
        return TIMES[text]
    if text.startswith(("one o'clock p.m", "ten o'clock a.m")):
        return "13:00" if text.startswith("one") else "10:00"
    text = _LEAD.sub("", text)
    half = _HALF.search(text)
    text = _HALF.sub("", text)
    hours, colon, minutes = text.partition(":")
    if half and half.group(1).startswith("p") and hours.isdigit():
        return f"{int(hours) + 12}:{minutes if colon else '00'}"
    return _clock(text.rstrip(".,?") if text[-1:] in (".", ",", "?") else text)


def _clock(text: str) -> str:
    if text.isdigit():
        return f"{text[:2]}:{text[2:]}" if len(text) == 4 else f"{text.zfill(2)}:00"
    text = text.replace(" ", "") if ":" in text else text
    return text.zfill(5) if len(text) == 4 and text[1] == ":" else text
