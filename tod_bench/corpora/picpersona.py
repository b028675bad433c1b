"""PicPersona-TOD: MultiWOZ and SGD dialogues restyled to the person in a picture.

One file has both sides of a comparison: the original utterances and the restyled ones. The states and acts are text
and are read by `tod_bench.corpora.picpersona_text`. What is odd in the release is kept as it is and reported
in `warnings`:

* SGD part: the state of a first turn can hold the last domain of the dialogue before it; later states keep only the
  current domain and the one before, so domains drop out of the state; only the first value of a slot is there.
* Where no restyled utterance was obtained, it equals the original.

Folders that `tod-bench personalise` made are read too: their records hold all that the plain corpus annotates, and
`tod_bench.corpora.picpersona_made` says how. Their name is that of the plain corpus, ``multiwoz2.2-personalised``.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

from tod_bench.corpora.annotations import Annotation
from tod_bench.corpora.database import VenueDatabase, database_files, read_database
from tod_bench.corpora.extent import ReleaseSize, release_sizes
from tod_bench.corpora.file_corpus import FileCorpus
from tod_bench.corpora.jsonstream import RawFile, object_members
from tod_bench.corpora.multiwoz_names import TRACKED, active_domains, canonical
from tod_bench.corpora.multiwoz_names import schema as multiwoz_schema
from tod_bench.corpora.picpersona_made import ABOUT, is_made, read_about, read_made
from tod_bench.corpora.picpersona_text import parse_acts, parse_state
from tod_bench.corpora.places import bytes_of, corpus_root, files_in
from tod_bench.corpora.reading import Record, Warn, check_option, convert_all
from tod_bench.errors import DataError, MissingError, UserError
from tod_bench.images import FolderImages, Images, has_pictures
from tod_bench.records import Database, Dialogue, Persona, Schema, SlotSpec, State, Turn

Part = Literal["all", "multiwoz", "sgd"]
Style = Literal["original", "personalised"]

_READER = 1
"""Raised whenever dialogues come out differently, so that older caches are not used."""

_NAMES = {"train": ("train.json",), "dev": ("dev.json", "valid.json", "val.json"), "test": ("test.json",)}
_PLACES = ("", "dataset.zip", "dataset/mwoz_sgd", "dataset/mwoz_sgd/dataset.zip")


class PicPersona(FileCorpus):
    """PicPersona-TOD: MultiWOZ and SGD dialogues, original or restyled to the person in a picture.

    Args:
        path: Folder of the repository or of ``{train,dev,test}.json``, a ``dataset.zip``, or one such JSON file; None
            looks in TOD_BENCH_DATA and in what was fetched.
        part: Dialogues from ``multiwoz``, from ``sgd``, or ``all``.
        style: Whose utterances ``Turn.user`` and ``Turn.system`` are: ``original`` or ``personalised``. The restyled
            ones are in ``styled_user`` and ``styled_system`` either way.
        images: Folder of the users' pictures, which only what shows or sees users needs; None takes the folder ``face``
            beside the records, where it has pictures, else what the plain corpus of a corpus with its personas has.
        skip_invalid, cache: As for every corpus that is read from files; see `FileCorpus`.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        part: Part = "all",
        style: Style = "original",
        images: str | Path | None = None,
        *,
        skip_invalid: bool = False,
        cache: bool = True,
    ) -> None:
        check_option("PicPersona-TOD", "part", part, Part)
        check_option("PicPersona-TOD", "style", style, Style)
        self.root = corpus_root(path, "picpersona", _match_size)
        self._part, self._style = part, style
        self._images = FolderImages(Path(images)) if images is not None else None
        self._reopened = partial(PicPersona, path, part, images=images, skip_invalid=skip_invalid, cache=cache)
        self._files = _split_files(self.root)
        self._made = read_about(self.root) if self.root.is_dir() else None
        self.name = f"{self._made.name if self._made else 'picpersona'}{'' if part == 'all' else '-' + part}-{style}"
        beside = self._beside()
        files = {split: (file, *beside) for split, file in self._files.items()}
        self._set_files(
            files, {"reader": _READER, "part": part, "style": style}, skip_invalid=skip_invalid, cache=cache
        )

    @cached_property
    def schema(self) -> Schema:
        """MultiWOZ's slots, and for the SGD part, whose schema was not released, every slot that a state mentions.

        Of a corpus that `tod-bench personalise` made, the schema of the plain corpus.
        """
        if self._made:
            return self._made.schema
        schema: dict[str, Mapping[str, SlotSpec]] = dict(multiwoz_schema()) if self._part != "sgd" else {}
        if self._part != "multiwoz":
            for split in self.splits:
                for dialogue in self.dialogues(split):
                    for domain, slots in (item for turn in dialogue.turns for item in turn.state.items()):
                        known = schema.get(domain, {})
                        if not slots.keys() <= known.keys():
                            schema[domain] = {**dict.fromkeys(slots, SlotSpec()), **known}
        return schema

    @cached_property
    def database(self) -> Database | None:
        """MultiWOZ's venues, where the repository's ``dataset/mwoz/DB`` is there, or what the plain corpus has."""
        return self._made.database() if self._made else read_database(self._database_files)

    @cached_property
    def images(self) -> Images | None:
        """The pictures of the folder that was given, or that is beside the records; else the plain corpus's."""
        if self._images is not None:
            return self._images
        # The release has its descriptions of the faces in that folder, and not the faces.
        beside = [self.root / place for place in ("face", "dataset/face")]
        beside += [self.root.parent / "face"] if self.root.name == "mwoz_sgd" else []
        folder = next(filter(has_pictures, beside), None)
        if folder is not None:
            return FolderImages(folder)
        return self._made.images() if self._made else None

    @property
    def seen_services(self) -> Collection[str] | None:
        """Services that training sees, where the plain corpus says so."""
        return self._made.seen_services if self._made else None

    @property
    def plain(self) -> "PicPersona":
        """The same dialogues with the utterances of the corpora that they are made of."""
        return self if self._style == "original" else self._reopened(style="original")

    def missing_annotations(self, split: str) -> Mapping[Annotation, str]:
        """What is known to be missing in a split, where the plain corpus says so."""
        known = self._made.missing.get(split, {}) if self._made else {}
        return {annotation: why for annotation, why in known.items() if annotation != "personas"}  # type: ignore[misc]

    @property
    def release_size(self) -> ReleaseSize | None:
        """The dialogues of the release in all; None for a part of it, and for a corpus of one's own in its layout.

        The latter is known by its ``manifest.json``, which ``tod-bench personalise`` writes.
        """
        whole = self._part == "all" and not (self.root / "manifest.json").exists()
        return release_sizes()["picpersona"] if whole else None

    def _read(self, split: str, warn: Warn) -> Iterator[Dialogue | DataError]:
        file = self._files[split]
        raw = (Record(str(file), name, data, warn) for name, data in object_members(file))
        wanted = (record for record in raw if self._part in ("all", _part_of(record)))
        # What a record that was made says of the database, its dialogue says itself.
        venues = None if self._made else read_database(self._database_files)
        convert = partial(_dialogue, split=split, corpus=self.name, style=self._style, database=venues)
        return convert_all(wanted, convert)

    def _beside(self) -> tuple[RawFile, ...]:
        """Files that decide the dialogues, beside those that hold them."""
        if self._made is None:
            return tuple(self._database_files.values())
        return RawFile(self.root / ABOUT), *self._made.tables.values()

    @cached_property
    def _database_files(self) -> Mapping[str, RawFile]:
        folders = [folder / "dataset/mwoz/DB" for folder in (self.root, *self.root.absolute().parents[:3])]
        tables = ({path.name: RawFile(path) for path in folder.glob("*_db.json")} for folder in folders)
        return next((database for files in tables if (database := database_files(files))), {})


def _dialogue(record: Record, split: str, corpus: str, style: Style, database: VenueDatabase | None) -> Dialogue:
    if is_made(record.data):
        return _made_dialogue(record, split, corpus, style)
    raw, sgd = record.data, _of_sgd(record)
    if raw.get("dialogue_id", record.dialogue) != record.dialogue:
        record.warn(f"the record calls itself {raw['dialogue_id']!r}")
    persona = Persona(raw["image"], raw["FI"], raw["age"], raw["gender"], raw["formality"], raw["image_emotion"])
    turns: list[Turn] = []
    for index, data in enumerate(raw["dialogue"]):
        record.turn = index
        turn = _turn(record, data, turns[-1] if turns else None, sgd=sgd)
        if style == "personalised":
            turn = replace(turn, user=data["st_user"], system=data["st_resp"])
        if database and not sgd:
            turn = replace(turn, db_matches=database.matches(turn.state))
        turns.append(turn)
    record.turn = None
    services = dict.fromkeys(domain for turn in turns for domain in (*turn.services, *turn.state))
    return Dialogue(record.dialogue, corpus, split, tuple(services), tuple(turns), persona=persona)


def _made_dialogue(record: Record, split: str, corpus: str, style: Style) -> Dialogue:
    dialogue = read_made(record.data)
    turns = dialogue.turns
    if style == "personalised":
        turns = tuple(replace(turn, user=turn.styled_user or "", system=turn.styled_system or "") for turn in turns)
    return replace(dialogue, corpus=corpus, split=split, turns=turns)


def _turn(record: Record, data: Mapping[str, Any], before: Turn | None, *, sgd: bool) -> Turn:
    if data["turn_num"] != record.turn:
        raise record.error(f"the turn calls itself number {data['turn_num']!r}")
    state = _state(record, data["bspn"], sgd=sgd)
    acts, unread = parse_acts(data["act"], sgd=sgd)
    if unread:
        raise record.error(f"the acts have a piece that cannot be read: {unread[0]!r:.80}")
    earlier = before.state if before else {}
    if sgd:
        services: tuple[str, ...] = (data["domain"],)
    else:
        services = active_domains((), state, earlier) or active_domains((act.domain for act in acts), {}, {})
    _report(record, data, state, earlier, services)
    return Turn(
        index=data["turn_num"],
        user=record.text(data["user"]),
        system=record.text(data["resp"]),
        styled_user=record.text(data["st_user"]),
        styled_system=record.text(data["st_resp"]),
        state=state,
        acts=tuple(dict.fromkeys(acts)),
        services=services or (before.services if before else ()),
    )


def _state(record: Record, text: str, *, sgd: bool) -> State:
    pairs, unread = parse_state(text)
    if unread:
        raise record.error(f"the belief state has a piece that cannot be read: {unread[0]!r:.80}")
    state: dict[str, dict[str, tuple[str, ...]]] = {}
    for domain, slot, value in pairs:
        name = slot if sgd else canonical(domain.lower(), slot)
        where = domain if sgd else domain.lower()
        if not sgd and name not in TRACKED.get(where, ()):
            raise record.error(f"the state has a value for slot {slot!r} of {domain}, which MultiWOZ does not know")
        if name in state.get(where, {}):
            record.warn(f"the state has two values for {where}-{name}; the last counts")
        state.setdefault(where, {})[name] = (value,)
    return state


def _report(record: Record, data: Mapping[str, Any], state: State, earlier: State, services: tuple[str, ...]) -> None:
    if record.turn == 0:
        for domain in (domain for domain in state if domain not in services):
            record.warn(f"the first state holds the domain {domain!r}, which the turn is not about")
    for domain in (domain for domain in earlier if domain not in state):
        record.warn(f"the domain {domain!r} has dropped out of the state")
    for side, text, styled in (("user", data["user"], data["st_user"]), ("system", data["resp"], data["st_resp"])):
        if text == styled:
            record.warn(f"the {side}'s utterance was not restyled")


def _part_of(record: Record) -> str:
    kind = record.data.get("type") if isinstance(record.data, dict) else None
    if is_made(record.data):
        return {"SGD": "sgd", "MultiWOZ": "multiwoz"}.get(str(kind), "other")
    return "sgd" if kind == "SGD" else "multiwoz"


def _of_sgd(record: Record) -> bool:
    return isinstance(record.data, dict) and record.data.get("type") == "SGD"


def _split_files(root: Path) -> dict[str, RawFile]:
    if root.suffix == ".json":
        split = next((split for split, names in _NAMES.items() if root.name in names), None)
        if split is None:
            raise UserError(f"{root} is not a file named train.json, dev.json, valid.json or test.json")
        if root.is_file():
            return {split: RawFile(root)}
    for source in (root / name for name in _PLACES):
        if source.exists():
            files = files_in(source)
            of_splits = {split: files[name] for split, names in _NAMES.items() for name in names if name in files}
            if of_splits:
                return of_splits
    if not root.exists():
        raise MissingError(f"there is no {root}; give the folder of the release, or make it with tod-bench personalise")
    raise UserError(
        f"{root} has no train.json, dev.json (or valid.json) or test.json of PicPersona-TOD, nor a dataset.zip"
    )


def _match_size(folder: Path) -> int:
    """Bytes of dialogues in a folder that is named as the repository names it."""
    if folder.name != "mwoz_sgd":
        return 0
    try:
        return bytes_of(iter(_split_files(folder).values()))
    except UserError:
        return 0
