"""Systems: what competes in a table, what it is shown, and how it is found.

A system is a class with the methods of `System`, registered under the entry point group ``tod_bench.systems``; its
constructor's keyword arguments are what a config may set under ``params:``. It is shown `TurnInput` records, never
dialogues with gold in them, unless it declares so (``previous_state``, ``progress``, ``system_spans`` or ``gold``) in
`gold_access`; `validate`, `plan`, the result and the table then name it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from tod_bench.errors import UserError
from tod_bench.images import Images
from tod_bench.plugins import plugin_class, plugin_names
from tod_bench.records import Act, Database, Dialogue, Persona, Prediction, Schema, Span, State, TaskName, Turn

if TYPE_CHECKING:
    from tod_bench.llm.config import Access
    from tod_bench.llm.estimates import Estimate

GROUP = "tod_bench.systems"

GOLD_ACCESS = ("previous_state", "progress", "system_spans", "gold")
"""Gold that a system can declare it must be shown."""

Progress: TypeAlias = Literal["start", "middle", "end"]
"""How far a dialogue has come: its first turn, its last one, or between."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A finished turn of the history: what the user said and what the system answered.

    Attributes:
        user: The user's utterance.
        system: The system's answer.
        spans: For systems with the gold access ``system_spans``, else empty: where slot values stand in the answer, as
            annotated.
    """

    user: str
    system: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnInput:
    """What a system is shown of one turn.

    Attributes:
        dialogue_id: The dialogue.
        turn: The turn's index, from 0.
        history: The turns before this one, in order.
        user: The current user utterance.
        state: For policy and response: the state to condition on, predicted by the same system or gold, as the config
            says; None where it is shown none.
        acts: For response: the acts to realise, predicted by the same system or gold; None where it is shown none.
        db_matches: For response: domain -> number of database entries that `state` matches; None without a state, and
            where the corpus has no database.
        db_entries: For policy and response: domain -> those entries, in the database's order, None likewise; they are
            the database's own records and must not be written to.
        persona: Who the user is, with the path of the picture relative to the corpus's image folder; None where the
            corpus does not say.
        progress: For systems with the gold access ``progress``, else None: how far the dialogue has come, which nobody
            knows who does not know its end.
        previous_state: For systems with the gold access ``previous_state``, else None: for DST the gold state of the
            turn before; for policy and response the one before `state`, predicted where `state` is.
        gold: The gold turn, for systems with the gold access ``gold``; else None.
    """

    dialogue_id: str
    turn: int
    history: tuple[Exchange, ...]
    user: str
    state: State | None = None
    acts: tuple[Act, ...] | None = None
    db_matches: tuple[tuple[str, int], ...] | None = None
    db_entries: Mapping[str, Sequence[Mapping[str, Any]]] | None = None
    persona: Persona | None = None
    progress: Progress | None = None
    previous_state: State | None = None
    gold: Turn | None = None


@dataclass(frozen=True, slots=True)
class FitContext:
    """Where and how a system is to be trained.

    Attributes:
        task: The task whose experiment asks for the training.
        schema: The corpus's schema.
        seed: Seed of everything random.
        folder: A folder of the system's own. What it writes there survives a kill; a second `fit` with the same
            inputs gets the same folder and continues from its last checkpoint.
        database: The corpus's database; None where it has none.
        access: How models behind a server are reached: the cache of answers, the budget, replay, the Batch API; None
            where the caller has nothing of it.
        images: The pictures of the corpus's users, by the names that personas have for them; None where it has none.
    """

    task: TaskName
    schema: Schema
    seed: int
    folder: Path
    database: Database | None = None
    access: "Access | None" = None
    images: Images | None = None


class System(ABC):
    """A dialogue system that can be trained and asked.

    A class need not extend this one: where it only has the methods and `tasks`, it gets the defaults of the rest.

    Attributes:
        tasks: The tasks it can do.
        gold_access: Gold it must be shown: any of `GOLD_ACCESS`.
        prediction_settings: Those of its parameters that leave a trained model as it is and only decide how it
            predicts. Changing one of them gives new predictions without a new training.
        operating_settings: Those of its parameters that change nothing of what it learns or predicts (how fast a server
            is asked, how often a request is repeated). Changing one makes nothing anew.
        sees: Whether it looks at the pictures of users (`FitContext.images`); other pictures are then another training.
        quick_fit: Whether `fit` only prepares something in seconds, so that `tod-bench plan` may do it, too, in a
            folder that goes with it.
        conditioned_on: Task -> which of ``state`` and ``acts`` it reads. It is shown nothing else, and a config in
            which they would be missing is refused. None where it does not say: it is shown what there is.
    """

    tasks: ClassVar[frozenset[TaskName]]
    gold_access: ClassVar[frozenset[str]] = frozenset()
    prediction_settings: ClassVar[frozenset[str]] = frozenset()
    operating_settings: ClassVar[frozenset[str]] = frozenset()
    quick_fit: ClassVar[bool] = False
    sees: ClassVar[bool] = False
    conditioned_on: ClassVar[Mapping[TaskName, frozenset[str]] | None] = None

    @abstractmethod
    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:
        """Tasks that one training serves; ``()`` when the system is not trained at all."""

    @abstractmethod
    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:
        """Trains the system into ``context.folder`` and returns what the result should record of it (JSON values)."""

    @abstractmethod
    def load(self, context: FitContext) -> None:
        """Readies the system to predict, once before the first `predict` of an instance, trained or not.

        What `fit` left is in ``context.folder``. A system that is not trained may make that folder for a cache of its
        own.
        """

    @abstractmethod
    def predict(self, task: TaskName, inputs: Iterable[TurnInput]) -> Iterator[Prediction]:
        """Answers every input once, in any order; inputs come dialogue by dialogue, turns in order."""

    def estimate(self, task: TaskName, inputs: Iterable[TurnInput], context: FitContext) -> "Estimate | None":  # noqa: ARG002
        """What asking a paid server for these predictions takes, without sending anything; None where none is asked.

        `tod-bench plan` calls it, on an instance that was not loaded. What depends on answers that are not there yet is
        estimated with the longest ones that are allowed.
        """
        return None

    def record(self) -> Mapping[str, Any]:
        """What the result should record of the last call of `predict`, once it is through (JSON values).

        Its ``notes``, if it has any, are sentences that stand below tables.
        """
        return {}

    def check(self) -> Iterable[str]:
        """A sentence for each parameter that cannot work (an optimizer that does not exist, a model that is not there).

        `tod-bench validate` calls it; it must be quick.
        """
        return ()

    def remarks(self) -> Iterable[str]:
        """Sentences about what it will do that its parameters do not say; `validate` and `plan` show them.

        Defaults that depend on other parameters, say. It must be quick.
        """
        return ()

    def missing(self) -> Iterable[str]:
        """A sentence for each thing outside of its parameters that it cannot predict without, and what supplies it.

        A server's key, say. `tod-bench validate` and `plan` show them, and `run` says them before anything is trained;
        what is predicted already, or answered from a cache, needs none. It must be quick.
        """
        return ()


def gold_access_of(system: System) -> frozenset[str]:
    """The gold that a system declares it must be shown; `privileges`, the attribute's name before 0.2, is read, too.

    Raises:
        UserError: It declares something that there is no access to.
    """
    declared: Iterable[str] = system.gold_access or getattr(system, "privileges", ())
    for name in declared:
        if name not in GOLD_ACCESS:
            raise UserError(f"gold_access has {name!r}; a system can be shown {', '.join(GOLD_ACCESS)}")
    return frozenset(declared)


def system_names() -> list[str]:
    """Names of all installed systems, sorted."""
    return plugin_names(GROUP)


def system_class(name: str) -> type[System]:
    """The class of an installed system; one that does not extend `System` has its defaults all the same.

    Raises:
        UserError: There is no such system.
    """
    return plugin_class(GROUP, name, System)  # type: ignore[type-abstract]
