"""What the dialogue browser of a page shows, as JSON values: gold once, and of each system only what differs from it.

Everything that can grow is bounded: dialogues are a sample, long texts and lists are cut (and say so), and dialogues
that would make the page too big are left out and counted.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

from tod_bench.records import Act, Dialogue, Prediction, TaskName, Turn
from tod_bench.reports.turns import StateTurns
from tod_bench.scoring.pairing import group_of
from tod_bench.tasks import Predictions
from tod_metrics.act.acts import Unit, comparable
from tod_metrics.items import ActTuple

LONGEST_TEXT = 2_000
"""Characters of an utterance or a value that are shown."""

LONGEST_LIST = 60
"""Acts or slots of a turn that are shown."""

BUDGET = 4_000_000
"""Characters of JSON that the dialogues of a page may take."""


@dataclass
class Answers:
    """What one system answered on one corpus.

    Attributes:
        name: The system.
        predictions: Task -> its predictions.
        turns: Its belief states as they were judged; None where it predicted none.
        unit: What its acts are compared by: ``slot`` (values are ignored) or ``value``.
    """

    name: str
    predictions: dict[TaskName, Predictions] = field(default_factory=dict)
    turns: StateTurns | None = None
    unit: Unit = "slot"


@dataclass(frozen=True)
class Shelf:
    """The dialogues of one corpus, and what the systems answered.

    Attributes:
        corpus: Label of the corpus.
        total: How many dialogues the corpus has.
        dialogues: Those to show (see `sample`).
        answers: The systems, in the table's order.
    """

    corpus: str
    total: int
    dialogues: Sequence[Dialogue]
    answers: Sequence[Answers]


Verdicts = Callable[[Dialogue], Sequence[Mapping[str, str]]]
"""What a judge said of a dialogue (see `tod_bench.reports.judged.JudgeRun.verdicts_of`)."""


def browser_data(shelves: Sequence[Shelf], verdicts: Verdicts | None = None, *, budget: int = BUDGET) -> dict[str, Any]:
    """The dialogues to browse.

    Args:
        shelves: One a corpus.
        verdicts: What a judge said, by dialogue.
        budget: Characters of JSON that may be spent.

    Returns:
        ``systems``, ``total``, ``left_out`` (for the budget's sake) and ``dialogues``.
    """
    systems = list(dict.fromkeys(answers.name for shelf in shelves for answers in shelf.answers))
    entries = [[_entry(shelf, dialogue, systems, verdicts) for dialogue in shelf.dialogues] for shelf in shelves]
    chosen = _within(entries, budget)
    return {
        "systems": systems,
        "total": sum(shelf.total for shelf in shelves),
        "left_out": sum(map(len, entries)) - sum(map(len, chosen)),
        "dialogues": [entry for shelf in chosen for entry in shelf],
    }


def _entry(shelf: Shelf, dialogue: Dialogue, systems: Sequence[str], verdicts: Verdicts | None) -> dict[str, Any]:
    by_name = {answers.name: answers for answers in shelf.answers}
    entry = _dialogue(shelf.corpus, dialogue, [by_name.get(name) for name in systems])
    said = verdicts(dialogue)[:LONGEST_LIST] if verdicts else ()
    entry["verdicts"] = [{name: _cut(text) for name, text in one.items()} for one in said]
    return entry


def _within(entries: Sequence[Sequence[dict[str, Any]]], budget: int) -> list[list[dict[str, Any]]]:
    """The dialogues that a budget is enough for, taken from the corpora in turn, so that each has about as many."""
    fits = [[False] * len(shelf) for shelf in entries]
    for place in range(max(map(len, entries), default=0)):
        for shelf, chosen in zip(entries, fits, strict=True):
            size = len(json.dumps(shelf[place])) if place < len(shelf) else budget + 1
            if size <= budget:
                chosen[place] = True
                budget -= size
    return [list(compress(shelf, chosen)) for shelf, chosen in zip(entries, fits, strict=True)]


def sample(dialogues: Sequence[Dialogue], wanted: int) -> list[Dialogue]:
    """A sample in corpus order, chosen by ids alone: two renderings of a corpus show the same dialogues."""
    ranked = sorted(
        dialogues, key=lambda dialogue: hashlib.sha256(dialogue.id.encode("utf-8", "surrogatepass")).digest()
    )
    chosen = {dialogue.id for dialogue in ranked[:wanted]}
    return [dialogue for dialogue in dialogues if dialogue.id in chosen]


def as_script(value: Any) -> str:
    """JSON that can stand in a script element: nothing in it can end the element or open a comment."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _dialogue(corpus: str, dialogue: Dialogue, columns: Sequence[Answers | None]) -> dict[str, Any]:
    judged = next((answers.turns for answers in columns if answers and answers.turns), None)
    turns = []
    for turn in dialogue.turns:
        gold: Mapping[Any, tuple[str, ...]] = (
            judged.gold[judged.at[dialogue.id, turn.index]] if judged else _flat(turn.state)
        )
        turns.append(
            {
                "user": _cut(turn.user),
                "system": _cut(turn.system),
                "gold": {"-".join(slot): _values(values) for slot, values in list(gold.items())[:LONGEST_LIST]},
                "acts": _acts(turn.acts),
                "answers": [_answer(answers, dialogue.id, turn) for answers in columns],
            }
        )
    groups = {name: value for name, value in group_of(dialogue.persona).items() if value != "unknown"}
    return {"id": dialogue.id, "corpus": corpus, "domains": list(dialogue.services), "groups": groups, "turns": turns}


def _answer(answers: Answers | None, dialogue: str, turn: Turn) -> dict[str, Any] | None:
    """A system's answer to a turn: ``right``, ``errors``, ``acts``, ``response``, each where it was asked for it."""
    if answers is None:
        return None
    key = (dialogue, turn.index)
    found: dict[str, Any] = {}
    if answers.turns is not None:
        position = answers.turns.at[key]
        errors = answers.turns.errors[position][:LONGEST_LIST]
        found["right"] = answers.turns.right(position)
        found["errors"] = [[error.slot, error.side, _cut(error.predicted)] for error in errors]
    acts = _given(answers, "policy", key)
    if acts is not None:
        found["acts"] = _marked_acts(turn.acts, acts.acts or (), answers.unit)
    response = _given(answers, "response", key)
    if response is not None:
        found["response"] = _cut(response.response or "")
    return found


def _marked_acts(gold: Sequence[Act], predicted: Sequence[Act], unit: Unit) -> list[list[str]]:
    """Predicted acts, ``right`` or ``added`` as their score has it, then gold acts that are ``missed``."""
    names: dict[ActTuple, ActTuple] = {}

    def compared(acts: Sequence[Act]) -> list[ActTuple]:
        return [comparable((act.domain, act.act, act.slot, act.value), unit, names) for act in acts]

    wanted, given = set(compared(gold)), set(compared(predicted))
    marked = [
        ("right" if key in wanted else "added", act) for act, key in zip(predicted, compared(predicted), strict=True)
    ]
    marked += [("missed", act) for act, key in zip(gold, compared(gold), strict=True) if key not in given]
    return [[_cut(_act(act)), kind] for kind, act in marked[:LONGEST_LIST]]


def _given(answers: Answers, task: TaskName, key: tuple[str, int]) -> Prediction | None:
    return answers.predictions.get(task, {}).get(key)


def _flat(state: Mapping[str, Mapping[str, tuple[str, ...]]]) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(domain, slot): values for domain, slots in state.items() for slot, values in slots.items()}


def _acts(acts: Iterable[Act]) -> list[str]:
    return [_cut(_act(act)) for act in list(acts)[:LONGEST_LIST]]


def _act(act: Act) -> str:
    about = act.slot + (f" = {act.value}" if act.value else "")
    return f"{act.domain}-{act.act}" + (f" ({about})" if about else "")


def _values(values: Sequence[str]) -> str:
    return _cut(" / ".join(dict.fromkeys(values)))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]} … (cut)"
