"""Golden files: written one number a line, compared number by number.

A golden file has the blocks ``numbers`` (key -> number, field -> number, or the list of a score's value, low, high and
n), ``signatures`` (key -> what the number means, without versions) and, where something printed is kept, ``texts``
(name -> lines).
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "numbers"
SHOWN = 20
"""How many differences a failing test names."""

PROCESSOR = re.compile(r"bleu|combined|entropy|\blength\b|\b(low|high)\b", re.IGNORECASE)
"""Keys of numbers whose last digits depend on the machine.

numpy's `exp` and `log` follow the processor's vector unit; the ends of intervals are sums that BLAS shares out among
its threads, so they follow their number.
"""

FIELDS = ("value", "low", "high", "n")
"""Fields of a score; a number that has just these is written as a list of them."""


@dataclass
class Found:
    """What a command gave.

    Attributes:
        numbers: Key -> number, or field -> number.
        signatures: Key -> signature, versions removed.
        texts: Name -> printed lines.
    """

    numbers: dict[str, Any] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def add(self, key: str, number: Any) -> None:
        """Takes a number in; two of one key would hide each other, so that is an error."""
        assert key not in self.numbers, f"two numbers are called {key!r}"
        self.numbers[key] = number

    def take(self, other: "Found", below: str = "") -> None:
        """Takes in what another command gave, its keys below a name."""
        start = f"{below}/" if below else ""
        for key, number in other.numbers.items():
            self.add(start + key, number)
        self.signatures.update({start + key: signature for key, signature in other.signatures.items()})
        self.texts.update({start + key: lines for key, lines in other.texts.items()})


class Golden:
    """Compares with golden files, or writes them."""

    def __init__(self, *, write: bool, exact: bool):
        self.write = write
        self.exact = exact

    def check(self, name: str, found: Found) -> None:
        """Fails with the first differing numbers, where the golden file has others."""
        path = FOLDER / f"{name}.json"
        blocks = {"numbers": found.numbers, "signatures": _shortened(found.signatures), "texts": found.texts}
        blocks = {title: block for title, block in blocks.items() if block}
        assert found.numbers, f"{name}: no number was found"
        if self.write:
            path.parent.mkdir(exist_ok=True)
            path.write_text(_written(blocks), encoding="utf-8")
            return
        assert path.is_file(), f"there is no golden file {path.name}; run: pytest tests/golden --golden-write"
        kept = json.loads(path.read_text(encoding="utf-8"))
        kept["numbers"] = {key: _named(number) for key, number in kept["numbers"].items()}
        for title in ("numbers", "signatures", "texts"):
            differences = list(_differences(kept.get(title, {}), blocks.get(title, {}), exact=self.exact))
            if differences:
                more = len(differences) - SHOWN
                lines = [f"{name}: {len(differences)} of its {title} differ (key: golden -> now)"]
                lines += [f"  {key}: {then} -> {now}" for key, then, now in differences[:SHOWN]]
                lines += [f"  and {more} more"] if more > 0 else []
                pytest.fail("\n".join(lines), pytrace=False)


def _differences(golden: Any, now: Any, key: str = "", *, exact: bool) -> Iterator[tuple[str, str, str]]:
    """Key, golden and present text of every number that is not the same, in the order of the golden file."""
    if isinstance(golden, Mapping) and isinstance(now, Mapping):
        for name in [*golden, *(name for name in now if name not in golden)]:
            below = f"{key} {name}".strip()
            if name not in now:
                yield below, _short(golden[name]), "nothing"
            elif name not in golden:
                yield below, "nothing", _short(now[name])
            else:
                yield from _differences(golden[name], now[name], below, exact=exact)
    elif isinstance(golden, list) and isinstance(now, list) and len(golden) == len(now):
        for index, (then, present) in enumerate(zip(golden, now, strict=True)):
            yield from _differences(then, present, f"{key}[{index}]", exact=exact)
    elif not _same(golden, now, 0 if exact or not PROCESSOR.search(key) else 1e-12):
        yield key, _short(golden), _short(now)


def _same(golden: Any, now: Any, tolerance: float) -> bool:
    if isinstance(golden, float) and isinstance(now, float):
        both_undefined = math.isnan(golden) and math.isnan(now)
        return both_undefined or golden == now or math.isclose(golden, now, rel_tol=tolerance)
    return bool(golden == now) and isinstance(golden, bool) == isinstance(now, bool)


def _named(number: Any) -> Any:
    """A number as it was found: a list of a score's fields becomes a mapping again."""
    return dict(zip(FIELDS, number, strict=True)) if isinstance(number, list) and len(number) == len(FIELDS) else number


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}..."


def _shortened(signatures: Mapping[str, str]) -> dict[str, str]:
    """One line for all slices of a metric (``.../*``) where they share a signature but for the slice's name."""
    families: dict[str, dict[str, str]] = {}
    for key, signature in signatures.items():
        family, _, part = key.rpartition("/")
        own = {
            f"domain:{part}",
            f"group:{part.replace(':', '=')}",
            f"label:{part.partition('@')[0].removeprefix('emotion_')}",
        }
        kept = [piece for piece in signature.split("|") if piece.partition(" & ")[0] not in own]
        families.setdefault(family, {})[key] = "|".join(kept)
    short: dict[str, str] = {}
    for family, members in families.items():
        if len(members) > 1 and len(set(members.values())) == 1:
            short[f"{family}/*"] = next(iter(members.values()))
        else:
            short.update(members)
    return short


def _written(blocks: Mapping[str, Mapping[str, Any]]) -> str:
    """JSON with one number, or one printed line, a line."""
    parts = []
    for title, block in blocks.items():
        lines = []
        for key, value in block.items():
            if title == "texts":
                inner = ",\n".join(f"   {json.dumps(line, ensure_ascii=False)}" for line in value)
                lines.append(f"  {json.dumps(key, ensure_ascii=False)}: [\n{inner}\n  ]")
            else:
                if isinstance(value, Mapping) and tuple(value) == FIELDS:
                    value = list(value.values())  # noqa: PLW2901
                text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
                lines.append(f"  {json.dumps(key, ensure_ascii=False)}: {text}")
        parts.append(f' "{title}": {{\n' + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"
