"""MultiWOZ in the layout of release 2.2: ``{train,dev,test}/dialogues_NNN.json`` and ``schema.json``.

States are in the frames of user turns and list every acceptable value; acts are in a file of their own,
``dialog_acts.json``.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

from tod_bench.corpora.annotations import Annotation
from tod_bench.corpora.jsonstream import RawFile, load_json, object_members
from tod_bench.corpora.multiwoz_names import act_of, acts_of, canonical, plain_id, without_unscored
from tod_bench.corpora.reading import Record, Warn, convert_all, dialogue_files, pairs, records
from tod_bench.errors import DataError
from tod_bench.records import Act, Dialogue, Frame, Schema, SlotSpec, Span, State, Turn, Values

ActFile = dict[str, dict[str, Any]]
"""Dialogue id -> turn id (counting utterances, as text) -> ``dialog_act`` and ``span_info``."""


class Layout22:
    """The files of a release in this layout.

    Args:
        root: The folder with ``schema.json``.
    """

    def __init__(self, root: Path) -> None:
        self._root, self._dialogues = root, dialogue_files(root)
        self._schema_file = RawFile(root / "schema.json")
        acts = RawFile(root / "dialog_acts.json")
        self._acts_file = acts if acts.path.exists() else None

    def splits(self) -> dict[str, tuple[RawFile, ...]]:
        """Split -> the files that decide its dialogues."""
        shared = (self._schema_file, *((self._acts_file,) if self._acts_file else ()))
        return {split: (*files, *shared) for split, files in self._dialogues.items()}

    def missing_annotations(self) -> Mapping[Annotation, str]:
        """The acts, where the release's file of them is not there."""
        if self._acts_file:
            return {}
        return {"acts": f"there is no dialog_acts.json in {self._root}; copy the release's there"}

    @cached_property
    def schema(self) -> Schema:
        """Every domain and slot that a state can hold."""
        return read_schema(self._schema_file)

    def read(self, split: str, warn: Warn, corpus: str) -> Iterator[Dialogue | DataError]:
        """Reads a split."""
        convert = partial(dialogue, split=split, corpus=corpus, schema=self.schema, acts=self._acts)
        return convert_all(records(self._dialogues[split], warn, plain_id=plain_id), convert)

    @cached_property
    def _acts(self) -> ActFile | None:
        if self._acts_file is None:
            return None
        return {plain_id(name): turns for name, turns in object_members(self._acts_file)}


def read_schema(file: RawFile) -> Schema:
    """The slots of ``schema.json`` that a state can hold.

    The release marks them by a list of possible values (an empty one for open slots), ``restaurant-food`` and
    ``bus-leaveat`` excepted, which its documentation counts as tracked.
    """
    schema: dict[str, dict[str, SlotSpec]] = {}
    try:
        for service in load_json(file):
            domain = service["service_name"]
            schema[domain] = {
                canonical(domain, _bare(slot["name"])): SlotSpec(
                    slot["description"], slot["is_categorical"], tuple(slot.get("possible_values", ()))
                )
                for slot in service["slots"]
                if "possible_values" in slot or slot["name"] in ("restaurant-food", "bus-leaveat")
            }
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"the schema is not laid out as expected ({error!r})", file=str(file)) from None
    return without_unscored(schema)


def dialogue(record: Record, split: str, corpus: str, schema: Schema, acts: ActFile | None) -> Dialogue:
    """Converts a raw dialogue.

    Args:
        record: The raw dialogue.
        split: Its split.
        corpus: Name of the corpus.
        schema: What a state can hold.
        acts: All acts, or None where there is no file of them.

    Raises:
        DataError: The dialogue is unusable.
    """
    utterances = record.data["turns"]
    annotations = _acts_of(record, acts, len(utterances))
    turns = []
    for user, system in pairs(record, utterances):
        first = 2 * (record.turn or 0)
        turns.append(_turn(record, user, system, [annotations.get(str(first + side), {}) for side in (0, 1)], schema))
    return Dialogue(record.dialogue, corpus, split, tuple(record.data["services"]), tuple(turns))


def _turn(record: Record, user: Any, system: Any, annotations: list[Any], schema: Schema) -> Turn:
    frames = user["frames"]
    user_acts = acts_of(annotations[0].get("dialog_act", {}))
    annotated = tuple(
        Frame(
            frame["service"],
            frame["state"]["active_intent"],
            tuple(canonical(frame["service"], _bare(slot)) for slot in frame["state"]["requested_slots"]),
        )
        for frame in frames
    )
    requested = [Act(frame.service, "request", slot) for frame in annotated for slot in frame.requested]
    # Acts first: of two spans that start together, MultiWOZ_Evaluation delexicalises the one that the acts have first.
    spans = [*_act_spans("user", annotations[0]), *_frame_spans("user", user)]
    if system:
        spans += [*_act_spans("system", annotations[1]), *_frame_spans("system", system)]
    return Turn(
        index=record.turn or 0,
        user=record.text(user["utterance"]),
        system=record.text(system["utterance"]) if system else "",
        state=_state(record, frames, schema),
        acts=acts_of(annotations[1].get("dialog_act", {})),
        user_acts=tuple(dict.fromkeys([*user_acts, *requested])),
        services=tuple(frame["service"] for frame in frames if frame["state"]["active_intent"] != "NONE"),
        spans=tuple(dict.fromkeys(spans)),
        frames=annotated,
    )


def _state(record: Record, frames: list[Any], schema: Schema) -> State:
    state: dict[str, Mapping[str, Values]] = {}
    for frame in frames:
        service = frame["service"]
        slots: dict[str, Values] = {}
        for name, values in frame["state"]["slot_values"].items():
            slot = canonical(service, _bare(name))
            if slot not in schema.get(service, {}):
                raise record.error(f"the state has a value for {name!r}, which the schema does not know")
            slots[slot] = record.values(values, name)
        if slots:
            state[service] = slots
    return state


def _frame_spans(side: Literal["user", "system"], utterance: Any) -> Iterator[Span]:
    for frame in utterance["frames"]:
        for slot in frame.get("slots", ()):
            # A slot that is copied from another one stands nowhere in the text and has no offsets.
            if "start" not in slot:
                continue
            value = slot["value"] if isinstance(slot["value"], str) else slot["value"][0]
            name = canonical(frame["service"], _bare(slot["slot"]))
            yield Span(side, frame["service"], name, value, slot["start"], slot["exclusive_end"])


def _act_spans(side: Literal["user", "system"], annotation: Any) -> Iterator[Span]:
    for name, slot, value, start, end in annotation.get("span_info", ()):
        act = act_of(name, slot, value)
        yield Span(side, act.domain, act.slot, value, int(start), int(end))


def _acts_of(record: Record, acts: ActFile | None, utterances: int) -> dict[str, Any]:
    if acts is None:
        return {}
    if record.dialogue not in acts:
        record.warn("dialog_acts.json has no acts for this dialogue")
        return {}
    annotated = acts[record.dialogue]
    for turn in annotated:
        if not turn.isdigit() or int(turn) >= utterances:
            raise record.error(f"dialog_acts.json has acts for turn {turn!r}, but there are {utterances} utterances")
    return annotated


def _bare(name: str) -> str:
    """The slot of a name such as ``hotel-area``."""
    return name.partition("-")[2] or name
