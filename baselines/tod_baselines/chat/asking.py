"""A recipe's conversation as one with a client: queries become requests, outcomes become replies, all is counted."""

import json
from dataclasses import dataclass
from typing import Any

from tod_baselines.chat.pictures import Pictures
from tod_baselines.chat.recipe import Answer, Query, Recipe, Reply, Shown
from tod_baselines.chat.scripted import found, in_tag
from tod_baselines.chat.settings import Settings
from tod_bench.llm.conversations import Talk
from tod_bench.llm.prices import Price
from tod_bench.llm.records import NO_WORD_OF_THE_MODEL, ChatAnswer, ChatFailure, ChatRequest, Message, Outcome
from tod_bench.systems import TurnInput


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking about one turn.

    Attributes:
        answer: What the recipe read; None where the server gave no word of the model, so that nothing can be scored.
        replies: What the model said, query by query.
        outcomes: What the client gave, query by query.
    """

    answer: Answer | None
    replies: tuple[Reply, ...] = ()
    outcomes: tuple[Outcome, ...] = ()

    @property
    def lost(self) -> ChatFailure | None:
        """The failure that left the turn without an answer; None where there is one."""
        last = self.outcomes[-1] if self.answer is None and self.outcomes else None
        return last if isinstance(last, ChatFailure) else None

    @property
    def raw(self) -> str:
        """Everything that the model said, calls of functions as JSON."""
        calls = [[json.dumps({"name": c.name, "arguments": c.arguments}) for c in r.tool_calls] for r in self.replies]
        parts = [part for reply, called in zip(self.replies, calls, strict=True) for part in (reply.text, *called)]
        return "\n".join(part for part in parts if part)

    def took(self, price: Price | None, *, batch: bool) -> dict[str, Any]:
        """The turn's usage note; what the server did not count is left out.

        Args:
            price: Price of the model; None where it is not known.
            batch: Whether the Batch API's prices hold.
        """
        usages, seconds = [outcome.usage for outcome in self.outcomes], [outcome.seconds for outcome in self.outcomes]
        note: dict[str, Any] = {"requests": len(self.outcomes)}
        counted = [usage for usage in usages if usage is not None]
        if len(counted) == len(usages):
            note["prompt_tokens"] = sum(usage.prompt_tokens for usage in counted)
            note["completion_tokens"] = sum(usage.completion_tokens for usage in counted)
            if price is not None:
                note["usd"] = sum(price.cost(usage, batch=batch) for usage in counted)
        measured = [each for each in seconds if each is not None]
        if len(measured) == len(seconds):
            note["seconds"] = round(sum(measured), 4)
        return note


@dataclass(frozen=True)
class Asker:
    """Asks about turns.

    Attributes:
        settings: The system's settings.
        repeat: Number of the repeat: where answers are sampled, another seed of an experiment asks anew.
        pictures: The users' pictures; None where they are not shown.
        rehearsed: Whether requests carry the reply of the program (see `tod_baselines.chat.scripted`).
    """

    settings: Settings
    repeat: int = 0
    pictures: Pictures | None = None
    rehearsed: bool = False

    @property
    def recipe(self) -> Recipe:
        """The recipe."""
        return self.settings.opened_recipe

    def ask(self, shown: Shown) -> Talk[Asked]:
        """The conversation about one turn."""
        conversation = self.recipe.ask(shown)
        replies: list[Reply] = []
        outcomes: list[Outcome] = []
        reply: Reply | None = None
        while True:
            try:
                query = next(conversation) if reply is None else conversation.send(reply)
            except StopIteration as end:
                return Asked(end.value, tuple(replies), tuple(outcomes))
            outcome = yield self.request(query, shown)
            outcomes.append(outcome)
            if isinstance(outcome, ChatFailure) and outcome.reason in NO_WORD_OF_THE_MODEL:
                return Asked(None, tuple(replies), tuple(outcomes))
            reply = reply_of(outcome)
            replies.append(reply)

    def request(self, query: Query, shown: Shown) -> ChatRequest:
        """The request of a query."""
        settings = self.settings
        logprobs = {"logprobs": True} if settings.logprobs else {}
        tag = ""
        if self.rehearsed:
            tag = in_tag(self.recipe.rehearse(query, shown, found(shown, whole=self.recipe.whole_state)))
        return ChatRequest(
            model=settings.model,
            messages=self._with_picture(query.messages, shown),
            temperature=settings.temperature,
            max_tokens=query.max_tokens or settings.max_tokens,
            top_p=settings.top_p,
            seed=settings.seed,
            schema=query.json_schema if settings.structured == "auto" else None,
            extra={**logprobs, **settings.extra, **query.fields},
            repeat=self.repeat,
            tag=tag,
        )

    def _with_picture(self, messages: tuple[Message, ...], shown: Shown) -> tuple[Message, ...]:
        picture = picture_of(shown.input)
        if self.pictures is None or not picture:
            return messages
        from tod_bench.llm.records import TextPart

        *before, last = messages
        text = (TextPart(last.content),) if isinstance(last.content, str) else last.content
        return (*before, Message(last.role, (*text, self.pictures.part(picture))))


def picture_of(turn: TurnInput) -> str:
    """The name of the user's picture; empty where the corpus has none."""
    return turn.persona.image if turn.persona is not None else ""


def reply_of(outcome: Outcome) -> Reply:
    """What the model said, as a recipe reads it."""
    if isinstance(outcome, ChatAnswer):
        return Reply(outcome.text, outcome.tool_calls, logprobs=outcome.logprobs)
    return Reply(outcome.text, failure=outcome.reason)
