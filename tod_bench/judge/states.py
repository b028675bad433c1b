"""Predicted belief states as a judge is shown them, and what exact match says of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tod_bench.corpora.base import Corpus
from tod_bench.dialogue_ids import DialogueIds
from tod_bench.judge.config import Version
from tod_bench.predictions import read_predictions
from tod_bench.records import Dialogue, Prediction, Schema
from tod_bench.scoring.disagreements import wrong_slots
from tod_bench.scoring.metrics import task_protocols
from tod_bench.scoring.pairing import pair, state_batch
from tod_metrics.protocols import state_protocol


@dataclass(frozen=True, slots=True)
class TurnState:
    """The state that a version has in one turn.

    Attributes:
        notes: ``domain-slot: value``, a line each, sorted.
        wrong: The slots that exact match calls wrong; empty where the state is right.
    """

    notes: tuple[str, ...]
    wrong: tuple[str, ...]


def slots_of(schema: Schema) -> tuple[str, ...]:
    """Every slot of a corpus that counts, as ``domain-slot`` in lower case."""
    return tuple(
        sorted(
            f"{domain}-{slot}".casefold() for domain in schema for slot, spec in schema[domain].items() if spec.scored
        )
    )


def protocol_of(corpus: Corpus) -> str:
    """The protocol by which exact match is decided: the corpus's first."""
    return task_protocols("dst", corpus.schema)[0]


def states_of(corpus: Corpus, dialogues: Sequence[Dialogue], version: Version) -> Mapping[str, tuple[TurnState, ...]]:
    """The states of a version, by dialogue: those of its prediction file, or the annotation where it has none.

    Raises:
        UserError: The file cannot be read, or a turn has no state in it.
    """
    ids = DialogueIds({dialogue.id for dialogue in dialogues})
    given: list[Prediction] = (
        [line for line in read_predictions(Path(version.predictions)) if ids.find(line.dialogue_id) is not None]
        if version.predictions
        else [_annotated(dialogue.id, turn.index, turn.state) for dialogue in dialogues for turn in dialogue.turns]
    )
    pairing = pair(
        "dst", dialogues, given, where=f"the dialogues that {version.predictions or 'the corpus'} is judged on"
    )
    batch = state_batch(pairing, corpus.schema)
    rules = state_protocol(protocol_of(corpus))
    found: dict[str, list[TurnState]] = {}
    for number, item in enumerate(batch):
        wrong = sorted("-".join(key).casefold() for key in wrong_slots(batch, rules, number))
        predicted = pairing.predictions[item.dialogue_id, item.turn].state or {}
        notes = sorted(
            f"{domain}-{slot}: {value}" for domain, slots in predicted.items() for slot, value in slots.items()
        )
        found.setdefault(item.dialogue_id, []).append(TurnState(tuple(notes), tuple(wrong)))
    return {name: tuple(turns) for name, turns in found.items()}


def _annotated(dialogue: str, turn: int, state: Mapping[str, Mapping[str, Sequence[str]]]) -> Prediction:
    first = {domain: {slot: values[0] for slot, values in slots.items() if values} for domain, slots in state.items()}
    return Prediction(dialogue, turn, state=first)
