"""SIMMC 2.0: shopping for clothes and furniture in a rendered scene.

The splits are ``train``, ``dev``, ``test`` (the release calls it devtest) and ``teststd`` (released without targets).
What is read are the utterances and their acts; the scenes, and with them the objects that acts point at, are not.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tod_bench.corpora.annotations import Annotation
from tod_bench.corpora.extent import ReleaseSize, release_sizes
from tod_bench.corpora.file_corpus import FileCorpus
from tod_bench.corpora.jsonstream import RawFile, load_json
from tod_bench.corpora.places import corpus_root
from tod_bench.corpora.reading import Record, Warn, convert_all
from tod_bench.errors import DataError, UserError
from tod_bench.records import Act, Dialogue, Schema, Turn

_READER = 1
"""Raised whenever dialogues come out differently, so that older caches are not used."""

_NAMES = {"train": "train", "dev": "dev", "test": "devtest", "teststd": "teststd_public"}


class SIMMC2(FileCorpus):
    """SIMMC 2.0: multimodal shopping dialogues, read as text.

    Args:
        path: Folder of the ``simmc2_dials_dstc10_*.json`` files; None looks in TOD_BENCH_DATA and in what was fetched.
        skip_invalid, cache: As for every corpus that is read from files; see `FileCorpus`.
    """

    def __init__(self, path: str | Path | None = None, *, skip_invalid: bool = False, cache: bool = True) -> None:
        self.name = "simmc2.0"
        self.root = corpus_root(path, "simmc2", _match_size)
        self._files = _split_files(self.root)
        if not self._files:
            raise UserError(f"{self.root} has no simmc2_dials_dstc10_*.json; give the folder that has them")
        files = {split: (file,) for split, file in self._files.items()}
        self._set_files(files, {"reader": _READER}, skip_invalid=skip_invalid, cache=cache)

    def missing_annotations(self, split: str) -> Mapping[Annotation, str]:
        """Belief states, which are not read; of teststd the acts as well, which the release kept back."""
        kept_back: dict[Annotation, str] = {"acts": "the release kept them back, but for the last turn of a dialogue"}
        return {
            "states": "this reader does not read those of SIMMC 2.0",
            "goals": "SIMMC 2.0 does not annotate them",
            "personas": "SIMMC 2.0 does not say who its users are",
            **(kept_back if split == "teststd" else {}),
        }

    @property
    def schema(self) -> Schema:
        """Empty: no belief states are read."""
        return {}

    @property
    def release_size(self) -> ReleaseSize:
        """The dialogues of each split."""
        return release_sizes()["simmc2"]

    def _read(self, split: str, warn: Warn) -> Iterator[Dialogue | DataError]:
        file = self._files[split]
        data = load_json(file)
        if not isinstance(data, dict) or not isinstance(data.get("dialogue_data"), list):
            yield DataError("the key 'dialogue_data' is missing", file=str(file))
            return
        raw = (Record(str(file), str(item.get("dialogue_idx", "?")), item, warn) for item in data["dialogue_data"])
        yield from convert_all(raw, partial(_dialogue, split=split, corpus=self.name))


def _dialogue(record: Record, split: str, corpus: str) -> Dialogue:
    domain = record.data["domain"]
    turns = []
    for index, data in enumerate(record.data["dialogue"]):
        record.turn = index
        turns.append(
            Turn(
                index=index,
                user=record.text(data["transcript"]),
                system=record.text(data.get("system_transcript") or ""),
                acts=_acts(data.get("system_transcript_annotated"), domain),
                user_acts=_acts(data.get("transcript_annotated"), domain),
                services=(domain,),
            )
        )
    record.turn = None
    return Dialogue(record.dialogue, corpus, split, (domain,), tuple(turns))


def _acts(annotation: Any, domain: str) -> tuple[Act, ...]:
    # The acts of teststd were kept back: there, an annotation has everything but them.
    if not isinstance(annotation, Mapping) or "act" not in annotation:
        return ()
    act, attributes = annotation["act"].lower(), annotation["act_attributes"]
    values = [
        Act(domain, act, slot, value) for slot, value in attributes["slot_values"].items() if isinstance(value, str)
    ]
    return (*values, *(Act(domain, act, slot) for slot in attributes["request_slots"])) or (Act(domain, act),)


def _split_files(root: Path) -> dict[str, RawFile]:
    paths = {split: root / f"simmc2_dials_dstc10_{name}.json" for split, name in _NAMES.items()}
    return {split: RawFile(path) for split, path in paths.items() if path.exists()}


def _match_size(folder: Path) -> int:
    return sum(file.path.stat().st_size for file in _split_files(folder).values())
