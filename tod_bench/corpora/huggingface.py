"""MultiWOZ 2.2 and SGD as the Hugging Face hub has them, from the hub or from a folder that `save_to_disk` wrote."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

from tod_bench.corpora import multiwoz22, sgd
from tod_bench.corpora.file_corpus import FileCorpus
from tod_bench.corpora.hub_datasets import import_datasets
from tod_bench.corpora.hub_layouts import Layout, layout_of, multiwoz_release, named_labels, sgd_release
from tod_bench.corpora.jsonstream import RawFile
from tod_bench.corpora.multiwoz_names import plain_id
from tod_bench.corpora.multiwoz_names import schema as multiwoz_schema
from tod_bench.corpora.reading import SPLITS, Record, Warn, check_option, convert_all
from tod_bench.errors import DataError, UserError
from tod_bench.records import Dialogue, Schema, SlotSpec, State

Inactive = Literal["refuse", "carry"]

_READER = 1
"""Raised whenever dialogues come out differently, so that older caches are not used."""

_SPLITS: Mapping[str, str] = {"validation": "dev"}


class HuggingFace(FileCorpus):
    """MultiWOZ 2.2 or SGD in the layout of the hub's `multi_woz_v22` or `schema_guided_dstc8`.

    Args:
        path: A folder that `DatasetDict.save_to_disk` wrote, or a name on the hub (``pfb30/multi_woz_v22``).
        config: The hub's configuration (``v2.2``); None takes the only one, or the default one.
        revision: Commit or tag on the hub; None takes the newest.
        schema: SGD only: folder of the release's ``{train,dev,test}/schema.json``, or file of one schema, for
            descriptions and which slots are categorical; None knows the slots that the dialogues mention, all of them
            not categorical.
        view: SGD only: as for the corpus ``sgd``.
        inactive: What to do where the frames of inactive domains were left out, as in the hub's configuration
            ``v2.2_active_only`` of MultiWOZ, and the states of those domains with them. ``refuse`` says so; ``carry``
            keeps a domain's last state, and the corpus's name says that.
        skip_invalid, cache: As for every corpus that is read from files; see `FileCorpus`.

    Raises:
        UserError: The datasets cannot be opened, or have another layout.
    """

    def __init__(
        self,
        path: str | Path,
        config: str | None = None,
        revision: str | None = None,
        *,
        schema: str | Path | None = None,
        view: sgd.View = "accumulated",
        inactive: Inactive = "refuse",
        skip_invalid: bool = False,
        cache: bool = True,
    ) -> None:
        check_option("huggingface", "view", view, sgd.View)
        check_option("huggingface", "inactive", inactive, Inactive)
        self._datasets = {_SPLITS.get(name, name): rows for name, rows in _opened(path, config, revision).items()}
        self._layout = _layout(self._datasets, path)
        self._view, self._schema_files = view, _schema_files(schema)
        self._carries = self._layout == "multi_woz_v22" and not any(map(_has_inactive, self._datasets.values()))
        if self._carries and inactive == "refuse":
            raise UserError(
                f"{path} is the configuration v2.2_active_only, which leaves out the state of every domain that is not "
                "active in a turn, so that no state is whole; load the configuration v2.2, or set inactive=carry to "
                "keep a domain's last state (the corpus's name then says so)"
            )
        name = "multiwoz2.2" if self._layout == "multi_woz_v22" else f"sgd-{view}"
        self.name = f"{name}-hub{'-carried' if self._carries else ''}"
        files = {split: _files(rows) for split, rows in self._datasets.items()}
        self.root = next(iter(files.values()))[0].path.parent.parent
        options = {"reader": _READER, "layout": self._layout, "view": view}
        sources = {split: (*tables, *self._schema_files) for split, tables in files.items()}
        self._set_files(sources, options, skip_invalid=skip_invalid, cache=cache)

    @cached_property
    def schema(self) -> Schema:
        """Every domain (or service) and slot that a state can hold."""
        if self._layout == "multi_woz_v22":
            return multiwoz_schema()
        given = {service: slots for file in self._schema_files for service, slots in sgd.read_schema(file).items()}
        return given or _mentioned(row for rows in self._datasets.values() for row in _raw_rows(rows))

    def _read(self, split: str, warn: Warn) -> Iterator[Dialogue | DataError]:
        rows, source = self._datasets[split], f"{self.root}, split {split}"
        named = ((row, plain_id(str(row["dialogue_id"]))) for row in _raw_rows(rows))
        if self._layout == "schema_guided_dstc8":
            convert = partial(sgd.dialogue, split=split, corpus=self.name, schema=self.schema, view=self._view)
            records = (Record(source, name, sgd_release(row), warn) for row, name in named)
            return convert_all(records, convert)
        return convert_all(
            (Record(source, name, row, warn) for row, name in named), partial(self._multiwoz, split=split)
        )

    def _multiwoz(self, record: Record, split: str) -> Dialogue:
        record.data, acts = multiwoz_release(record.data)
        made = multiwoz22.dialogue(record, split, self.name, self.schema, {record.dialogue: acts})
        return _carried(made) if self._carries else made


def _opened(path: str | Path, config: str | None, revision: str | None) -> Mapping[str, Any]:
    """The datasets by split, from a folder or from the hub.

    Raises:
        UserError: They cannot be had.
    """
    datasets = import_datasets()
    try:
        if Path(path).is_dir():
            loaded = datasets.load_from_disk(str(path))
            return {str(loaded.split or "test"): loaded} if isinstance(loaded, datasets.Dataset) else dict(loaded)
        return dict(datasets.load_dataset(str(path), config, revision=revision))
    except Exception as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path} could not be opened as datasets ({type(error).__name__}: {reason[:200]}); give a folder that "
            "save_to_disk wrote, or a name on the hub and a connection to it"
        ) from error


def _layout(datasets: Mapping[str, Any], path: str | Path) -> Layout:
    layouts = {layout_of(rows.features) for rows in datasets.values()}
    if len(layouts) != 1 or None in layouts:
        raise UserError(
            f"{path} has neither the layout of multi_woz_v22 nor that of schema_guided_dstc8 on the hub: a row a "
            "dialogue, with `turns` of `speaker`, `utterance` and `frames`"
        )
    return next(layout for layout in layouts if layout)


def _files(rows: Any) -> tuple[RawFile, ...]:
    return tuple(RawFile(Path(file["filename"])) for file in rows.cache_files)


def _schema_files(given: str | Path | None) -> tuple[RawFile, ...]:
    if given is None:
        return ()
    path = Path(given)
    candidates = [path] if path.is_file() else [path / split / "schema.json" for split in SPLITS]
    present = tuple(RawFile(file) for file in candidates if file.is_file())
    if not present:
        raise UserError(
            f"{path} has no schema.json; give the file, or the folder of SGD with {{train,dev,test}}/schema.json"
        )
    return present


def _raw_rows(rows: Any) -> Iterator[dict[str, Any]]:
    features = rows.features
    return ({name: named_labels(row[name], features[name]) for name in row} for row in rows)


def _has_inactive(rows: Any) -> bool:
    """Whether any user turn has a frame of a domain that is not active, as every dialogue of several domains has."""
    return any(
        frame["state"]["active_intent"] == "NONE"
        for row in _raw_rows(rows)
        for turn in multiwoz_release(row)[0]["turns"][::2]
        for frame in turn["frames"]
    )


def _carried(dialogue: Dialogue) -> Dialogue:
    """The dialogue with each domain's last state kept through the turns that do not annotate it."""
    state: State = {}
    turns = []
    for turn in dialogue.turns:
        state = {**state, **turn.state}
        turns.append(replace(turn, state=state))
    return replace(dialogue, turns=tuple(turns))


def _mentioned(rows: Iterable[dict[str, Any]]) -> Schema:
    """The slots that the states of SGD's dialogues mention, none of them known to be categorical."""
    schema: dict[str, dict[str, SlotSpec]] = {}
    for row in rows:
        for turn in sgd_release(row)["turns"][::2]:
            for frame in turn["frames"]:
                slots = schema.setdefault(frame["service"], {})
                slots.update(dict.fromkeys(frame["state"]["slot_values"], SlotSpec()))
    return schema
