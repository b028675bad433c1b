"""Records in PicPersona-TOD's layout that `tod-bench personalise` made, which hold more than the released ones.

The released layout has one value a slot, in quotes that a value may itself hold, system acts alone, and a state without
goal, spans, frames or bookings. Records made here have all that beside it, in a field ``tod_bench`` of the dialogue and
of each turn, in the form of `tod_bench.corpora.rows`; nothing is lost, and what reads the released layout reads them
too. What belongs to no dialogue (name, schema, database) is in ``corpus.json`` and ``database/`` beside the records.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tod_bench.corpora.base import Corpus, open_corpus
from tod_bench.corpora.database import VenueDatabase, database_files, read_database
from tod_bench.corpora.jsonstream import RawFile, load_json
from tod_bench.corpora.rows import from_rows, to_rows
from tod_bench.errors import DataError, UserError
from tod_bench.files import write_json
from tod_bench.images import Images
from tod_bench.records import Database, Dialogue, Schema, SlotSpec

OURS = "tod_bench"
"""Key of what the released layout cannot say."""

ABOUT = "corpus.json"
TABLES = "database"

_SAID: Mapping[str, str] = {
    "index": "turn_num",
    "user": "user",
    "system": "resp",
    "styled_user": "st_user",
    "styled_system": "st_resp",
}
"""Field of a turn -> key under which the released layout has it."""

_PERSONA: Mapping[str, str] = {
    "image": "image",
    "impression": "FI",
    "age": "age",
    "gender": "gender",
    "formality": "formality",
    "emotion": "image_emotion",
}
"""Field of a persona -> key of a record."""


@dataclass(frozen=True)
class MadeCorpus:
    """What is said of a corpus that was made, beside its dialogues.

    Attributes:
        name: Name and version of the plain corpus, e.g. ``multiwoz2.2``.
        schema: Its schema.
        seen_services: Its services that training sees; None where that is not told apart.
        missing: Split -> what is known to be missing there, and why.
        reader: Name under which ``tod-bench data`` opens the plain corpus, and those of its options that are no places.
        fuzzy: How like its database takes names to be equal; see `VenueDatabase`.
        tables: Its tables of venues, by file name; empty where it has none, or others than `VenueDatabase` has.
        kept_personas: Whether its users are those of the plain corpus, so that its pictures are theirs.
    """

    name: str
    schema: Schema
    seen_services: frozenset[str] | None
    missing: Mapping[str, Mapping[str, str]]
    reader: tuple[str, Mapping[str, Any]]
    fuzzy: float | None
    tables: Mapping[str, RawFile]
    kept_personas: bool = False

    def database(self) -> Database | None:
        """The plain corpus's database; None where it is not at hand.

        It is that of the tables beside the records, else that of the plain corpus, where this can be opened without
        saying where it is.
        """
        if self.tables:
            return read_database(self.tables, self.fuzzy)
        plain = self._plain()
        return None if plain is None else plain.database

    def images(self) -> Images | None:
        """The plain corpus's pictures, where its users were kept and it can be opened without saying where it is."""
        plain = self._plain() if self.kept_personas else None
        return None if plain is None else plain.images

    def _plain(self) -> Corpus | None:
        """The plain corpus, where it is at hand; another version of it may have other venues and users."""
        name, options = self.reader
        with suppress(UserError):
            source = open_corpus(name, **options) if name else None
            return source if source is not None and source.name == self.name else None
        return None


def read_about(folder: Path) -> MadeCorpus | None:
    """What is said beside the records of a folder; None where the folder was not made by ``tod-bench personalise``.

    Raises:
        DataError: The file that says it is damaged.
    """
    file = folder / ABOUT
    if not file.is_file():
        return None
    about = load_json(RawFile(file))
    if not isinstance(about, dict) or about.get("made_by") != "tod-bench personalise":
        return None
    try:
        schema = {
            domain: {slot: SlotSpec(**{**spec, "values": tuple(spec["values"])}) for slot, spec in slots.items()}
            for domain, slots in about["schema"].items()
        }
        seen = about["seen_services"]
        tables = {path.name: RawFile(path) for path in sorted((folder / TABLES).glob("*_db.json"))}
        return MadeCorpus(
            about["corpus"],
            schema,
            None if seen is None else frozenset(seen),
            about["missing_annotations"],
            (about["reader"]["corpus"], about["reader"]["options"]),
            about["fuzzy"],
            database_files(tables),
            bool(about.get("kept_personas", False)),
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise DataError(f"the file is not laid out as expected ({error})", file=str(file)) from None


def write_about(
    folder: Path, corpus: Corpus, reader: str, options: Mapping[str, Any], *, kept_personas: bool = False
) -> None:
    """Writes what `read_about` reads, and the tables of a `VenueDatabase`.

    Args:
        folder: The folder of the records.
        corpus: The plain corpus.
        reader: Its name for ``tod-bench data``.
        options: Options of its reader that are no places on this machine.
        kept_personas: Whether the users are those of the plain corpus.
    """
    database = corpus.database
    tables = database if isinstance(database, VenueDatabase) else None
    seen = corpus.seen_services
    about = {
        "made_by": "tod-bench personalise",
        "corpus": corpus.name,
        "fingerprint": corpus.fingerprint,
        "reader": {"corpus": reader, "options": dict(options)},
        "schema": schema_json(corpus.schema),
        "seen_services": None if seen is None else sorted(seen),
        "missing_annotations": {split: dict(corpus.missing_annotations(split)) for split in corpus.splits},
        "fuzzy": None if tables is None else tables.fuzzy,
        **({"kept_personas": True} if kept_personas else {}),
    }
    if tables is not None:
        for domain in tables.domains:
            write_json(folder / TABLES / f"{domain}_db.json", [dict(entry) for entry in tables.entries(domain)])
    # Last, so that a folder which has it has all of it.
    write_json(folder / ABOUT, about)


def ours_of(dialogue: Dialogue) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the fields ``tod_bench`` of a dialogue and of its turns hold: all that the released keys do not."""
    (row,) = to_rows(dialogue)
    turns = [{name: value for name, value in turn.items() if name not in _SAID} for turn in row.pop("turns")]
    del row["persona"]
    return row, turns


def persona_of(dialogue: Dialogue) -> dict[str, str]:
    """The keys of a record that say who its user is.

    Raises:
        ValueError: The dialogue has no persona.
    """
    if dialogue.persona is None:
        raise ValueError(f"{dialogue.id} has no persona")
    return {key: getattr(dialogue.persona, field) for field, key in _PERSONA.items()}


def is_made(record: Any) -> bool:
    """Whether a record holds what the released layout cannot."""
    return isinstance(record, dict) and isinstance(record.get(OURS), dict)


def read_made(record: Mapping[str, Any]) -> Dialogue:
    """The dialogue of a record that was made, as it was: plain utterances, restyled ones beside them, and the persona.

    Raises:
        KeyError: A key is missing.
    """
    turns = [{**turn[OURS], **{field: turn[key] for field, key in _SAID.items()}} for turn in record["dialogue"]]
    persona = {field: record[key] for field, key in _PERSONA.items()}
    (dialogue,) = from_rows([{**record[OURS], "persona": persona, "turns": turns}])
    return dialogue


def schema_json(schema: Schema) -> dict[str, Any]:
    """A schema as JSON values, its values as lists."""
    return {
        domain: {slot: {**asdict(spec), "values": list(spec.values)} for slot, spec in slots.items()}
        for domain, slots in schema.items()
    }
