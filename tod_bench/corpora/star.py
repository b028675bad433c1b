"""STAR: people in the roles of user and wizard, who picks answers along a task's flow chart.

STAR has no splits, so that all of it is the split ``all``; nor does it annotate belief states. Speakers need not take
turns: an utterance without its counterpart makes a turn whose other side is empty.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from tod_bench.corpora.annotations import Annotation
from tod_bench.corpora.extent import ReleaseSize, release_sizes
from tod_bench.corpora.file_corpus import FileCorpus
from tod_bench.corpora.jsonstream import RawFile, load_json
from tod_bench.corpora.official import Completeness
from tod_bench.corpora.places import corpus_root
from tod_bench.corpora.reading import Record, Warn, convert_all
from tod_bench.errors import DataError, UserError
from tod_bench.records import Act, Dialogue, Schema, Turn

_READER = 1
"""Raised whenever dialogues come out differently, so that older caches are not used."""

_OFFICIAL_FILES = 6652
"""Dialogues of the release (RasaHQ/STAR at commit 30589750), complete or broken off, a file each."""

_SAID = {("User", "utter"), ("Wizard", "utter"), ("Wizard", "pick_suggestion")}


class STAR(FileCorpus):
    """STAR: schema-guided dialogues of 24 tasks in 13 domains, between people.

    Args:
        path: Folder of the release; None looks in TOD_BENCH_DATA and in what was fetched.
        complete: Only dialogues that were not broken off, as the authors count them.
        skip_invalid, cache: As for every corpus that is read from files; see `FileCorpus`.
    """

    unannotated: ClassVar[Mapping[Annotation, str]] = {
        "states": "STAR does not annotate them",
        "goals": "STAR does not annotate them",
        "personas": "STAR does not say who its users are",
    }

    def __init__(
        self, path: str | Path | None = None, *, complete: bool = True, skip_invalid: bool = False, cache: bool = True
    ) -> None:
        self.name = "star"
        self.root = corpus_root(path, "star", _match_size)
        self._complete = complete
        self._files = _dialogue_files(self.root)
        if not self._files:
            raise UserError(f"{self.root} has no dialogues/N.json; give the folder of STAR")
        options = {"reader": _READER, "complete": complete}
        self._set_files({"all": self._files}, options, skip_invalid=skip_invalid, cache=cache)

    @property
    def schema(self) -> Schema:
        """Empty: STAR has no belief states."""
        return {}

    def completeness(self, split: str) -> Completeness | None:  # noqa: ARG002
        """How many of the official files are there; None where all are. Of their content nothing is known."""
        present = len(self._files)
        return Completeness(present, _OFFICIAL_FILES) if present < _OFFICIAL_FILES else None

    @property
    def release_size(self) -> ReleaseSize:
        """The dialogues of the release, those that were broken off among them if they are read."""
        return release_sizes()["star" if self._complete else "star-all"]

    def _read(self, split: str, warn: Warn) -> Iterator[Dialogue | DataError]:
        for file in self._files:
            try:
                data = load_json(file)
            except DataError as error:
                yield error
                continue
            if not self._complete or data.get("CompletionLevel") == "Complete":
                record = Record(str(file), file.path.stem, data, warn)
                yield from convert_all([record], partial(_dialogue, split=split, corpus=self.name))


def _dialogue(record: Record, split: str, corpus: str) -> Dialogue:
    domains = tuple(domain for domain in record.data["Scenario"]["Domains"] if domain is not None)
    if not domains:
        record.warn("the scenario names no domain")
    utterances = [event for event in record.data["Events"] if (event["Agent"], event["Action"]) in _SAID]
    turns: list[Turn] = []
    user = ""
    for event in utterances:
        record.turn = len(turns)
        if event["Agent"] == "User":
            if user:
                turns.append(Turn(len(turns), user, services=domains))
            user = event["Text"]
        else:
            turns.append(Turn(len(turns), user, event["Text"], acts=_acts(event, domains), services=domains))
            user = ""
    if user:
        turns.append(Turn(len(turns), user, services=domains))
    record.turn = None
    return Dialogue(record.dialogue, corpus, split, domains, tuple(turns))


def _acts(event: Any, domains: tuple[str, ...]) -> tuple[Act, ...]:
    label = event.get("ActionLabel")
    return (Act(domains[0] if len(domains) == 1 else "general", label),) if label else ()


def _dialogue_files(root: Path) -> tuple[RawFile, ...]:
    numbered = (path for path in (root / "dialogues").glob("*.json") if re.fullmatch(r"\d+", path.stem))
    return tuple(RawFile(path) for path in sorted(numbered, key=lambda path: int(path.stem)))


def _match_size(folder: Path) -> int:
    return len(_dialogue_files(folder)) if (folder / "tasks").is_dir() and (folder / "dialogues").is_dir() else 0
