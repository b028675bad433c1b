"""What the dialogue browser of a page shows, as JSON values: gold once, and of each system only what differs from it.

Everything that can grow is bounded: dialogues are a sample, long texts and lists are cut (and say so), and dialogues
and pictures that would make the page too big are left out and counted.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

from tod_bench.images import Images
from tod_bench.records import Act, Dialogue, TaskName, Turn
from tod_bench.reports.portraits import Portraits
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

SCRIPTS = ("browsing.js", "browser.js")
"""The files of JavaScript that the dialogues of a page need, in order."""


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
        images: The pictures of its users; None where none are to be shown.
    """

    label: str
    total: int
    dialogues: Sequence[Dialogue]
    answers: Sequence[Answers]
    images: Images | None = None


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
        ``systems``, ``total``, ``left_out`` (for the budget's sake), ``dialogues``, ``pictures`` (of the users of these
        dialogues, which name them by place) and ``notes`` on pictures that are not shown.
    """
    systems = list(dict.fromkeys(answers.name for corpus in corpora for answers in corpus.answers))
    entries: list[list[dict[str, Any]]] = []
    for corpus in corpora:
        by_name = {answers.name: answers for answers in corpus.answers}
        columns = [by_name.get(name) for name in systems]
        entries.append([_dialogue(corpus.label, dialogue, columns, verdicts) for dialogue in corpus.dialogues])
    kept = [[False] * len(of_corpus) for of_corpus in entries]
    portraits = Portraits()
    for place in range(max(map(len, entries), default=0)):
        for corpus, of_corpus, keep in zip(corpora, entries, kept, strict=True):
            size = len(json.dumps(of_corpus[place])) if place < len(of_corpus) else budget + 1
            if size <= budget:
                keep[place] = True
                budget -= size
                persona = corpus.dialogues[place].persona
                if corpus.images is not None and persona is not None and persona.image:
                    of_corpus[place]["picture"] = portraits.number(corpus.images, persona.image)
    return {
        "systems": systems,
        "total": sum(corpus.total for corpus in corpora),
        "left_out": sum(keep.count(False) for keep in kept),
        "dialogues": [
            entry for of_corpus, keep in zip(entries, kept, strict=True) for entry in compress(of_corpus, keep)
        ],
        "pictures": portraits.urls,
        "notes": list(portraits.notes()),
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
                "user": cut(turn.user),
                "system": cut(turn.system),
                **_restyled(turn),
                "gold": {"-".join(slot): cut(" / ".join(dict.fromkeys(values))) for slot, values in shown},
                "acts": [cut(act_text(act)) for act in turn.acts[:LONGEST_LIST]],
                "answers": [_answer(answers, dialogue.id, turn) for answers in columns],
            }
        )
    return {
        "id": dialogue.id,
        "corpus": corpus,
        "domains": list(dialogue.services),
        "groups": {name: value for name, value in group_of(dialogue.persona).items() if value != "unknown"},
        "impression": cut(dialogue.persona.impression) if dialogue.persona else "",
        "picture": None,
        "turns": turns,
        "verdicts": [
            {name: cut(text) for name, text in verdict.items()}
            for verdict in (verdicts(dialogue) if verdicts else ())[:LONGEST_LIST]
        ],
    }


def _restyled(turn: Turn) -> dict[str, dict[str, str]]:
    """``styled``: what user and system say to the persona, where the turn has it beside what is shown of it."""
    texts = {"user": turn.styled_user or turn.user, "system": turn.styled_system or turn.system}
    if texts == {"user": turn.user, "system": turn.system}:
        return {}
    return {"styled": {side: cut(text) for side, text in texts.items()}}


def _answer(answers: Answers | None, dialogue: str, turn: Turn) -> dict[str, Any] | None:
    """A system's answer to a turn: ``right``, ``errors``, ``acts``, ``response``, each where it was asked for it.

    ``impression`` is what a system that sees its user wrote of them before its response.
    """
    if answers is None:
        return None
    key = (dialogue, turn.index)
    shown: dict[str, Any] = {}
    if answers.turns is not None:
        position = answers.turns.at[key]
        errors = answers.turns.errors[position][:LONGEST_LIST]
        shown["right"] = answers.turns.right(position)
        shown["errors"] = [[error.slot, error.side, cut(error.predicted)] for error in errors]
    policy = answers.predictions.get("policy", {}).get(key)
    if policy is not None:
        shown["acts"] = _marked_acts(turn.acts, policy.acts or (), answers.unit)
    response = answers.predictions.get("response", {}).get(key)
    if response is not None:
        shown["response"] = cut(response.response or "")
        impression = response.notes.get("impression")
        if isinstance(impression, str):
            shown["impression"] = cut(impression)
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
    return [[cut(act_text(act)), kind] for kind, act in marked[:LONGEST_LIST]]


def act_text(act: Act) -> str:
    """An act as people read it: ``hotel-inform (area = north)``."""
    about = act.slot + (f" = {act.value}" if act.value else "")
    return f"{act.domain}-{act.act}" + (f" ({about})" if about else "")


def cut(text: str) -> str:
    """A text as far as it is shown."""
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]} … (cut)"
