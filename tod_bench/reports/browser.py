"""What the dialogue browser of a page shows, as JSON values: gold once, and of each system only what differs from it.

Everything that can grow is bounded: dialogues are a sample, long texts and lists are cut (and say so), and dialogues
that would make the page too big are left out and counted.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

from tod_bench.records import Act, Dialogue, TaskName, Turn
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
class BrowsedCorpus:
    """The dialogues of one corpus that a page embeds, and what the systems answered.

    Attributes:
        label: Label of the corpus.
        total: How many dialogues the corpus has.
        dialogues: Those to show (see `sample`).
        answers: The systems, in the table's order.
    """

    label: str
    total: int
    dialogues: Sequence[Dialogue]
    answers: Sequence[Answers]


Verdicts = Callable[[Dialogue], Sequence[Mapping[str, str]]]
"""What a judge said of a dialogue (see `tod_bench.reports.judged.JudgeRun.verdicts_of`)."""


def browser_data(
    corpora: Sequence[BrowsedCorpus], verdicts: Verdicts | None = None, *, budget: int = BUDGET
) -> dict[str, Any]:
    """The dialogues to browse.

    Dialogues that are left out for the budget's sake are the last of each corpus, so that each shows about as many.

    Args:
        corpora: The corpora.
        verdicts: What a judge said of a dialogue.
        budget: Characters of JSON that may be spent.

    Returns:
        ``systems``, ``total``, ``left_out`` (for the budget's sake) and ``dialogues``.
    """
    systems = list(dict.fromkeys(answers.name for corpus in corpora for answers in corpus.answers))
    entries: list[list[dict[str, Any]]] = []
    for corpus in corpora:
        by_name = {answers.name: answers for answers in corpus.answers}
        columns = [by_name.get(name) for name in systems]
        entries.append([_dialogue(corpus.label, dialogue, columns, verdicts) for dialogue in corpus.dialogues])
    kept = [[False] * len(of_corpus) for of_corpus in entries]
    for place in range(max(map(len, entries), default=0)):
        for of_corpus, keep in zip(entries, kept, strict=True):
            size = len(json.dumps(of_corpus[place])) if place < len(of_corpus) else budget + 1
            if size <= budget:
                keep[place] = True
                budget -= size
    return {
        "systems": systems,
        "total": sum(corpus.total for corpus in corpora),
        "left_out": sum(keep.count(False) for keep in kept),
        "dialogues": [
            entry for of_corpus, keep in zip(entries, kept, strict=True) for entry in compress(of_corpus, keep)
        ],
    }


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


def _dialogue(
    corpus: str, dialogue: Dialogue, columns: Sequence[Answers | None], verdicts: Verdicts | None
) -> dict[str, Any]:
    judged = next((answers.turns for answers in columns if answers and answers.turns), None)
    turns = []
    for turn in dialogue.turns:
        if judged:
            gold = judged.gold[judged.at[dialogue.id, turn.index]]
        else:
            gold = {(domain, slot): values for domain, slots in turn.state.items() for slot, values in slots.items()}
        shown = list(gold.items())[:LONGEST_LIST]
        turns.append(
            {
                "user": _cut(turn.user),
                "system": _cut(turn.system),
                "gold": {"-".join(slot): _cut(" / ".join(dict.fromkeys(values))) for slot, values in shown},
                "acts": [_cut(_act(act)) for act in turn.acts[:LONGEST_LIST]],
                "answers": [_answer(answers, dialogue.id, turn) for answers in columns],
            }
        )
    return {
        "id": dialogue.id,
        "corpus": corpus,
        "domains": list(dialogue.services),
        "groups": {name: value for name, value in group_of(dialogue.persona).items() if value != "unknown"},
        "turns": turns,
        "verdicts": [
            {name: _cut(text) for name, text in verdict.items()}
            for verdict in (verdicts(dialogue) if verdicts else ())[:LONGEST_LIST]
        ],
    }


def _answer(answers: Answers | None, dialogue: str, turn: Turn) -> dict[str, Any] | None:
    """A system's answer to a turn: ``right``, ``errors``, ``acts``, ``response``, each where it was asked for it."""
    if answers is None:
        return None
    key = (dialogue, turn.index)
    shown: dict[str, Any] = {}
    if answers.turns is not None:
        position = answers.turns.at[key]
        errors = answers.turns.errors[position][:LONGEST_LIST]
        shown["right"] = answers.turns.right(position)
        shown["errors"] = [[error.slot, error.side, _cut(error.predicted)] for error in errors]
    policy = answers.predictions.get("policy", {}).get(key)
    if policy is not None:
        shown["acts"] = _marked_acts(turn.acts, policy.acts or (), answers.unit)
    response = answers.predictions.get("response", {}).get(key)
    if response is not None:
        shown["response"] = _cut(response.response or "")
    return shown


def _marked_acts(gold: Sequence[Act], predicted: Sequence[Act], unit: Unit) -> list[list[str]]:
    """Predicted acts, ``right`` or ``added`` as their score has it, then gold acts that are ``missed``."""
    names: dict[ActTuple, ActTuple] = {}
    gold_keys, predicted_keys = (
        [comparable((act.domain, act.act, act.slot, act.value), unit, names) for act in acts]
        for acts in (gold, predicted)
    )
    marked = [
        ("right" if key in set(gold_keys) else "added", act) for act, key in zip(predicted, predicted_keys, strict=True)
    ]
    marked += [("missed", act) for act, key in zip(gold, gold_keys, strict=True) if key not in set(predicted_keys)]
    return [[_cut(_act(act)), kind] for kind, act in marked[:LONGEST_LIST]]


def _act(act: Act) -> str:
    about = act.slot + (f" = {act.value}" if act.value else "")
    return f"{act.domain}-{act.act}" + (f" ({about})" if about else "")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]} … (cut)"
