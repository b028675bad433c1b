"""MultiWOZ 2.1 in ConvLab-3's unified format: ``data.zip``, or the ten dialogues of ``dummy_data.json``.

Names, ids and goals come out as the other readers of MultiWOZ give them. A goal's value such as ``3|2`` (what is asked
for first, and what after that fails) becomes the last one, which is what ``data.json`` has as the goal.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from tod_bench.corpora.annotations import Annotation
from tod_bench.corpora.extent import ReleaseSize, release_sizes
from tod_bench.corpora.jsonstream import array_items
from tod_bench.corpora.multiwoz_names import DOMAINS, plain_id, schema
from tod_bench.corpora.official import UNOFFICIAL
from tod_bench.corpora.places import corpus_root, files_in
from tod_bench.corpora.reading import Record, Warn, convert_all
from tod_bench.corpora.unified import SPLITS_OF_UNIFIED, Unified, unified_dialogue
from tod_bench.errors import DataError, UserError
from tod_bench.records import Dialogue, DomainGoal, Goal, Schema

_READER = 1
"""Raised whenever dialogues come out differently, so that older caches are not used."""


class UnifiedMultiWOZ(Unified):
    """MultiWOZ 2.1 as ConvLab-3 converted it.

    Its files are not those of the release and no checksum of the conversion is known here, so that the name always ends
    in ``-unofficial``. Only ``dummy_data.json`` was at hand to test it on.

    Args:
        path: The folder of ``data.zip`` or ``dummy_data.json``, or a zip; None looks for a folder ``multiwoz21`` with a
            ``data.zip`` in TOD_BENCH_DATA and in what was fetched.
        skip_invalid, cache: As for every corpus that is read from files; see `FileCorpus`.
    """

    dataset = "multiwoz21"
    unannotated: ClassVar[Mapping[Annotation, str]] = {"personas": "MultiWOZ does not say who its users are"}

    def __init__(self, path: str | Path | None = None, *, skip_invalid: bool = False, cache: bool = True) -> None:
        self.root = corpus_root(path, self.dataset, self._match_size)
        files = files_in(self.root / "data.zip" if (self.root / "data.zip").is_file() else self.root)
        found = files.get("dialogues.json") or files.get("dummy_data.json")
        if found is None:
            raise UserError(f"{self.root} has no dialogues.json or dummy_data.json; give the folder of data.zip")
        self._dialogues = found
        self.unofficial = (found.member or found.path.name,)
        self.name = f"multiwoz2.1-convlab3{UNOFFICIAL}"
        present = {str(data.get("data_split")) for data in array_items(found) if isinstance(data, dict)}
        splits = {split: (found,) for split, theirs in SPLITS_OF_UNIFIED.items() if theirs in present}
        self._set_files(splits, {"reader": _READER}, skip_invalid=skip_invalid, cache=cache)

    @property
    def schema(self) -> Schema:
        """Every domain and slot that a state can hold."""
        return schema()

    @property
    def release_size(self) -> ReleaseSize:
        """The dialogues of each split of MultiWOZ 2.1."""
        return release_sizes()["multiwoz2.1"]

    def _read(self, split: str, warn: Warn) -> Iterator[Dialogue | DataError]:
        wanted = (
            Record(str(self._dialogues), plain_id(str(data.get("original_id", "?"))), data, warn)
            for data in array_items(self._dialogues)
            if isinstance(data, dict) and data.get("data_split") == SPLITS_OF_UNIFIED[split]
        )
        return convert_all(wanted, partial(_dialogue, split=split, corpus=self.name, known=self.schema))


def _dialogue(record: Record, split: str, corpus: str, known: Schema) -> Dialogue:
    read = unified_dialogue(record, split, corpus, known)
    booked = [_booked(turn) for turn in record.data["turns"] if turn["speaker"] == "system"]
    turns = tuple(
        replace(
            turn,
            booked=booked[turn.index] if turn.index < len(booked) else None,
            services=tuple(service for service in turn.services if service in DOMAINS),
        )
        for turn in read.turns
    )
    services = tuple(service for service in read.services if service in DOMAINS)
    return replace(read, services=services, turns=turns, goal=_goal(read.goal))


def _booked(turn: Mapping[str, Any]) -> tuple[str, ...] | None:
    return tuple(domain for domain, bookings in turn["booked"].items() if bookings) if "booked" in turn else None


def _goal(raw: Goal) -> Goal:
    goal = {}
    for domain, wish in raw.items():
        final = {slot: value.rpartition("|")[2] for slot, value in wish.inform.items()}
        book = {slot: value for slot, value in final.items() if slot.startswith("book ")}
        inform = {slot: value for slot, value in final.items() if slot not in book}
        goal[domain] = DomainGoal(inform, wish.request, book)
    return goal
