"""Input files that the tests make: damaged gold of a corpus, a published system's output, and ratings by people."""

import csv
import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from golden_read import tod_bench

BELIEF = re.compile(r"^(filename|belief|gen_belief|reply|gen_reply):(.*)$", re.MULTILINE)
DOMAINS = ("taxi", "restaurant", "hotel", "attraction", "train", "hospital", "police", "bus")


def damaged_gold(
    path: Path, every: int, *options: str, corpus: str = "simulated", split: str = "test", most: int | None = None
) -> Path:
    """Predictions from an export of a corpus: right but for every so many slots, acts and words.

    There are predictions of its first `most` dialogues, or of all. Frames have no intents and requested slots in here;
    the response is the corpus's own with some words left out.
    """
    rows = path.with_suffix("")
    tod_bench(
        "data", "export", corpus, "--split", split, "--rows", "turns", "--format", "jsonl", "--output", rows, *options
    )
    lines = []
    count = 0
    seen: set[str] = set()
    (exported,) = rows.glob("*.jsonl")
    for text in exported.read_text(encoding="utf-8").splitlines():
        turn = json.loads(text)
        seen.add(turn["dialogue_id"])
        if most is not None and len(seen) > most:
            break
        state: dict[str, dict[str, str]] = {}
        for domain in turn["state"]:
            for slot in domain["slots"]:
                count += 1
                if count % every != 0:
                    state.setdefault(domain["domain"], {})[slot["slot"]] = slot["values"][0]
                elif count % (2 * every) == 0:
                    state.setdefault(domain["domain"], {})[slot["slot"]] = slot["values"][0][::-1]
        acts = []
        for act in turn["acts"]:
            count += 1
            if count % every != 0:
                acts.append([act[name] or "" for name in ("domain", "act", "slot", "value")])
        words = turn["system"].split()
        response = " ".join(word for index, word in enumerate(words, start=count) if index % (every + 2) != 0)
        line = {"dialogue_id": turn["dialogue_id"], "turn": turn["index"], "state": state, "acts": acts}
        lines.append(json.dumps({**line, "response": response}, ensure_ascii=False))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def soloist(
    source: Path, states: Path, responses: str = "gen_reply", beliefs: str = "gen_belief", *, carried: bool = False
) -> Path:
    """A SOLOIST output in MultiWOZ_Evaluation's layout; `carried` keeps each turn's slots for all later turns."""
    dialogues: dict[str, list[dict[str, Any]]] = {}
    for block in source.read_text(encoding="utf-8").split("\n---\n"):
        fields = dict(BELIEF.findall(block))
        if "filename" not in fields:
            continue
        turns = dialogues.setdefault(fields["filename"].strip().removesuffix(".json").lower(), [])
        state = _belief(fields[beliefs])
        if carried and turns:
            before = turns[-1]["state"]
            domains = list(dict.fromkeys((*before, *state)))
            state = {domain: {**before.get(domain, {}), **state.get(domain, {})} for domain in domains}
        response = fields[responses].strip().removeprefix("system :").strip()
        turns.append({"response": response, "state": state, "active_domains": list(_belief(fields[beliefs]))[-1:]})
    states.write_text(json.dumps(dialogues), encoding="utf-8")
    return states


def _belief(text: str) -> dict[str, dict[str, str]]:
    """`domain slot = value ; slot = value | booking slot = value` as domain -> slot -> value."""
    state: dict[str, dict[str, str]] = {}
    last = ""
    for part in text.partition(":")[2].split("|"):
        name, _, slots = part.strip().partition(" ")
        domain = last if name == "booking" else name
        if domain not in DOMAINS:
            continue
        last = domain
        for pair in slots.split(";"):
            slot, equals, value = (piece.strip() for piece in pair.partition("="))
            if equals and slot and value:
                state.setdefault(domain, {})[f"book {slot}" if name == "booking" else slot] = value
    return state


def written_ratings(path: Path, rows: Iterable[tuple[str, str, str, Any]]) -> Path:
    """A long file of ratings: item, question, rater, value."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("item", "question", "rater", "value"))
        writer.writerows(rows)
    return path


QUALITIES: Mapping[str, str] = {
    "Interesting": "Q1",
    "Relevant": "Q2",
    "Specific": "Q3",
    "Understandable": "Q4",
    "Overall": "Q5",
}


def fed_ratings(source: Path) -> Iterable[tuple[str, str, str, int]]:
    """FED's turns, five qualities as our questions; raters are told apart by their place only."""
    for number, item in enumerate(json.loads(source.read_text(encoding="utf-8"))):
        for quality, question in QUALITIES.items():
            for rater, value in enumerate(item["annotations"].get(quality, ())):
                if isinstance(value, int | float):
                    yield f"fed-{number}", question, f"r{rater}", min(int(value), 3) + 1


def politeness_ratings(source: Path, items: int) -> Iterable[tuple[str, str, str, int]]:
    """Requests with five ratings from 1 to 25, in four steps; raters are named, and most rate few."""
    with source.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if None not in row][:items]
    for number, row in enumerate(rows):
        for place in range(1, 6):
            yield f"request-{number}", "Q3", row[f"TurkId{place}"], math.ceil(int(row[f"Score{place}"]) / 6.25)
