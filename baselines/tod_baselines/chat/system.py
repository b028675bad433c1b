"""A language model that is asked, as a system of the harness."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, update_wrapper
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tod_baselines.chat.account import Account
from tod_baselines.chat.asking import Asked, Asker, picture_of
from tod_baselines.chat.confidence import Confidence, confidence_after
from tod_baselines.chat.pictures import Pictures
from tod_baselines.chat.recipe import PlainState, Shown, long_lists_opened
from tod_baselines.chat.scripted import scripted_client
from tod_baselines.chat.settings import OPERATING_SETTINGS, SCRIPTED, TRAINING_SETTINGS, Settings
from tod_bench.errors import UserError
from tod_bench.images import FolderImages
from tod_bench.llm.client import ChatClient
from tod_bench.llm.config import Access, check_access, open_client
from tod_bench.llm.conversations import Talk, converse
from tod_bench.llm.failures import PermanentError
from tod_bench.llm.prices import FREE, load_prices
from tod_bench.llm.servers import read_key, resolve_url
from tod_bench.predictions import UNKNOWN_NOTE, UNREAD_NOTE, USAGE_NOTE
from tod_bench.progress import progress
from tod_bench.records import Dialogue, Prediction, TaskName
from tod_bench.systems import FitContext, System, TurnInput

if TYPE_CHECKING:
    from tod_baselines.chat.examples import Pool
    from tod_bench.llm.estimates import Estimate

TASKS: tuple[TaskName, ...] = ("dst", "policy", "response")

UNREADABLE_NOTE = "unreadable"
"""The note of a turn of which nothing could be read."""

CARRIED_NOTE = "carried_over"
"""The note of a turn whose state is that of the turn before, because its own answer could not be read."""

OPEN_PER_SLOT = 2
"""Conversations that are open for each request that may be under way, so that a slot never waits for a prompt."""

BATCH_OPEN = 100_000
"""Conversations that are open where the Batch API answers: all of them, for the API has one batch a step."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A turn and what came of it.

    Attributes:
        turn: The turn.
        asked: What came of asking.
        state: The state after it; empty where the task is another.
        confidence: How sure the model is of that state.
    """

    turn: TurnInput
    asked: Asked
    state: PlainState
    confidence: Confidence


class Chat(System):
    """A language model that is asked by prompt; its parameters are those of `Settings`."""

    tasks: ClassVar[frozenset[TaskName]] = frozenset(TASKS)
    prediction_settings: ClassVar[frozenset[str]] = (
        frozenset(Settings.__dataclass_fields__) - TRAINING_SETTINGS - OPERATING_SETTINGS
    )
    operating_settings: ClassVar[frozenset[str]] = OPERATING_SETTINGS
    quick_fit: ClassVar[bool] = True
    conditioned_on: ClassVar[Mapping[TaskName, frozenset[str]]] = {
        "policy": frozenset({"state"}),
        "response": frozenset({"state"}),
    }

    def __init__(self, **settings: Any) -> None:
        self.settings = Settings(**settings)
        self._context: FitContext | None = None
        self._pool: Pool | None = None
        self._pictures: Pictures | None = None
        self._account = Account()
        self.sees = self.settings.sees  # type: ignore[misc]
        with suppress(UserError):  # `check` says it
            self.tasks = self.settings.opened_recipe.tasks  # type: ignore[misc]

    update_wrapper(__init__, Settings.__init__)  # so that configs are checked against the settings

    def check(self) -> list[str]:
        """A sentence for each setting that cannot work."""
        return list(self.settings.problems())

    def remarks(self) -> list[str]:
        """How examples are chosen, where the recipe decides."""
        settings = self.settings
        if not settings.shots or settings.select:
            return []
        return [f"examples are chosen by select: {settings.selection}, the default of the recipe {settings.recipe}"]

    def missing(self) -> list[str]:
        """A sentence for the server's key, where there is none."""
        settings = self.settings
        try:
            if settings.model != SCRIPTED:
                read_key(settings.key_variable, resolve_url(settings.base_url))
        except PermanentError as error:
            if os.environ.get(settings.key_variable, "").strip():
                return [str(error)]
            return [
                f"{settings.model} cannot be asked without a key: `export {settings.key_variable}=...`, or name "
                "another server with params.base_url=URL, or answer from a cache with --replay"
            ]
        except UserError as error:
            return [str(error)]
        return []

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:  # noqa: ARG002
        """With examples, every task shares the pool that they are taken from; without, nothing is prepared."""
        return TASKS if self.settings.shots else ()

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:  # noqa: ARG002
        """Prepares the pool that examples are taken from; the model is left as it is."""
        from tod_baselines.chat.examples import Pool

        settings = self.settings
        pool = Pool.make(
            train,
            folder=context.folder,
            shots=settings.shots,
            select=settings.select,
            pool=settings.pool,
            embedding=settings.embedding,
            seed=context.seed,
        )
        # How turns are compared, and by default chosen, depends on the recipe, which the pool does not: the record of
        # the predictions has it.
        decided = {"compared_by"} if settings.select else {"compared_by", "select", "candidates", "redundancy"}
        return {name: value for name, value in pool.record().items() if name not in decided}

    def load(self, context: FitContext) -> None:
        """Opens the pool of examples, where there is one.

        Raises:
            UserError: The corpus's own pictures are to be shown, and it has none.
        """
        self._pictures = self._opened_pictures(context)
        if self.settings.shots:
            from tod_baselines.chat.examples import Pool

            recipe = self.settings.opened_recipe
            self._pool = Pool.load(context.folder, select=self.settings.selection, states=not recipe.whole_state)
        self._context = replace(context, schema=long_lists_opened(context.schema, self.settings.max_values))

    def predict(self, task: TaskName, inputs: Iterable[TurnInput]) -> Iterator[Prediction]:
        """Answers as answers come: dialogues side by side, the turns of one in order where each needs the last.

        Raises:
            UserError: The server, the cache or the budget left turns without an answer; what was answered is kept.
        """
        self._require(task)
        client, self._account = self._client(), Account()
        lost = _Lost()
        with progress(f"asking {self.settings.model}", unit="turns") as shown:
            for answered in converse(client, self._talks(task, inputs, self._asker), self._open_at_once):
                for each in answered:
                    if each.asked.answer is None:
                        lost.add(each.turn, each.asked)
                        continue
                    shown.advance()
                    yield self._prediction(task, each)
        lost.raise_any(replay=self._access.replay)

    def record(self) -> dict[str, Any]:
        """How the last predictions were made, and what they took."""
        settings, recipe = self.settings, self.settings.opened_recipe
        program = ["the answers are those of a program, not of a model"] if settings.model == SCRIPTED else []
        return {
            "notes": [*program, *self._account.notes()],
            "model": settings.model,
            "base_url": self._base_url,
            "recipe": settings.recipe,
            "after": recipe.after,
            "template": settings.prompt or recipe.name,
            "template_digest": recipe.template.digest,
            "state": "whole" if recipe.whole_state else "changes",
            "on_unread": settings.on_unread,
            "shots": settings.shots,
            "examples": dict(self._pool.record()) if self._pool is not None else {},
            "sent": settings.sent(),
            "cut_and_withheld": "count as unread",
            **self._account.to_json(),
        }

    def estimate(self, task: TaskName, inputs: Iterable[TurnInput], context: FitContext) -> "Estimate | None":
        """What asking takes; see `tod_baselines.chat.estimating`."""
        from tod_baselines.chat.estimating import estimated

        self._require(task)
        self.load(context)
        asker = replace(self._asker, rehearsed=True)
        price = FREE if self.settings.model == SCRIPTED else None
        return estimated(self._talks(task, inputs, asker), self._base_url, self._access, price)

    def _require(self, task: TaskName) -> None:
        if task not in self.tasks:
            able = ", ".join(sorted(self.tasks))
            skips = self.settings.opened_recipe.skips
            raise UserError(
                f"chat: the recipe {self.settings.recipe} has no prompt for the task {task}, only for {able}"
                f"{f' ({skips})' if skips else ''}; choose another recipe, or name the tasks under the system's `tasks`"
            )

    @property
    def _access(self) -> Access:
        if self._context is None:
            raise UserError("chat: the system was asked before it was loaded")
        return self._context.access or Access(self._context.folder / "answers.sqlite")

    def _client(self) -> ChatClient:
        access, client = self._access, None
        check_access(access)
        if self.settings.model != SCRIPTED:
            client = open_client(self.settings.chat_model, access)
        return client or scripted_client()

    @property
    def _base_url(self) -> str:
        if self.settings.model == SCRIPTED:
            return scripted_client().base_url
        return resolve_url(self.settings.base_url)

    @cached_property
    def _asker(self) -> Asker:
        settings, seed = self.settings, self._context.seed if self._context else 0
        return Asker(
            settings,
            repeat=0 if settings.temperature == 0 else seed,
            pictures=self._pictures,
            rehearsed=settings.model == SCRIPTED,
        )

    def _opened_pictures(self, context: FitContext) -> Pictures | None:
        """The pictures that the model is shown; None where it is shown none."""
        if not self.settings.sees:
            return None
        if not isinstance(self.settings.images, bool):
            return Pictures(FolderImages(Path(str(self.settings.images))))
        if context.images is None:
            raise UserError("images: true, but the corpus has no pictures; give the folder that they are in")
        return Pictures(context.images)

    @property
    def _open_at_once(self) -> int:
        return BATCH_OPEN if self._access.batch else OPEN_PER_SLOT * self.settings.limits.concurrency

    def _talks(self, task: TaskName, inputs: Iterable[TurnInput], asker: Asker) -> Iterator[Talk[list[Answered]]]:
        """A conversation a dialogue, where a turn needs the last one's answer; else one a turn."""
        if self.settings.depends_on_last(task):
            for _, turns in groupby(inputs, key=attrgetter("dialogue_id")):
                yield self._dialogue(task, list(turns), asker)
        else:
            for turn in inputs:
                yield self._dialogue(task, [turn], asker)

    def _dialogue(self, task: TaskName, turns: Sequence[TurnInput], asker: Asker) -> Talk[list[Answered]]:
        """Turn after turn; what follows a turn without an answer cannot be asked."""
        previous: PlainState = {}
        sure: Confidence = {}
        answered: list[Answered] = []
        for turn in turns:
            asked = yield from asker.ask(self._shown(task, turn, previous))
            if asked.answer is None:
                answered.append(Answered(turn, asked, previous, sure))
                break
            state = self._state_after(asked, previous)
            sure = asked.answer.confidence or confidence_after(asked.replies, state, previous, sure)
            previous = state
            answered.append(Answered(turn, asked, state, sure))
        return answered

    def _state_after(self, asked: Asked, previous: PlainState) -> PlainState:
        assert asked.answer is not None
        carried = self.settings.on_unread == "previous" and not asked.answer.readable
        return previous if carried else asked.answer.state or {}

    def _shown(self, task: TaskName, turn: TurnInput, previous: PlainState) -> Shown:
        assert self._context is not None
        settings, last = self.settings, self.settings.turns_shown
        history = turn.history if last is None else turn.history[max(0, len(turn.history) - last) :]
        persona = turn.persona if settings.persona or settings.sees else None
        if persona is not None and not settings.persona:
            persona = replace(persona, impression="", age="", gender="", formality="", emotion="")
        examples = self._pool.examples(turn, previous, task) if self._pool is not None else ()
        return Shown(task, replace(turn, history=history, persona=persona), previous, examples, self._context.schema)

    def _prediction(self, task: TaskName, answered: Answered) -> Prediction:
        turn, asked, answer = answered.turn, answered.asked, answered.asked.answer
        assert answer is not None
        price = load_prices(self._access.prices).of(self.settings.model, self._base_url)
        took = asked.took(price, batch=self._access.batch)
        unseen = self._pictures is not None and not picture_of(turn)
        self._account.add(asked, took, unseen=unseen)
        notes: dict[str, Any] = {USAGE_NOTE: took}
        cut = [f"the answer ended with {reply.failure}" for reply in asked.replies if reply.failure]
        if answer.unread or cut:
            notes[UNREAD_NOTE] = list(dict.fromkeys([*answer.unread, *cut]))
        if answer.unknown:
            notes[UNKNOWN_NOTE] = list(answer.unknown)
        if not answer.readable:
            notes[UNREADABLE_NOTE] = True
        if task == "dst" and not answer.readable and self.settings.on_unread == "previous":
            notes[CARRIED_NOTE] = True
        return Prediction(
            turn.dialogue_id,
            turn.turn,
            state={domain: dict(slots) for domain, slots in answered.state.items()} if task == "dst" else None,
            acts=(answer.acts or ()) if task == "policy" else None,
            response=(answer.response or "") if task == "response" else None,
            active_domains=answer.active_domains,
            raw={task: asked.raw},
            notes=notes,
            confidence=(answered.confidence or None) if task == "dst" else None,
        )


class _Lost:
    """Turns that have no answer, which are no predictions: a server that is down must not look like a bad model."""

    def __init__(self) -> None:
        self.turns = 0
        self.first = ""

    def add(self, turn: TurnInput, asked: Asked) -> None:
        failure = asked.lost
        if not self.turns and failure is not None:
            self.first = f"dialogue {turn.dialogue_id}, turn {turn.turn}: {failure.reason}, {failure.detail}"
        self.turns += 1

    def raise_any(self, *, replay: bool) -> None:
        """Raises an error where there are any."""
        if not self.turns:
            return
        what = "The replayed cache has no answer for" if replay else "The server gave no answer for"
        mend = "run without --replay to ask" if replay else "every answer is in the cache, so the same command goes on"
        raise UserError(f"{what} {self.turns} turns or dialogues (first {self.first}); {mend}")
