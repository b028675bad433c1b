"""TOAD: dialogues with a phone's assistant, generated with several styles of response.

What is read is what the released generator writes (``apple/ml-toad``): ``none.jsonl``, ``compound.jsonl`` and
``compositional.jsonl``, a dialogue a line, and ``data/schema.json``; all of it is the split ``all``. A state
accumulates the arguments of the user's actions. An argument that refers to something (``the date of my 9 am reminder``)
has no value of its own and is left out of the state, with a warning.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar

from tod_bench.corpora.annotations import Annotation
from tod_bench.corpora.extent import ReleaseSize, release_sizes
from tod_bench.corpora.file_corpus import FileCorpus
from tod_bench.corpora.jsonstream import RawFile, array_items, load_json
from tod_bench.corpora.places import bytes_of, corpus_root
from tod_bench.corpora.reading import Record, Warn, convert_all
from tod_bench.corpora.toad_actions import acts_of_turn, given_values, said
from tod_bench.errors import DataError, UserError
from tod_bench.records import Dialogue, Persona, Schema, SlotSpec, Turn

_READER = 1
"""Raised whenever dialogues come out differently, so that older caches are not used."""

_NAMES = ("none", "compound", "compositional")


class TOAD(FileCorpus):
    """TOAD: an assistant on a phone, eleven services, responses of several styles.

    No dialogue of it was at hand: the reader follows the code that generates them, and was tested on files made by hand
    and on the released schema.

    Args:
        path: Folder of the ``.jsonl`` files, or the repository's ``data``; None looks in TOD_BENCH_DATA and in what was
            fetched. ``schema.json`` is looked for beside them and in the folder above.
        style: A response style of the release, such as ``verbosity_low mirroring``; None for the response that the
            dialogue goes on with.
        skip_invalid, cache: As for every corpus that is read from files; see `FileCorpus`.
    """

    unannotated: ClassVar[Mapping[Annotation, str]] = {
        "goals": "TOAD does not annotate them",
        "spans": "TOAD does not annotate them",
        "frames": "TOAD does not annotate them",
    }

    def __init__(
        self,
        path: str | Path | None = None,
        style: str | None = None,
        *,
        skip_invalid: bool = False,
        cache: bool = True,
    ) -> None:
        self.root = corpus_root(path, "toad", _match_size)
        self._style = style
        self._files, schemas = _dialogue_files(self.root), [self.root / "schema.json", self.root.parent / "schema.json"]
        schema = next((RawFile(found) for found in schemas if found.exists()), None)
        if not self._files or schema is None:
            raise UserError(
                f"{self.root} lacks {', '.join(_NAMES)}.jsonl or schema.json; give the folder that has them"
            )
        self._schema_file = schema
        self.name = f"toad{'-' + style.replace(' ', '-') if style else ''}"
        files = {"all": (*self._files, schema)}
        self._set_files(files, {"reader": _READER, "style": style}, skip_invalid=skip_invalid, cache=cache)

    @cached_property
    def schema(self) -> Schema:
        """Every service and slot of the release's schema."""
        try:
            return {
                service["service_name"]: {
                    slot["name"]: SlotSpec(slot["description"], values=tuple(map(str, slot["potential_values"])))
                    for slot in service["slots"]
                }
                for service in load_json(self._schema_file)
            }
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"the schema is not laid out as expected ({error!r})", file=str(self._schema_file)
            ) from None

    @property
    def release_size(self) -> ReleaseSize:
        """The dialogues of the release in all."""
        return release_sizes()["toad"]

    def _read(self, split: str, warn: Warn) -> Iterator[Dialogue | DataError]:
        for file in self._files:
            raw = (
                Record(str(file), f"{file.path.stem}-{number}", data, warn)
                for number, data in enumerate(array_items(file))
            )
            convert = partial(_dialogue, split=split, corpus=self.name, schema=self.schema, style=self._style)
            yield from convert_all(raw, convert)


def _dialogue(record: Record, split: str, corpus: str, schema: Schema, style: str | None) -> Dialogue:
    raw = record.data
    if "conversation" not in raw:
        raise record.error("the generator gave it up before there was a conversation; read it with skip_invalid")
    services, turns, state = (
        tuple(dict.fromkeys(raw["services"])),
        list[Turn](),
        dict[str, dict[str, tuple[str, ...]]](),
    )
    for index in range(0, len(raw["conversation"]), 2):
        number = record.turn = index // 2
        user_actions = raw["dialog_action_user"][number]
        has_answer = index + 1 < len(raw["conversation"])
        system_actions = raw["dialog_action_system"][number] if has_answer else []
        for service, slot, value in given_values(record, user_actions, services[0], schema):
            state = {**state, service: {**state.get(service, {}), slot: (value,)}}
        turns.append(
            Turn(
                index=number,
                user=said(record, raw["conversation"][index]),
                system=_answer(record, raw, number, style) if has_answer else "",
                state=state,
                acts=acts_of_turn([action["default_action"] for action in system_actions], services[0]),
                user_acts=acts_of_turn(user_actions, services[0]),
                services=tuple(dict.fromkeys(action.get("service_prefix") or services[0] for action in user_actions)),
            )
        )
    record.turn = None
    persona = Persona(impression=record.text(raw["user_intro"])) if raw.get("user_intro") else None
    return Dialogue(record.dialogue, corpus, split, services, tuple(turns), persona=persona)


def _answer(record: Record, raw: Mapping[str, Any], number: int, style: str | None) -> str:
    if style is None:
        return said(record, raw["conversation"][2 * number + 1])
    options = raw["response_options"][number]
    if style not in options:
        raise record.error(f"there is no response of style {style!r}; there are {', '.join(options) or 'none'}")
    return said(record, options[style])


def _dialogue_files(root: Path) -> tuple[RawFile, ...]:
    places = (root, root / "filtered_dialogs", root / "dialogs")
    found = ([place / f"{name}.jsonl" for name in _NAMES if (place / f"{name}.jsonl").exists()] for place in places)
    return tuple(map(RawFile, next((files for files in found if files), [])))


def _match_size(folder: Path) -> int:
    return bytes_of(iter(_dialogue_files(folder))) if (folder / "schema.json").exists() else 0
