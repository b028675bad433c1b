"""Corpora in ConvLab-3's unified format: a ``data.zip`` with ``dialogues.json`` and ``ontology.json``.

Here: KVRET (in-car assistant), CamRest676 and WOZ 2.0 (restaurants).
"""

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Literal

from tod_bench.corpora.annotations import Annotation
from tod_bench.corpora.extent import ReleaseSize, release_sizes
from tod_bench.corpora.file_corpus import FileCorpus
from tod_bench.corpora.jsonstream import RawFile, array_items, load_json
from tod_bench.corpora.multiwoz_names import canonical
from tod_bench.corpora.official import UNOFFICIAL, unlike_release
from tod_bench.corpora.places import corpus_root, files_in
from tod_bench.corpora.reading import Record, Warn, convert_all, pairs
from tod_bench.errors import DataError, UserError
from tod_bench.records import Act, Dialogue, DomainGoal, Goal, Schema, SlotSpec, Span, State, Turn

_READER = 1
"""Raised whenever dialogues come out differently, so that older caches are not used."""

SPLITS_OF_UNIFIED = {"train": "train", "dev": "validation", "test": "test"}
"""Our splits -> what the format calls them."""


class Unified(FileCorpus):
    """A corpus in ConvLab-3's unified format.

    Args:
        path: The folder of ``data.zip``, or a zip or folder of its files; None looks in TOD_BENCH_DATA and in what was
            fetched. Anything but the official ``data.zip`` adds ``-unofficial`` to the corpus's name.
        skip_invalid, cache: As for every corpus that is read from files; see `FileCorpus`.
    """

    dataset: ClassVar[str]

    def __init__(self, path: str | Path | None = None, *, skip_invalid: bool = False, cache: bool = True) -> None:
        self.root = corpus_root(path, self.dataset, self._match_size)
        files = files_in(self.root / "data.zip" if (self.root / "data.zip").is_file() else self.root)
        if not {"dialogues.json", "ontology.json"} <= files.keys():
            raise UserError(f"{self.root} has no dialogues.json and ontology.json; give the folder of data.zip")
        self._dialogues, self._ontology = files["dialogues.json"], files["ontology.json"]
        archive = f"data/unified_datasets/{self.dataset}/data.zip"
        self.unofficial = tuple(unlike_release(self.dataset, {archive: self._dialogues.path}))
        self.name = f"{self.dataset}{UNOFFICIAL if self.unofficial else ''}"
        files_of_splits = dict.fromkeys(SPLITS_OF_UNIFIED, (self._dialogues, self._ontology))
        self._set_files(files_of_splits, {"reader": _READER}, skip_invalid=skip_invalid, cache=cache)

    @cached_property
    def schema(self) -> Schema:
        """Every domain and slot that a state can hold."""
        return _read_schema(self._ontology)

    @property
    def release_size(self) -> ReleaseSize | None:
        """The dialogues of each split."""
        return release_sizes()[self.dataset]

    def _read(self, split: str, warn: Warn) -> Iterator[Dialogue | DataError]:
        wanted = (
            Record(str(self._dialogues), str(data.get("dialogue_id", "?")), data, warn)
            for data in array_items(self._dialogues)
            if isinstance(data, dict) and data.get("data_split") == SPLITS_OF_UNIFIED[split]
        )
        return convert_all(wanted, partial(unified_dialogue, split=split, corpus=self.name, schema=self.schema))

    def _match_size(self, folder: Path) -> int:
        data = folder / "data.zip"
        return data.stat().st_size if folder.name == self.dataset and data.is_file() else 0


class KVRET(Unified):
    """KVRET (Stanford in-car assistant): schedule, weather and navigation."""

    dataset = "kvret"
    unannotated: ClassVar[Mapping[Annotation, str]] = {
        "acts": "KVRET annotates the user's acts alone",
        "goals": "KVRET does not annotate them",
        "personas": "KVRET does not say who its users are",
    }


class CamRest(Unified):
    """CamRest676: restaurants in Cambridge."""

    dataset = "camrest"
    unannotated: ClassVar[Mapping[Annotation, str]] = {"personas": "CamRest676 does not say who its users are"}


class WOZ(Unified):
    """WOZ 2.0: restaurants in Cambridge, states of every turn."""

    dataset = "woz"
    unannotated: ClassVar[Mapping[Annotation, str]] = {
        "acts": "WOZ 2.0 annotates the user's acts alone",
        "goals": "WOZ 2.0 does not annotate them",
        "personas": "WOZ 2.0 does not say who its users are",
    }


def _read_schema(file: RawFile) -> Schema:
    ontology = load_json(file)
    try:
        return {
            domain: {
                canonical(domain, slot): SlotSpec(
                    spec["description"], spec["is_categorical"], tuple(spec["possible_values"])
                )
                for slot, spec in ontology["domains"][domain]["slots"].items()
                if slot in slots
            }
            for domain, slots in ontology["state"].items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"the ontology is not laid out as expected ({error!r})", file=str(file)) from None


def unified_dialogue(record: Record, split: str, corpus: str, schema: Schema) -> Dialogue:
    """Converts a raw dialogue.

    Raises:
        DataError: The dialogue is unusable.
    """
    utterances = [{**turn, "speaker": turn["speaker"].upper()} for turn in record.data["turns"]]
    turns = tuple(_turn(record, user, system, schema) for user, system in pairs(record, utterances))
    goal = _goal(record.data.get("goal", {}))
    return Dialogue(record.dialogue, corpus, split, tuple(record.data["domains"]), turns, goal)


def _turn(record: Record, user: Any, system: Any, schema: Schema) -> Turn:
    user_acts, state = _acts(user), _state(record, user["state"], schema)
    answer = system or {"utterance": ""}
    return Turn(
        index=record.turn or 0,
        user=record.text(user["utterance"]),
        system=record.text(answer["utterance"]),
        state=state,
        acts=_acts(answer),
        user_acts=user_acts,
        services=tuple(dict.fromkeys(act.domain for act in user_acts)) or tuple(state),
        spans=(*_spans("user", user), *_spans("system", answer)),
        db_matches={domain: len(results) for domain, results in answer.get("db_results", {}).items()},
    )


def _state(record: Record, raw: Mapping[str, Mapping[str, str]], schema: Schema) -> State:
    state = {}
    for domain, slots in raw.items():
        filled = {canonical(domain, slot): (value,) for slot, value in slots.items() if value}
        for slot in filled:
            if slot not in schema.get(domain, {}):
                raise record.error(f"the state has a value for slot {slot!r} of {domain}, which the ontology lacks")
        if filled:
            state[domain] = filled
    return state


def _each_act(utterance: Any) -> Iterator[dict[str, Any]]:
    for acts in utterance.get("dialogue_acts", {}).values():
        yield from acts


def _acts(utterance: Any) -> tuple[Act, ...]:
    return tuple(
        Act(act["domain"], act["intent"].lower(), canonical(act["domain"], act["slot"]), act.get("value", ""))
        for act in _each_act(utterance)
    )


def _spans(side: Literal["user", "system"], utterance: Any) -> Iterator[Span]:
    for act in _each_act(utterance):
        if "start" in act:
            slot = canonical(act["domain"], act["slot"])
            yield Span(side, act["domain"], slot, act["value"], act["start"], act["end"])


def _goal(raw: Mapping[str, Any]) -> Goal:
    inform, request = raw.get("inform", {}), raw.get("request", {})
    return {
        domain: DomainGoal(
            {canonical(domain, slot): value for slot, value in inform.get(domain, {}).items()},
            tuple(canonical(domain, slot) for slot in request.get(domain, {})),
        )
        for domain in dict.fromkeys([*inform, *request])
    }
