"""Taskmaster 1 to 4: people in tasks from pizza to flights, their utterances annotated with spans or API calls.

    TM-1-2019   self-dialogs.json (train, dev, test by the lists of ids), woz-dialogs.json (split `woz`)
    TM-2-2020   a file a domain: flights.json, hotels.json, ...       split `all`
    TM-3-2020   data_NN.json: movie tickets, with the API calls       split `all`
    TM-4-2024   data_NN.json: coffee orders, with the API calls       split `all`

Speakers need not take turns: an utterance without its counterpart makes a turn whose other side is empty. Two people
annotated each dialogue of 1 and 2; a span that both marked is there once. That a value was accepted or rejected, which
1 marks at the end of a span's name, is left out of the slot's name.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

from tod_bench.corpora.annotations import Annotation
from tod_bench.corpora.extent import ReleaseSize, release_sizes
from tod_bench.corpora.file_corpus import FileCorpus
from tod_bench.corpora.jsonstream import RawFile, array_items, load_json
from tod_bench.corpora.places import bytes_of, corpus_root
from tod_bench.corpora.reading import SPLITS, Record, Warn, check_option, convert_all
from tod_bench.corpora.speakers import Side, loose_pairs
from tod_bench.corpora.taskmaster_calls import calls
from tod_bench.errors import DataError, UserError
from tod_bench.records import Dialogue, Schema, SlotSpec, Span, Turn

Version = Literal["1", "2", "3", "4"]

_READER = 1
"""Raised whenever dialogues come out differently, so that older caches are not used."""

_FOLDERS = {"1": "TM-1-2019", "2": "TM-2-2020", "3": "TM-3-2020", "4": "TM-4-2024"}
_DOMAIN = {"3": "movie", "4": "coffee"}
_STATUS = ("accept", "reject")


class Taskmaster(FileCorpus):
    """Taskmaster, one of its four releases.

    At hand for tests were the whole data folder of 4, the sample dialogue of 1, and the ontologies of 1 to 3. The
    dialogues of 2 and 3 are read as their READMEs describe them, and were tested on files made by hand.

    Args:
        path: Folder of one release (``TM-1-2019``), with its dialogues or its ``data``; ``sample.json`` is read where
            there is nothing else. None looks in TOD_BENCH_DATA and in what was fetched.
        version: The release: 1, 2, 3 or 4.
        skip_invalid, cache: As for every corpus that is read from files; see `FileCorpus`.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        version: Version = "1",
        *,
        skip_invalid: bool = False,
        cache: bool = True,
    ) -> None:
        check_option("Taskmaster", "version", version, Version)
        self._version = version
        self.root = corpus_root(path, f"taskmaster{version}", lambda folder: _match_size(folder, version))
        self._files = _split_files(self.root, version)
        if not self._files:
            raise UserError(
                f"{self.root} has no dialogues of Taskmaster {version}; give the folder {_FOLDERS[version]}"
            )
        # The sample is the release's first dialogue, and no split of it.
        self.unofficial = ("sample.json",) if "sample" in self._files else ()
        self.name = f"taskmaster{version}{'-unofficial' if self.unofficial else ''}"
        extra = tuple(map(RawFile, [*_lists(self.root).values(), *_ontologies(self.root, version)]))
        files = {split: (*files, *extra) for split, files in self._files.items()}
        self._set_files(files, {"reader": _READER, "version": version}, skip_invalid=skip_invalid, cache=cache)

    def missing_annotations(self, split: str) -> Mapping[Annotation, str]:  # noqa: ARG002
        """All but spans and, in 3 and 4, API calls, which are read as system acts."""
        acts: dict[Annotation, str] = {"acts": "Taskmaster 1 and 2 do not annotate them"}
        return {
            "states": "Taskmaster annotates spans and API calls, not states",
            "frames": "Taskmaster does not annotate them",
            "goals": "Taskmaster's instructions are texts, which are not read",
            "personas": "Taskmaster does not say who its users are",
            **(acts if self._version in ("1", "2") else {}),
        }

    @cached_property
    def schema(self) -> Schema:
        """The slots of the release's ontology, by domain; empty where it is not there, and for 4, which has none."""
        schema: dict[str, dict[str, SlotSpec]] = {}
        for path in _ontologies(self.root, self._version):
            schema |= _schema(RawFile(path), self._version)
        return schema

    @property
    def release_size(self) -> ReleaseSize:
        """The dialogues of each split."""
        return release_sizes()[f"taskmaster{self._version}"]

    def _read(self, split: str, warn: Warn) -> Iterator[Dialogue | DataError]:
        lists = _lists(self.root) if split in SPLITS else {}
        wanted = _ids(lists[split]) if split in lists else None
        for file in self._files[split]:
            domain = _DOMAIN.get(self._version) or (file.path.stem if self._version == "2" else "")
            found = (
                Record(str(file), str(data.get("conversation_id", "?")), data, warn)
                for data in _conversations(file)
                if isinstance(data, dict) and (wanted is None or data.get("conversation_id") in wanted)
            )
            yield from convert_all(found, partial(_dialogue, split=split, corpus=self.name, domain=domain))


def _conversations(file: RawFile) -> Iterator[Any]:
    # The sample of 1 is one dialogue, not a list of them.
    return iter([load_json(file)]) if file.path.name == "sample.json" else array_items(file)


def _dialogue(record: Record, split: str, corpus: str, domain: str) -> Dialogue:
    turns: list[Turn] = []
    for user, system in loose_pairs(record.data["utterances"], lambda utterance: _side(record, utterance)):
        record.turn = len(turns)
        spans = (*_spans(record, "user", user, domain), *_spans(record, "system", system, domain))
        called = tuple(act for said in (user, system) if said for act in calls(record, said, domain))
        services = (domain,) if domain else tuple(dict.fromkeys(span.domain for span in spans))
        turns.append(
            Turn(
                index=len(turns),
                user=record.text(user["text"]) if user else "",
                system=record.text(system["text"]) if system else "",
                acts=called,
                services=services,
                spans=spans,
            )
        )
    record.turn = None
    services = tuple(dict.fromkeys(service for turn in turns for service in turn.services))
    if not services:
        record.warn("no span says which domain the dialogue is about")
    return Dialogue(record.dialogue, corpus, split, services, tuple(turns))


def _side(record: Record, utterance: Mapping[str, Any]) -> Side:
    speaker = str(utterance["speaker"]).lower()
    if speaker not in ("user", "assistant"):
        raise record.error(f"the speaker is {utterance['speaker']!r}, neither USER nor ASSISTANT")
    return "user" if speaker == "user" else "system"


def _spans(record: Record, side: Side, utterance: Mapping[str, Any] | None, domain: str) -> tuple[Span, ...]:
    found: dict[Span, None] = {}
    for segment in (utterance or {}).get("segments") or ():
        for annotation in segment["annotations"]:
            of, slot = _slot(annotation["name"], domain)
            if slot:
                text = record.text(segment["text"])
                # 4 has the positions as texts.
                start, end = int(segment["start_index"]), int(segment["end_index"])
                found[Span(side, of, slot, text, start, end)] = None
    return tuple(found)


def _slot(name: str, domain: str) -> tuple[str, str]:
    """Domain and slot of a span's name; without a slot where the name has the status of a whole transaction."""
    if domain:
        return domain, name
    of, _, slot = name.partition(".")
    parts = slot.split(".")
    return of, ".".join(parts[:-1] if parts[-1] in _STATUS else parts)


def _schema(file: RawFile, version: Version) -> dict[str, dict[str, SlotSpec]]:
    ontology = load_json(file)
    try:
        if version == "2":
            parts = [part for of_domain in ontology.values() for part in of_domain]
            names = {file.path.stem: [f"{part['prefix']}.{name}" for part in parts for name in part["annotations"]]}
        else:
            names = {
                _DOMAIN.get(version, entry.get("id", "")): [*entry["required"], *entry["optional"]]
                for entry in ontology.values()
            }
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"the ontology is not laid out as expected ({error!r})", file=str(file)) from None
    return {domain: {name: SlotSpec() for name in slots} for domain, slots in names.items()}


def _split_files(root: Path, version: Version) -> dict[str, tuple[RawFile, ...]]:
    places = [root, root / "data"]
    if version == "1":
        named = {"self-dialogs.json": [*_lists(root)] or ["self"], "woz-dialogs.json": ["woz"]}
        paths = [place / name for name in named for place in places if (place / name).exists()]
        files: dict[str, tuple[RawFile, ...]] = {
            split: (RawFile(path),) for path in paths for split in named[path.name]
        }
        sample = root / "sample.json"
        return files or ({"sample": (RawFile(sample),)} if sample.exists() else {})
    pattern = "*.json" if version == "2" else "data_*.json"
    # The files of 2 are called after its domains, and are in `data` alone.
    found = [path for place in (places[1:] if version == "2" else places) for path in sorted(place.glob(pattern))]
    return {"all": tuple(map(RawFile, found))} if found else {}


def _lists(root: Path) -> dict[str, Path]:
    """Split of the self-dialogs of 1 -> its list of ids."""
    paths = {split: root / "train-dev-test" / f"{split}.csv" for split in SPLITS}
    return {split: path for split, path in paths.items() if path.exists()}


def _ids(path: Path) -> frozenset[str]:
    with RawFile(path).open() as lines:
        return frozenset(name for line in lines if (name := line.strip().rstrip(",")))


def _ontologies(root: Path, version: Version) -> list[Path]:
    paths = {
        "1": [root / "ontology.json"],
        "2": sorted((root / "ontology").glob("*.json")),
        "3": [root / "ontology" / "entities.json"],
        "4": [],
    }
    return [path for path in paths[version] if path.exists()]


def _match_size(folder: Path, version: Version) -> int:
    if folder.name != _FOLDERS[version]:
        return 0
    return bytes_of(file for files in _split_files(folder, version).values() for file in files)
