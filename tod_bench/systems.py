"""Systems: what competes in a table, what it is shown, and how it is found.

A system is a class with the methods of `System`, registered under the entry point group ``tod_bench.systems``; its
constructor's keyword arguments are what a config may set under ``params:``. It is shown `TurnInput` records, never
dialogues with gold in them, unless it declares the privilege (``previous_state`` or ``gold``) in `privileges`; the
result then records that it was given.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

from tod_bench.errors import UserError, did_you_mean
from tod_bench.records import Act, Dialogue, Prediction, Schema, State, TaskName, Turn

GROUP = "tod_bench.systems"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A finished turn of the history: what the user said and what the system answered."""

    user: str
    system: str


@dataclass(frozen=True, slots=True)
class TurnInput:
    """What a system is shown of one turn.

    Attributes:
        dialogue_id: The dialogue.
        turn: The turn's index, from 0.
        history: The turns before this one, in order.
        user: The current user utterance.
        state: For policy and response: the state to condition on (predicted or gold, as the cell says); else None.
        acts: For response: the acts to realise; else None.
        db_matches: For response: domain -> number of matching database entries; else None.
        previous_state: Gold state of the turn before, for systems with the privilege ``previous_state``; else None.
        gold: The gold turn, for systems with the privilege ``gold``; else None.
    """

    dialogue_id: str
    turn: int
    history: tuple[Exchange, ...]
    user: str
    state: State | None = None
    acts: tuple[Act, ...] | None = None
    db_matches: tuple[tuple[str, int], ...] | None = None
    previous_state: State | None = None
    gold: Turn | None = None


@dataclass(frozen=True, slots=True)
class FitContext:
    """Where and how a system is to be trained.

    Attributes:
        task: The task whose cell asks for the training.
        schema: The corpus's schema.
        seed: Seed of everything random.
        folder: A folder of the system's own. What it writes there survives a kill; a second `fit` with the same
            inputs gets the same folder and continues from its last checkpoint.
    """

    task: TaskName
    schema: Schema
    seed: int
    folder: Path


@runtime_checkable
class System(Protocol):
    """A dialogue system that can be trained and asked.

    Attributes:
        tasks: The tasks it can do.
        privileges: Gold it must be shown: any of ``previous_state``, ``gold``.

    A class may also have `prediction_settings`, a frozenset: those of its parameters that leave a trained model as it
    is and only decide how it predicts. Changing one of them gives new predictions without a new training.
    """

    tasks: ClassVar[frozenset[TaskName]]
    privileges: ClassVar[frozenset[str]]

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:
        """Tasks that one training serves; ``()`` when the system is not trained at all."""
        ...

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:
        """Trains the system into ``context.folder`` and returns what the result should record of it (JSON values)."""
        ...

    def load(self, context: FitContext) -> None:
        """Readies the system to predict from what `fit` left in ``context.folder`` (called in a new process too)."""
        ...

    def predict(self, task: TaskName, inputs: Iterable[TurnInput]) -> Iterator[Prediction]:
        """Answers every input once, in any order; inputs come dialogue by dialogue, turns in order."""
        ...


def system_names() -> list[str]:
    """Names of all installed systems, sorted."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def system_class(name: str) -> type[System]:
    """The class of an installed system.

    Raises:
        UserError: There is no such system.
    """
    for point in entry_points(group=GROUP, name=name):
        loaded: type[System] = point.load()
        return loaded
    raise UserError(f"there is no system {name!r}{did_you_mean(name, system_names())}; see `tod-bench list systems`")
