"""Fitting imported predictions to a corpus: ids in its spelling, as many turns as it has."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tod_bench.dialogue_ids import DialogueIds, dialogue_key
from tod_bench.errors import DataError, did_you_mean
from tod_bench.records import Dialogue, Prediction
from tod_bench.updates import in_view
from tod_metrics.response.delexicalise import unknown_placeholders

_HINTS = 5


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import.

    Attributes:
        predictions: The predictions.
        mismatches: What does not fit, one sentence each; with any of them the import has failed.
        notices: What is worth knowing, one sentence each.
    """

    predictions: tuple[Prediction, ...]
    mismatches: tuple[str, ...]
    notices: tuple[str, ...]


@dataclass
class Problems:
    """What a reader could not use, and what it left aside.

    Attributes:
        file: The file, for messages.
        found: One sentence for each problem.
        ignored: Field that we have no use for -> how often it was there.
        left_out: What a model wrote that says nothing -> how often.
    """

    file: str
    found: list[str] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, problem: str, *, dialogue: str = "", turn: int | None = None) -> None:
        """Notes a problem."""
        self.found.append(str(DataError(problem, file=self.file, dialogue=dialogue, turn=turn)))

    def text(self, value: Any, what: str, *, dialogue: str, turn: int) -> str | None:
        """The value if it is text; otherwise None, and a problem is noted."""
        if isinstance(value, str):
            return value
        self.add(f"{what} is {_described(value)}, but must be text", dialogue=dialogue, turn=turn)
        return None

    def mapping(self, value: Any, what: str, *, dialogue: str, turn: int) -> Mapping[str, Any]:
        """The value if it is an object; otherwise an empty one, and a problem is noted."""
        if isinstance(value, dict):
            return value
        self.add(f"{what} is {_described(value)}, but must be an object", dialogue=dialogue, turn=turn)
        return {}

    def sequence(self, value: Any, what: str, *, dialogue: str, turn: int | None = None) -> Sequence[Any]:
        """The value if it is a list; otherwise an empty one, and a problem is noted."""
        if isinstance(value, list):
            return value
        self.add(f"{what} is {_described(value)}, but must be a list", dialogue=dialogue, turn=turn)
        return []


def match(
    drafts: Sequence[Prediction],
    problems: Problems,
    dialogues: Sequence[Dialogue] | None,
    *,
    partial: bool,
    whole: Callable[[], Iterable[str]] | None = None,
) -> Imported:
    """Gives predictions the corpus's ids, and says what does not fit.

    Args:
        drafts: The predictions as the file has them.
        problems: What the reader could not use.
        dialogues: The dialogues that were answered; None checks nothing.
        partial: Accept missing dialogues and turns.
        whole: Where the dialogues are a part of a split, gives the ids of the whole; dialogues of the file that are
            among them are left out.
    """
    notices = _notices(drafts, problems)
    if any(not dialogue_key(draft.dialogue_id) for draft in drafts):
        problems.add("a dialogue has an empty id")
    if dialogues is None:
        matched = [replace(draft, dialogue_id=dialogue_key(draft.dialogue_id).upper()) for draft in drafts]
        _refuse_repeats(matched, problems)
        notices.append("no corpus was given, so ids are only written in capitals and turns are not counted")
        return Imported(tuple(matched), tuple(problems.found), tuple(notices))
    ids, by_id = DialogueIds(dialogue.id for dialogue in dialogues), {dialogue.id: dialogue for dialogue in dialogues}
    matched = [
        in_view(replace(draft, dialogue_id=name), by_id[name])
        for draft in drafts
        if (name := ids.find(draft.dialogue_id)) is not None
    ]
    unknown = [name for name in dict.fromkeys(draft.dialogue_id for draft in drafts) if ids.find(name) is None]
    if unknown and whole is not None:
        others = DialogueIds(whole())
        elsewhere = [name for name in unknown if others.find(name) is not None]
        unknown = [name for name in unknown if others.find(name) is None]
        if elsewhere:
            notices.append(f"{len(elsewhere):,} dialogues are not in this part of the split and are left out")
    for number, name in enumerate(unknown):
        # Finding the nearest id is slow, and pointless where nothing fits.
        hint = did_you_mean(dialogue_key(name), ids.by_key) if number < _HINTS else ""
        problems.add(f"the corpus's split has no such dialogue{hint}", dialogue=name)
    _refuse_repeats(matched, problems)
    _compare_turns(matched, problems, dialogues, partial=partial)
    order = {dialogue.id: number for number, dialogue in enumerate(dialogues)}
    matched.sort(key=lambda prediction: (order[prediction.dialogue_id], prediction.turn))
    return Imported(tuple(matched), tuple(problems.found), tuple(notices))


def _refuse_repeats(predictions: Iterable[Prediction], problems: Problems) -> None:
    counts = Counter((prediction.dialogue_id, prediction.turn) for prediction in predictions)
    for name in dict.fromkeys(dialogue for (dialogue, _), count in counts.items() if count > 1):
        problems.add("the dialogue is in the file more than once; keep one of them", dialogue=name)


def _compare_turns(
    predictions: Sequence[Prediction], problems: Problems, dialogues: Sequence[Dialogue], *, partial: bool
) -> None:
    turns: dict[str, set[int]] = {}
    for prediction in predictions:
        turns.setdefault(prediction.dialogue_id, set()).add(prediction.turn)
    unanswered = [dialogue.id for dialogue in dialogues if dialogue.id not in turns]
    for dialogue in dialogues:
        given = turns.get(dialogue.id, set())
        have = {turn.index for turn in dialogue.turns}
        # Where a dialogue ends on the user there is nothing to answer, though a state may be given.
        wanted = {turn.index for turn in dialogue.turns if turn.system} or have
        if given - have:
            problems.add(f"turn {max(given)} is predicted, but the corpus has {len(have)} turns", dialogue=dialogue.id)
        elif given and wanted - given and not partial:
            missing = ", ".join(map(str, sorted(wanted - given)))
            problems.add(
                f"turns {missing} of {len(have)} are missing; import with --partial to leave them empty",
                dialogue=dialogue.id,
            )
    if unanswered and not partial:
        problems.add(
            f"{len(unanswered)} of the split's {len(dialogues)} dialogues are missing, the first {unanswered[0]}; "
            "import with --partial to leave them empty"
        )


def _notices(drafts: Sequence[Prediction], problems: Problems) -> list[str]:
    notices = [f"the field {name!r} of {count} turns is not used" for name, count in sorted(problems.ignored.items())]
    notices += [f"{count:,} {what} are left out" for what, count in sorted(problems.left_out.items())]
    unknown = unknown_placeholders(draft.response for draft in drafts if draft.response)
    if unknown:
        names = ", ".join(f"[{name}] ({count})" for name, count in sorted(unknown.items()))
        notices.append(
            f"these placeholders are of no known slot, and Inform, Success and BLEU take them for nothing: {names}"
        )
    return notices


def _described(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object", str: "text"}
    return kinds.get(type(value), type(value).__name__)
