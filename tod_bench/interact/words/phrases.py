"""The phrase file, read once; its cues compiled."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from tod_bench.interact.world import column


@dataclass(frozen=True)
class Phrases:
    """Templates and cues.

    Attributes:
        version: Moves whenever a template or cue does.
        table: The file.
        ask: Slot -> what recognises a question about it.
        tell: Slot -> what recognises a statement about it, with the value as the group.
        marks: What recognises everything else.
    """

    version: str
    table: Mapping[str, Any]
    ask: Mapping[str, re.Pattern[str]]
    tell: Mapping[str, re.Pattern[str]]
    marks: Mapping[str, re.Pattern[str]]

    def called(self, slot: str) -> str:
        """What a slot is called in a sentence."""
        name: str = self.table["names"].get(column(slot), slot)
        return name

    def noun(self, domain: str) -> str:
        """What a domain is called in a sentence."""
        nouns: list[str] = self.table["nouns"].get(domain, [domain])
        return nouns[0]


@cache
def phrases() -> Phrases:
    """The phrases of the package."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (files("tod_bench.interact.words") / "phrases.yaml").read_text(encoding="utf-8")
    table: Mapping[str, Any] = yaml.load(text, Loader=loader)
    cues = table["cues"]
    return Phrases(
        str(table["version"]),
        table,
        {slot: re.compile(cue["ask"]) for slot, cue in cues.items()},
        {slot: re.compile(cue["tell"]) for slot, cue in cues.items() if cue["tell"]},
        {name: re.compile(pattern) for name, pattern in table["marks"].items()},
    )
