"""MultiWOZ in the layout of releases 2.0, 2.1, 2.3 and 2.4 (``data.json``), and ConvLab's file for each split.

A dialogue is a ``log`` of alternating utterances; the belief state after a user's utterance is the ``metadata`` of the
system's answer. ``''`` and ``not mentioned`` are no values; ``none`` is kept, because the protocols differ on it;
``a|b`` lists two acceptable values (``<`` and ``>`` do, too: the releases' own preprocessing reads them as ``|``).
"""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import Any, Literal

from tod_bench.corpora.annotations import Annotation
from tod_bench.corpora.jsonstream import RawFile, object_members
from tod_bench.corpora.multiwoz_goals import FILES_OF_SPLITS, booked_domains, goal_of
from tod_bench.corpora.multiwoz_names import act_of, active_domains, acts_of, canonical, plain_id
from tod_bench.corpora.multiwoz_names import schema as trackable
from tod_bench.corpora.reading import SPLITS, Record, Warn, convert_all
from tod_bench.errors import DataError, UserError
from tod_bench.records import Dialogue, Schema, Span, State, Turn, Values

_BETWEEN = re.compile(r"[|<>]")
_NOT_SLOTS = {"booked", "requested"}
_TOKENS = (re.compile(r"\S+"), re.compile(r"\w+|[^\w\s]"))
_ACT_FILES = ("dialogue_acts.json", "system_acts.json")


class LogLayout:
    """The files of a release in this layout.

    Args:
        files: Base name -> file.
        source: The folder or zip, for messages.
    """

    def __init__(self, files: Mapping[str, RawFile], source: str) -> None:
        self._files, self._source = files, source
        self.schema: Schema = trackable()
        self._acts_file = next((files[name] for name in _ACT_FILES if name in files), None)

    def splits(self) -> dict[str, tuple[RawFile, ...]]:
        """Split -> the files that decide its dialogues, the dialogues' file first.

        Raises:
            UserError: ``data.json`` has no lists of its dev and test dialogues beside it.
        """
        if "data.json" not in self._files:
            of_split = {
                split: [self._files[name] for name in FILES_OF_SPLITS[split] if name in self._files] for split in SPLITS
            }
            return {split: (files[0], *self._list_of(split)) for split, files in of_split.items() if files}
        lists = [*self._list_of("dev"), *self._list_of("test")]
        if len(lists) != 2:
            raise UserError(
                f"{self._source} has data.json, but not both valListFile and testListFile, which say what its dev and "
                "test dialogues are; copy them from the release"
            )
        acts = (self._acts_file,) if self._acts_file else ()
        return dict.fromkeys(SPLITS, (self._files["data.json"], *lists, *acts))

    def missing_annotations(self) -> Mapping[Annotation, str]:
        """Nothing: dialogues of this layout have everything in them."""
        return {}

    def _records(self, split: str, warn: Warn) -> Iterator[Record | DataError]:
        """Raw dialogues of a split, in file order, then an error for each listed dialogue that the file lacks."""
        listed: dict[str, set[str]] = {}
        for name in SPLITS:
            for list_file in self._list_of(name):
                with list_file.open() as text:
                    listed[name] = {plain_id(line) for line in text if line.strip()}
        elsewhere = listed.get("dev", set()) | listed.get("test", set())
        file, whole = self.splits()[split][0], "data.json" in self._files
        seen = set()
        for name, data in object_members(file):
            dialogue = plain_id(name)
            # What no list names is of the train split, whose list not every release has.
            unlisted = dialogue not in listed.get(split, ())
            if whole and unlisted and (split != "train" or dialogue in elsewhere):
                continue
            seen.add(dialogue)
            yield Record(str(file), dialogue, data, warn)
        for missing in sorted(listed.get(split, set()) - seen):
            error = DataError(
                "the split's list names this dialogue, but the file lacks it", file=str(file), dialogue=missing
            )
            if whole:
                yield error
            else:
                warn(error)

    def read(self, split: str, warn: Warn, corpus: str) -> Iterator[Dialogue | DataError]:
        """Reads a split."""
        convert = partial(dialogue, split=split, corpus=corpus, schema=self.schema, acts=self._acts)
        return convert_all(self._records(split, warn), convert)

    @cached_property
    def _acts(self) -> dict[str, Any]:
        """System acts that release 2.0 keeps in a file of their own: dialogue id -> turn from 1 -> acts."""
        if self._acts_file is None:
            return {}
        return {plain_id(name): turns for name, turns in object_members(self._acts_file)}

    def _list_of(self, split: str) -> list[RawFile]:
        start = {"train": "trainlistfile", "dev": "vallistfile", "test": "testlistfile"}[split]
        return [file for name, file in self._files.items() if name.lower().startswith(start)][:1]


def dialogue(record: Record, split: str, corpus: str, schema: Schema, acts: Mapping[str, Any]) -> Dialogue:
    """Converts a raw dialogue.

    Args:
        record: The raw dialogue.
        split: Its split.
        corpus: Name of the corpus.
        schema: What a state can hold.
        acts: System acts of a file of their own, by dialogue id.

    Raises:
        DataError: The dialogue is unusable.
    """
    log = record.data["log"]
    goal = goal_of(record.data["goal"])
    # Later releases have a file of acts, too, but annotate the utterances themselves.
    system_acts = {} if any("dialog_act" in utterance for utterance in log) else acts.get(record.dialogue, {})
    last = (len(log) + 1) // 2
    for turn in system_acts:
        if not turn.isdigit() or not 1 <= int(turn) <= last:
            raise record.error(f"the file of acts has some for turn {turn!r}, but there are {last} turns")
    turns: list[Turn] = []
    for index in range(0, len(log), 2):
        record.turn = index // 2
        turns.append(_turn(record, log[index : index + 2], turns, schema, system_acts.get(str(record.turn + 1))))
    record.turn = None
    services = dict.fromkeys(goal) or dict.fromkeys(domain for turn in turns for domain in turn.services)
    return Dialogue(record.dialogue, corpus, split, tuple(services), tuple(turns), goal)


def _turn(record: Record, pair: list[Any], before: list[Turn], schema: Schema, filed_acts: Any) -> Turn:
    user, system = pair[0], pair[1] if len(pair) > 1 else None
    if user["metadata"]:
        raise record.error("an utterance with a state (the system's) stands where the user's should be")
    earlier = before[-1].state if before else {}
    if system is None:
        record.warn("the dialogue ends on the user, so that the state of the last turn is the one before it")
        state = earlier
    elif not system["metadata"]:
        raise record.error("the system's utterance has no state")
    else:
        state = _state(record, system["metadata"], schema)
    # A text such as "No Annotation" is there for no acts.
    raw_acts = (user.get("dialog_act"), (system or {}).get("dialog_act", filed_acts))
    user_acts, acts = (acts_of(raw) if isinstance(raw, Mapping) else () for raw in raw_acts)
    return Turn(
        index=record.turn or 0,
        user=record.text(user["text"]),
        system=record.text(system["text"]) if system else "",
        state=state,
        acts=acts,
        user_acts=user_acts,
        services=active_domains((act.domain for act in user_acts), state, earlier)
        or (before[-1].services if before else ()),
        spans=(*_spans(record, "user", user), *(_spans(record, "system", system) if system else ())),
        booked=booked_domains(system["metadata"]) if system else before[-1].booked if before else None,
    )


def _state(record: Record, metadata: Mapping[str, Any], schema: Schema) -> State:
    state: dict[str, Mapping[str, Values]] = {}
    for domain, parts in metadata.items():
        slots: dict[str, Values] = {}
        for part, prefix in (("semi", ""), ("book", "book ")):
            for name, raw in parts.get(part, {}).items():
                values = _values(record, raw, name) if name not in _NOT_SLOTS else ()
                slot = canonical(domain, prefix + name)
                if values and slot not in schema.get(domain, {}):
                    raise record.error(f"the state has a value for slot {name!r} of {domain}, which is not known")
                if values:
                    slots[slot] = values
        if slots:
            state[domain] = slots
    return state


def _values(record: Record, raw: Any, name: str) -> Values:
    texts = _BETWEEN.split(raw) if isinstance(raw, str) else list(record.values(raw, name)) if raw else []
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip() not in ("", "not mentioned")))


def _spans(record: Record, side: Literal["user", "system"], utterance: Mapping[str, Any]) -> Iterator[Span]:
    """Spans that are given by the first and last token, in characters.

    Releases count tokens differently; of white-space tokens and words apart from punctuation, those are taken under
    which more of the utterance's spans have the text that is annotated.
    """
    raw, text = utterance.get("span_info") or (), utterance["text"]
    if not raw:
        return
    best, places = -1, list[tuple[int, int]]()
    for pattern in _TOKENS:
        tokens = [match.span() for match in pattern.finditer(text)]
        offsets = [_offsets(tokens, int(first), int(last)) for _, _, _, first, last in raw]
        texts = [text[start:end] for start, end in offsets]
        right = sum(_letters(covered) == _letters(span[2]) for covered, span in zip(texts, raw, strict=True))
        if right > best:
            best, places = right, offsets
    for (name, slot, value, first, last), (start, end) in zip(raw, places, strict=True):
        act = act_of(name, slot, value)
        if start < end:
            yield Span(side, act.domain, act.slot, value, start, end)
        else:
            record.warn(
                f"the span {act.domain}-{act.slot} {value!r} from token {first} to {last} is not in the {side}'s text"
            )


def _offsets(tokens: list[tuple[int, int]], first: int, last: int) -> tuple[int, int]:
    return (tokens[first][0], tokens[last][1]) if 0 <= first <= last < len(tokens) else (0, 0)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))
