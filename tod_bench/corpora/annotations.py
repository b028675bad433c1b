"""What a corpus annotates, and which of its turns can be held against an answer.

Without its annotation a number is undefined: against no gold at all, an empty answer would be right everywhere. What is
missing is known in two ways. A reader declares what its layout tells (`Corpus.missing_annotations`); of the rest, the
dialogues show whether a split has not one.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Literal

from tod_bench.records import Dialogue, TaskName, Turn

Annotation = Literal["states", "frames", "acts", "responses", "goals", "spans", "personas"]

NAMES: Mapping[Annotation, str] = {
    "states": "belief states",
    "frames": "frames of intents and requested slots",
    "acts": "system acts",
    "responses": "system utterances",
    "goals": "user goals",
    "spans": "spans of slot values in system utterances",
    "personas": "personas",
}
"""What each annotation is called in a sentence."""

_PRESENT: Mapping[Annotation, Callable[[Dialogue], bool]] = {
    "states": lambda dialogue: any(turn.state for turn in dialogue.turns),
    "frames": lambda dialogue: any(turn.frames for turn in dialogue.turns),
    "acts": lambda dialogue: any(turn.acts for turn in dialogue.turns),
    "responses": lambda dialogue: any(turn.system.strip() for turn in dialogue.turns),
    "goals": lambda dialogue: bool(dialogue.goal),
    "spans": lambda dialogue: any(span.side == "system" for turn in dialogue.turns for span in turn.spans),
    "personas": lambda dialogue: dialogue.persona is not None,
}


def not_found(dialogues: Iterable[Dialogue], wanted: Collection[Annotation]) -> frozenset[Annotation]:
    """Those of some annotations that not one dialogue has; stops reading when all have been seen.

    Without a dialogue that has turns nothing is said to be missing.
    """
    missing, any_turn = set(wanted), False
    for dialogue in dialogues:
        any_turn = any_turn or bool(dialogue.turns)
        missing -= {annotation for annotation in missing if _PRESENT[annotation](dialogue)}
        if not missing:
            break
    return frozenset(missing) if any_turn else frozenset()


def asked_turns(task: TaskName, dialogue: Dialogue) -> tuple[Turn, ...]:
    """The turns that a system is asked about: for acts and responses only those in which the system speaks or acts.

    Belief states are asked for in every turn.
    """
    if task == "dst":
        return dialogue.turns
    return tuple(turn for turn in dialogue.turns if turn.system.strip() or (task == "policy" and turn.acts))


def scored_turns(task: TaskName, dialogue: Dialogue) -> tuple[Turn, ...]:
    """The turns that have a gold answer to a task; answers to others are neither required nor counted.

    - ``dst``: every turn, since an empty belief state is an annotation like any other;
    - ``policy``: turns in which the system speaks or has an act (SIMMC's test-std has acts without the utterances), of
      dialogues that have an act at all: one without any was not annotated;
    - ``response``: turns in which the system speaks.
    """
    if task == "policy" and not _PRESENT["acts"](dialogue):
        return ()
    return asked_turns(task, dialogue)
