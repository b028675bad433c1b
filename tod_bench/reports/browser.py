"""What the dialogue browser of a page shows, as JSON values: gold once, and of each system only what differs from it.

Everything that can grow is bounded: dialogues are a sample, long texts and lists are cut (and say so), and dialogues
that would make the page too big are left out and counted.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tod_bench.records import Act, Dialogue, Prediction, TaskName
from tod_bench.reports.turns import StateTurns
from tod_bench.scoring.items import group_of
from tod_bench.tasks import Predictions

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
    """

    name: str
    predictions: dict[TaskName, Predictions] = field(default_factory=dict)
    turns: StateTurns | None = None


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


Verdicts = Mapping[str, Sequence[Mapping[str, str]]]
"""Dialogue id -> what a judge said of it (see `tod_bench.reports.judged`)."""


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
    shown: list[dict[str, Any]] = []
    left_out = 0
    for shelf in shelves:
        by_name = {answers.name: answers for answers in shelf.answers}
        columns = [by_name.get(name) for name in systems]
        for dialogue in shelf.dialogues:
            said = (verdicts or {}).get(dialogue.id, ())[:LONGEST_LIST]
            entry = _dialogue(shelf.corpus, dialogue, columns)
            entry["verdicts"] = [{name: _cut(text) for name, text in one.items()} for one in said]
            size = len(json.dumps(entry))
            if size > budget:
                left_out += 1
                continue
            budget -= size
            shown.append(entry)
    total = sum(shelf.total for shelf in shelves)
    return {"systems": systems, "total": total, "left_out": left_out, "dialogues": shown}


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
        key = (dialogue.id, turn.index)
        gold: Mapping[Any, tuple[str, ...]] = judged.gold[judged.at[key]] if judged else _flat(turn.state)
        turns.append(
            {
                "user": _cut(turn.user),
                "system": _cut(turn.system),
                "gold": {"-".join(slot): _values(values) for slot, values in list(gold.items())[:LONGEST_LIST]},
                "acts": _acts(turn.acts),
                "answers": [_answer(answers, key) for answers in columns],
            }
        )
    groups = {name: value for name, value in group_of(dialogue.persona).items() if value != "unknown"}
    return {"id": dialogue.id, "corpus": corpus, "domains": list(dialogue.services), "groups": groups, "turns": turns}


def _answer(answers: Answers | None, key: tuple[str, int]) -> dict[str, Any] | None:
    """A system's answer to a turn: ``right``, ``errors``, ``acts``, ``response``, each where it was asked for it."""
    if answers is None:
        return None
    found: dict[str, Any] = {}
    if answers.turns is not None:
        position = answers.turns.at[key]
        errors = answers.turns.errors[position][:LONGEST_LIST]
        found["right"] = answers.turns.right(position)
        found["errors"] = [[error.slot, error.side, _cut(error.predicted)] for error in errors]
    acts = _given(answers, "policy", key)
    if acts is not None:
        found["acts"] = _acts(acts.acts or ())
    response = _given(answers, "response", key)
    if response is not None:
        found["response"] = _cut(response.response or "")
    return found


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
