"""Schema-Guided Dialogue (SGD) in its official layout."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Literal

from tod_bench.corpora.annotations import Annotation
from tod_bench.corpora.extent import ReleaseSize, release_sizes
from tod_bench.corpora.file_corpus import FileCorpus
from tod_bench.corpora.jsonstream import RawFile, load_json
from tod_bench.corpora.official import UNOFFICIAL, Completeness, completeness, unlike_release
from tod_bench.corpora.places import bytes_of, corpus_root
from tod_bench.corpora.reading import SPLITS, Record, Warn, check_option, convert_all, dialogue_files, pairs, records
from tod_bench.corpora.release import release
from tod_bench.errors import DataError, UserError, did_you_mean
from tod_bench.records import Act, Dialogue, Frame, Schema, SlotSpec, Span, State, Turn, Values

View = Literal["accumulated", "frame"]
UNSEEN = "unseen"
_SILENCE = {"utterance": "", "frames": ()}


_READER = 2
"""Raised whenever dialogues come out differently, so that older caches are not used."""

_OF_SCHEMA = re.compile(r"_\d+$")


class SGD(FileCorpus):
    """Schema-Guided Dialogue: bot-bot dialogues paraphrased by people, over 45 services of 20 domains.

    Dialogue ids are unique within a split only (``1_00000`` is in all three).

    Args:
        path: Folder of the release; None looks in TOD_BENCH_DATA and in what was fetched.
        view: ``accumulated`` keeps a service's last state for the rest of the dialogue, as MultiWOZ does; ``frame``
            has only the services that the turn annotates, as released.
        hold_out: Domains (``Homes``) to hold out. Dialogues that touch one are left out of train, dev and test and make
            the split ``unseen``, their ids followed by ``_`` and the split they come from; those about one alone make
            ``unseen-Homes``, too. PicPersona-TOD holds out Homes, Buses and Movies, and tests on the latter splits.
        skip_invalid, cache: As for every corpus that is read from files; see `FileCorpus`.
    """

    unannotated: ClassVar[Mapping[Annotation, str]] = {
        "goals": "SGD does not annotate them",
        "personas": "SGD does not say who its users are",
    }

    def __init__(
        self,
        path: str | Path | None = None,
        view: View = "accumulated",
        *,
        hold_out: Sequence[str] = (),
        skip_invalid: bool = False,
        cache: bool = True,
    ) -> None:
        check_option("SGD", "view", view, View)
        self.root = corpus_root(path, "sgd", _match_size)
        self._view, self._hold_out = view, frozenset(hold_out)
        self._files = dialogue_files(self.root)
        if not self._files:
            raise UserError(
                f"{self.root} has no {{train,dev,test}}/dialogues_NNN.json; give the folder of SGD that has them"
            )
        known = {domain_of(service) for service in self.schema} if hold_out else set()
        for unknown in sorted(self._hold_out - known):
            raise UserError(f"hold_out: SGD has no domain {unknown!r}{did_you_mean(unknown, known)}")
        schemas = {f"{split}/schema.json": self._schema_file(split).path for split in self._files}
        self.unofficial = tuple(unlike_release("sgd", {**self._names(), **schemas}))
        without = f"-without-{'+'.join(sorted(self._hold_out))}" if hold_out else ""
        self.name = f"sgd-{view}{without}{UNOFFICIAL if self.unofficial else ''}"
        files = {split: (*files, self._schema_file(split)) for split, files in self._files.items()}
        everything = tuple(file for of_split in files.values() for file in of_split)
        files |= dict.fromkeys([UNSEEN, *(f"{UNSEEN}-{domain}" for domain in hold_out)] if hold_out else [], everything)
        options = {"reader": _READER, "view": view, "hold_out": sorted(self._hold_out)}
        self._set_files(files, options, skip_invalid=skip_invalid, cache=cache)

    def completeness(self, split: str) -> Completeness | None:
        """How many of a split's official files are there; None where all are, or where not all are official."""
        if self.unofficial:
            return None
        return completeness(self._names(), release("sgd"), "", SPLITS if split.startswith(UNSEEN) else [split])

    @property
    def release_size(self) -> ReleaseSize | None:
        """The dialogues of each split; None where domains are held out, which leaves dialogues out of the splits."""
        return None if self._hold_out else release_sizes()["sgd"]

    def _names(self) -> dict[str, Path]:
        return {f"{split}/{file.path.name}": file.path for split, files in self._files.items() for file in files}

    @cached_property
    def schema(self) -> Schema:
        """Every service and slot of the splits that are there."""
        return {service: slots for split in self._files for service, slots in self.schema_of(split).items()}

    def schema_of(self, split: str) -> Schema:
        """The services and slots of a split's ``schema.json``."""
        return read_schema(self._schema_file(split))

    @cached_property
    def seen_services(self) -> frozenset[str] | None:
        """Services of the train split's schema, of which the rest are the unseen ones; without those held out.

        None where the train split is not there, which leaves open what is seen.
        """
        if "train" not in self._files:
            return None
        return frozenset(service for service in self.schema_of("train") if domain_of(service) not in self._hold_out)

    def _read(self, split: str, warn: Warn) -> Iterator[Dialogue | DataError]:
        unseen, _, only = split.partition("-")
        for source in self._files if unseen == UNSEEN else (split,):
            convert = partial(dialogue, split=source, corpus=self.name, schema=self.schema_of(source), view=self._view)
            for read in convert_all(records(self._files[source], warn), convert):
                if isinstance(read, DataError):
                    yield read
                    continue
                domains = {domain_of(service) for service in read.services}
                if unseen == UNSEEN and (domains == {only} if only else domains & self._hold_out):
                    yield replace(read, split=split, id=f"{read.id}_{source}")
                elif unseen != UNSEEN and not domains & self._hold_out:
                    yield read

    def _schema_file(self, split: str) -> RawFile:
        return RawFile(self.root / split / "schema.json")


def domain_of(service: str) -> str:
    """The domain of a service: ``Homes`` of ``Homes_2``."""
    return _OF_SCHEMA.sub("", service)


def read_schema(file: RawFile) -> Schema:
    """The services and slots of a ``schema.json``."""
    try:
        return {
            service["service_name"]: {
                slot["name"]: SlotSpec(slot["description"], slot["is_categorical"], tuple(slot["possible_values"]))
                for slot in service["slots"]
            }
            for service in load_json(file)
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"the schema is not laid out as expected ({error!r})", file=str(file)) from None


def dialogue(record: Record, split: str, corpus: str, schema: Schema, view: View) -> Dialogue:
    """Converts a raw dialogue; its schema is that of its split.

    Raises:
        DataError: The dialogue is unusable.
    """
    turns: list[Turn] = []
    state: State = {}
    for user, system in pairs(record, record.data["turns"]):
        state = {**(state if view == "accumulated" else {}), **_frame_states(record, user["frames"], schema)}
        turns.append(_turn(record, user, system or _SILENCE, {name: slots for name, slots in state.items() if slots}))
    return Dialogue(record.dialogue, corpus, split, tuple(record.data["services"]), tuple(turns))


def _turn(record: Record, user: Any, system: Any, state: State) -> Turn:
    return Turn(
        index=record.turn or 0,
        user=record.text(user["utterance"]),
        system=record.text(system["utterance"]),
        state=state,
        acts=_acts(system["frames"]),
        user_acts=_acts(user["frames"]),
        services=tuple(frame["service"] for frame in user["frames"]),
        spans=(*_spans("user", user), *_spans("system", system)),
        frames=tuple(
            Frame(frame["service"], frame["state"]["active_intent"], tuple(frame["state"]["requested_slots"]))
            for frame in user["frames"]
        ),
        db_matches={
            frame["service"]: len(frame["service_results"]) for frame in system["frames"] if "service_results" in frame
        },
    )


def _frame_states(record: Record, frames: list[Any], schema: Schema) -> dict[str, Mapping[str, Values]]:
    states: dict[str, Mapping[str, Values]] = {}
    for frame in frames:
        service = frame["service"]
        slots = {}
        for slot, values in frame["state"]["slot_values"].items():
            if slot not in schema.get(service, {}):
                raise record.error(f"the state has a value for slot {slot!r} of {service}, which its schema lacks")
            slots[slot] = record.values(values, slot)
        states[service] = slots
    return states


def _acts(frames: list[Any]) -> tuple[Act, ...]:
    return tuple(
        Act(frame["service"], action["act"].lower(), action["slot"], value)
        for frame in frames
        for action in frame["actions"]
        for value in action["values"] or ("",)
    )


def _spans(side: Literal["user", "system"], utterance: Any) -> Iterator[Span]:
    text = utterance["utterance"]
    for frame in utterance["frames"]:
        for slot in frame["slots"]:
            start, end = slot["start"], slot["exclusive_end"]
            yield Span(side, frame["service"], slot["slot"], text[start:end], start, end)


def _match_size(folder: Path) -> int:
    """Bytes of SGD dialogues in a folder; MultiWOZ 2.2, of the same layout, has no schema for each split."""
    files = dialogue_files(folder)
    if not all((folder / split / "schema.json").exists() for split in files):
        return 0
    return bytes_of(file for of_split in files.values() for file in of_split)
