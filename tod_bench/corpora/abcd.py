"""ABCD (Action-Based Conversations Dataset): customers of a shop, and agents who act along its guidelines.

A state is what the paper's action state tracking asks for: the agent's actions with their values, and the intent. The
domain is the scenario's flow, a slot is an action (``pull-up-account``), its value is the values that the agent filled
in, joined by ``, `` (`NO_VALUES` for an action that takes none). A turn's state has its own actions too, which are what
its utterance leads to. The active intent of a flow is the subflow.

The text that the agent's screen shows for an action is nobody's utterance and is left out. Speakers need not take
turns: an utterance without its counterpart makes a turn whose other side is empty.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Literal

from tod_bench.corpora.annotations import Annotation
from tod_bench.corpora.extent import ReleaseSize, release_sizes
from tod_bench.corpora.file_corpus import FileCorpus
from tod_bench.corpora.jsonstream import RawFile, array_items, load_json, object_members
from tod_bench.corpora.official import UNOFFICIAL
from tod_bench.corpora.places import bytes_of, corpus_root
from tod_bench.corpora.reading import SPLITS, Record, Warn, check_option, convert_all
from tod_bench.errors import DataError, UserError
from tod_bench.records import Act, Dialogue, Frame, Schema, SlotSpec, Turn

Text = Literal["original", "delexicalised"]

_READER = 1
"""Raised whenever dialogues come out differently, so that older caches are not used."""

NO_VALUES = "taken"
"""The value of an action that the agent took without filling in anything."""

_RELEASED = ("abcd_v1.1.json", "abcd_v1.1.json.gz")
_SAMPLE = "abcd_sample.json"


class ABCD(FileCorpus):
    """ABCD 1.1: customer service, with the agents' actions.

    Only the three sample conversations and the ontology were at hand to test it on. Candidates, next steps and the
    knowledge base are not read.

    Args:
        path: Folder of ``abcd_v1.1.json`` (or ``.json.gz``) and ``ontology.json``, or of ``abcd_sample.json``, which is
            read as a part of train; None looks in TOD_BENCH_DATA and in what was fetched.
        text: The utterances as they were typed, or lower-cased and ``delexicalised`` as the paper trains on.
        skip_invalid, cache: As for every corpus that is read from files; see `FileCorpus`.
    """

    unannotated: ClassVar[Mapping[Annotation, str]] = {
        "goals": "ABCD's scenarios do not say what of them the customer wants",
        "spans": "ABCD does not annotate them",
        "personas": "ABCD's customers are made up, and not described",
    }

    def __init__(
        self,
        path: str | Path | None = None,
        text: Text = "original",
        *,
        skip_invalid: bool = False,
        cache: bool = True,
    ) -> None:
        check_option("ABCD", "text", text, Text)
        self._text = text
        self.root = corpus_root(path, "abcd", _match_size)
        found = _conversation_file(self.root)
        if found is None or not (self.root / "ontology.json").exists():
            raise UserError(f"{self.root} lacks abcd_v1.1.json(.gz) or ontology.json; give the folder that has both")
        self._file, self._ontology = found, RawFile(self.root / "ontology.json")
        sample = found.path.name == _SAMPLE
        self.unofficial = (_SAMPLE,) if sample else ()
        self.name = f"abcd{'' if text == 'original' else '-' + text}{UNOFFICIAL if sample else ''}"
        files = dict.fromkeys(["train"] if sample else SPLITS, (self._file, self._ontology))
        self._set_files(files, {"reader": _READER, "text": text}, skip_invalid=skip_invalid, cache=cache)

    @cached_property
    def schema(self) -> Schema:
        """Every action in each flow: any of them can be taken in any."""
        ontology = load_json(self._ontology)
        try:
            actions = [name for kind in ontology["actions"].values() for name in kind]
            return {flow: {name: SlotSpec() for name in actions} for flow in ontology["intents"]["flows"]}
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(f"the ontology is not laid out as expected ({error!r})", file=str(self._ontology)) from None

    @property
    def release_size(self) -> ReleaseSize:
        """The dialogues of each split."""
        return release_sizes()["abcd"]

    def _read(self, split: str, warn: Warn) -> Iterator[Dialogue | DataError]:
        raw = (
            Record(str(self._file), str(data.get("convo_id", "?")) if isinstance(data, dict) else "?", data, warn)
            for data in _conversations(self._file, split)
        )
        convert = partial(_dialogue, split=split, corpus=self.name, schema=self.schema, text=self._text)
        return convert_all(raw, convert)


def _conversations(file: RawFile, split: str) -> Iterator[Any]:
    if file.path.name == _SAMPLE:
        return array_items(file)
    for name, conversations in object_members(file):
        if name == split:
            return iter(conversations)
    raise DataError(f"the key {split!r} is missing", file=str(file))


def _dialogue(record: Record, split: str, corpus: str, schema: Schema, text: Text) -> Dialogue:
    flow = record.data["scenario"]["flow"]
    if flow not in schema:
        raise record.error(f"the flow is {flow!r}, which the ontology lacks")
    turns: list[Turn] = []
    state: dict[str, tuple[str, ...]] = {}
    for user, system, actions in _turns(record, text):
        record.turn = len(turns)
        acts: list[Act] = []
        for targets in actions:
            acts += _action(record, flow, targets, schema)
            state = {**state, targets[2]: (", ".join(targets[3]) or NO_VALUES,)}
        turns.append(
            Turn(
                index=len(turns),
                user=user,
                system=system,
                state={flow: state} if state else {},
                acts=tuple(acts),
                services=(flow,),
                frames=(Frame(flow, record.data["scenario"]["subflow"]),),
            )
        )
    record.turn = None
    return Dialogue(record.dialogue, corpus, split, (flow,), tuple(turns))


def _turns(record: Record, text: Text) -> Iterator[tuple[str, str, list[Any]]]:
    """What the customer says, what the agent says, and the targets of the actions before the customer speaks again.

    A second utterance of a side opens a new turn; actions belong to the turn that is open.
    """
    user, system, actions = "", "", list[Any]()
    original, delexed = record.data["original"], record.data["delexed"]
    if len(original) != len(delexed):
        raise record.error(f"{len(original)} original turns stand beside {len(delexed)} delexicalised ones")
    for (speaker, said), turn in zip(original, delexed, strict=True):
        if speaker != turn["speaker"]:
            raise record.error(f"turn {turn['turn_count']} is of the {speaker} and of the {turn['speaker']}")
        utterance = record.text(said if text == "original" else turn["text"])
        if speaker == "action":
            actions.append(turn["targets"])
        elif speaker == "customer":
            if user or system or actions:
                yield user, system, actions
            user, system, actions = utterance, "", []
        elif speaker == "agent":
            if system:
                yield user, system, actions
                user, actions = "", []
            system = utterance
        else:
            raise record.error(f"the speaker is {speaker!r}, not agent, customer or action")
    if user or system or actions:
        yield user, system, actions


def _action(record: Record, flow: str, targets: Any, schema: Schema) -> list[Act]:
    _, _, action, values, _ = targets
    if action not in schema[flow]:
        raise record.error(f"the action is {action!r}, which the ontology lacks")
    # Which of an action's slots a value fills is not said: some take three of four.
    return [Act(flow, action, "", value) for value in record.values(values, action)] if values else [Act(flow, action)]


def _conversation_file(root: Path) -> RawFile | None:
    return next((RawFile(root / name) for name in (*_RELEASED, _SAMPLE) if (root / name).exists()), None)


def _match_size(folder: Path) -> int:
    found = _conversation_file(folder)
    return bytes_of(iter([found])) if found else 0
