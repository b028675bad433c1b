"""Runs commands, and reads the numbers of the files that they write for users.

Every layout of a file is read here and nowhere else: where a layout changes, its reader changes with it and the golden
files stay.
"""

import contextlib
import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from golden_compare import Found

UNSIGNED = ("v", "version", "prompt", "n")
"""Parts of a signature that are left out: versions, digests, and the count that stands beside the number."""

VERSION = re.compile(r"(?<=[a-z_])\d+(?:\.\d+)+")


def tod_bench(*arguments: str | Path, status: int = 0) -> str:
    """Calls the command line in this process, as its script does, and returns what it printed."""
    (script,) = entry_points(group="console_scripts", name="tod-bench")
    printed, said = io.StringIO(), io.StringIO()
    code: Any = 0
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        try:
            script.load()([str(one) for one in arguments])
        except SystemExit as stop:
            code = stop.code or 0
    assert code == status, f"tod-bench {' '.join(map(str, arguments))}\n{said.getvalue()}\n{printed.getvalue()}"
    return printed.getvalue()


def printed_signature(signature: str | Mapping[str, Any]) -> str:
    """A signature as it is printed, without versions, digests and counts."""
    if not isinstance(signature, str):
        signature = "|".join(str(value) if key == "metric" else f"{key}:{value}" for key, value in signature.items())
    head, *parts = signature.split("|")
    kept = [part for part in parts if part.partition(":")[0] not in UNSIGNED]
    return "|".join([head, *(part if part.startswith("corpus:") else VERSION.sub("", part) for part in kept)])


def part_of(score: Mapping[str, Any]) -> str:
    """The part of the corpus that a score is of: a domain by its name, a group of users with its attribute."""
    part = score["slice"]
    if part is None:
        return "all"
    return str(part["name"]) if part["kind"] in ("domain", "services") else f"{part['kind']}:{part['name']}"


def of_scores(scores: Iterable[Mapping[str, Any]], below: str) -> Found:
    """Scores as ``score --json`` and a store's results have them: metric@protocol/slice."""
    found = Found()
    for score in scores:
        key = f"{below}/{score['metric']}@{score['protocol']}/{part_of(score)}"
        found.add(key, {name: score[name] for name in ("value", "low", "high", "n")})
        found.signatures[key] = printed_signature(score["signature"])
    return found


def of_score_file(path: Path, below: str) -> Found:
    """The file of ``score --json``."""
    found = Found()
    kept = json.loads(path.read_text(encoding="utf-8"))
    found.take(of_scores(kept["scores"], below))
    for name, part in kept.items():
        if name not in ("scores", "notices"):
            _flatten(found, f"{below}/{name}", part)
    return found


def of_store(store: Path, config: str) -> Found:
    """All results of a config in a store: corpus/system/task/metric@protocol/slice.

    Of the oracle's slices, only those that are not 100.
    """
    found = Found()
    results = [json.loads(path.read_text(encoding="utf-8")) for path in store.glob("results/*.json")]
    cells = {}
    for result in results:
        if result["config"] == config:
            cell, scores = result["experiment"], result["scores"]
            if cell["system"] == "oracle":
                scores = [score for score in scores if not score["slice"] or score["value"] != 100]
            cells[f"{cell['corpus']}/{cell['system']}/{cell['task']}"] = scores
    for name in sorted(cells):
        found.take(of_scores(cells[name], name))
    return _of_any_system(found, 1)


def of_table(folder: Path) -> Found:
    """The table of a run: system/corpus/row/column, from table.json; table.csv must say the same.

    Published values stand in the printed table alone.
    """
    found = Found()
    table = json.loads((folder / "table.json").read_text(encoding="utf-8"))
    fields = ("value", "low", "high", "spread", "published")
    numbers: dict[str, dict[str, Any]] = {}
    for row in table["rows"]:
        corpus = f"{row['corpus']} (difference)" if row["difference"] else row["corpus"]
        for column, number in zip(table["columns"], row["numbers"], strict=True):
            if number is None:
                continue
            key = "/".join(part or "-" for part in (row["system"], corpus, row["label"], column))
            numbers[key] = {name: number[name] for name in fields if number[name] is not None}
            found.add(key, {name: value for name, value in numbers[key].items() if name != "published"})
            found.signatures[key] = " & ".join(sorted({printed_signature(one) for one in number["signatures"]}))
    with (folder / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    printed = sorted(tuple(row[name] for name in fields) for row in rows)
    kept = sorted(tuple(repr(one[name]) if name in one else "" for name in fields) for one in numbers.values())
    blank = ("",) * len(fields)
    assert [row for row in printed if row != blank] == [row for row in kept if row != blank]
    found.texts["table.md"] = printed_table(folder / "table.md")
    return found


def printed_table(path: Path) -> list[str]:
    """The lines of a Markdown table and its notes, without the signatures."""
    return [
        line
        for line in path.read_text(encoding="utf-8").splitlines()
        if line and not (line.startswith("- ") and "`" in line)
    ]


def of_ablation(folder: Path) -> Found:
    """The ablation table of a sweep: rows by levels, and effects with their tests."""
    found = Found()
    table = json.loads((folder / "ablation.json").read_text(encoding="utf-8"))
    for row in table["rows"]:
        levels = ", ".join(f"{name}={level}" for name, level in row["levels"].items())
        for column, number in zip(table["columns"], row["numbers"], strict=True):
            key = f"{row['corpus']}/{row['system']}/{levels}/{column}"
            if number is not None:
                found.add(key, {name: number[name] for name in ("value", "low", "high", "spread")})
                found.signatures[key] = " & ".join(sorted({printed_signature(one) for one in number["signatures"]}))
    for effect in table["effects"]:
        names = ("corpus", "system", "factor", "baseline", "level", "column")
        key = "effect/" + "/".join(effect[name] for name in names)
        found.add(key, {name: value for name, value in effect.items() if name not in names})
    found.texts["ablation.md"] = printed_table(folder / "ablation.md")
    return found


def of_judged(path: Path, sections: Sequence[str] = ()) -> Found:
    """The report of a judge run: these sections, or every one, keyed by arm, question, group and so on."""
    found = Found()
    report = json.loads(path.read_text(encoding="utf-8"))
    left_out = ("title", "scores", "provenance", "published", "notes")
    for name, section in report.items():
        if name in sections or (not sections and name not in left_out):
            _flatten(found, name, section)
    for name in ("asks", "reasked", "population", "usage", "unscored"):
        if name in report.get("provenance", {}):
            _flatten(found, f"run/{name}", report["provenance"][name])
    found.add("scores", len(report["scores"]))
    for score in report["scores"]:
        key = f"scores/{score['metric']}@{score['protocol']}"
        signature = printed_signature(score["signature"])
        before = found.signatures.get(key, signature)
        found.signatures[key] = " & ".join(sorted({*before.split(" & "), signature}))
    return found


def of_compared(printed: str) -> Found:
    """What ``compare --json`` printed: metric@protocol/slice."""
    found = Found()
    names = ("metric", "protocol", "slice", "signature", "notes")
    for one in json.loads(printed):
        key = f"{one['metric']}@{one['protocol']}/{part_of(one)}"
        found.add(key, {name: value for name, value in one.items() if name not in names})
        found.signatures[key] = printed_signature(one["signature"])
    return found


def of_statistics(printed: str) -> Found:
    """What ``data stats --json`` printed: corpus/split."""
    found = Found()
    for row in json.loads(printed)["rows"]:
        key = f"{row['corpus']}/{row['split']}"
        if "values" in row:
            found.add(key, row["values"])
        else:
            found.add(key, {name: value for name, value in row.items() if name not in ("corpus", "split")})
    return found


def of_board(path: Path) -> Found:
    """The leaderboard's scores.csv: track/task/system/metric@protocol/slice, with ranks and suspicions.

    Slices are those of one system, because a floor's say little.
    """
    found = Found()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            start = f"{row['track']}/{row['task']}/{row['system']}"
            key = f"{start}/{row['metric']}@{row['protocol']}/{row['domain'] or 'all'}"
            names = ("value", "low", "high", "n", "best_rank", "worst_rank")
            if not row["domain"] or row["system"] == "t5-tiny":
                found.add(key, {name: json.loads(row[name]) for name in names if row[name]})
            found.signatures[key] = printed_signature(row["signature"])
            found.numbers[f"{start}/shown"] = {name: row[name] for name in ("shown_gold", "suspicion")}
    return _of_any_system(found, 2)


def _of_any_system(found: Found, place: int) -> Found:
    """Leaves the system out of the keys of signatures, which say nothing of it; `place` is its place in a key."""
    signatures: dict[str, str] = {}
    for key, signature in found.signatures.items():
        parts = key.split("/")
        short = "/".join([*parts[:place], *parts[place + 1 :]])
        assert signatures.setdefault(short, signature) == signature
    found.signatures = signatures
    return found


def _flatten(found: Found, key: str, part: Any) -> None:
    """Numbers of nested JSON; what is in a list is called by the words that it says of itself."""
    if isinstance(part, Mapping):
        plain = {name: value for name, value in part.items() if not (_nested(value) or _implied(name, value, part))}
        if plain:
            found.add(key, plain)
        for name, value in part.items():
            if _nested(value):
                _flatten(found, f"{key}/{name}", value)
    elif isinstance(part, list) and _nested(part):
        for element in part:
            one = {**element, **element["test"]} if "test" in element else element
            one.pop("test", None)
            names = {name for name, value in one.items() if isinstance(value, str | bool) and name not in NOT_NAMES}
            words = {
                name: value
                for name, value in one.items()
                if isinstance(value, str | bool) and name not in NOT_NAMES and (name, value) not in USUAL
            }
            called = ", ".join(
                str(value) if isinstance(value, str) else f"{name} {value}" for name, value in words.items()
            )
            _flatten(found, f"{key}/{called}", {name: value for name, value in one.items() if name not in names})
    elif part not in ([], {}, None, ""):
        found.add(key, part)


NOT_NAMES = ("note", "depends", "verdict")
"""Words and truth values in lists that are results, not names."""

USUAL = (("persona", "own"), ("together", True))
"""Names that nearly all elements have, and that are left out of keys."""


def _implied(name: str, value: Any, beside: Mapping[str, Any]) -> bool:
    """Whether a field may be left out: counts of what went wrong where nothing did, and bounds that are the mean."""
    if name in ("worst", "best"):
        return bool(value == beside.get("mean"))
    return name in ("unscored", "defaulted", "note") and not value


def _nested(value: Any) -> bool:
    """Whether something holds mappings."""
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, list) and any(isinstance(one, Mapping) for one in value)
