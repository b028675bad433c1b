"""A language model of a play, an agent's or a user's: its settings, its client, and what it takes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from pydantic import ValidationError

from tod_bench.binding import in_a_line
from tod_bench.errors import UserError
from tod_bench.interact.agents import Stage
from tod_bench.llm.client import ChatClient
from tod_bench.llm.config import Access, ChatModel, open_client
from tod_bench.llm.records import NO_WORD_OF_THE_MODEL, ChatFailure, ChatRequest, Outcome
from tod_bench.llm.scripted import ScriptedClient
from tod_bench.llm.servers import resolve_url

SCRIPTED: Final = "scripted"
"""Model name of a program that stands in for a model."""


class PlayedModel:
    """A model that is asked.

    Args:
        place: Who it is, for errors.
        model: Its name, as the server knows it; ``scripted`` is a program that needs no server.
        script: What that program answers to a request.
        sampling: Fields of requests that say how answers are drawn, those that are None left to the server.
        settings: Further fields of `tod_bench.llm.config.ChatModel`; those that are None are left out.

    Raises:
        UserError: A value cannot be used.
    """

    def __init__(
        self, place: str, model: str, script: Any, sampling: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> None:
        given = {name: value for name, value in settings.items() if value is not None}
        try:
            self.chat_model = ChatModel(model=model, **cast("Any", given))
        except ValidationError as error:
            raise UserError(f"{place}: {in_a_line(error)}") from None
        self._script, self._sampling = script, {**sampling, "seed": self.chat_model.seed}
        self._client: ChatClient | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Without the client: every process opens its own."""
        return {**self.__dict__, "_client": None}

    @property
    def scripted(self) -> bool:
        """Whether a program stands in for the model."""
        return self.chat_model.model == SCRIPTED

    @property
    def signature(self) -> dict[str, Any]:
        """The model and how it is sampled."""
        model, sent = self.chat_model, {**self._sampling, "extra": self.chat_model.extra}
        url = "" if self.scripted else resolve_url(model.base_url)
        drawn = {name: value for name, value in sent.items() if value not in (None, {})}
        return {"model": model.model, "base_url": url, **drawn}

    def open(self, stage: Stage) -> None:
        """Opens the client."""
        if self.scripted:
            self._client = ScriptedClient(self._script)
            return
        stage.folder.mkdir(parents=True, exist_ok=True)
        self._client = open_client(self.chat_model, access_of(stage))

    def request(self, messages: Sequence[Any], **fields: Any) -> ChatRequest:
        """A request to the model."""
        extra = {**self.chat_model.extra, **fields.pop("extra", {})}
        return ChatRequest(self.chat_model.model, tuple(messages), extra=extra, **{**self._sampling, **fields})

    def outcomes(self, requests: Sequence[ChatRequest]) -> list[Outcome]:
        """What comes of requests, in their order; as many are under way as the limits allow."""
        assert self._client is not None, "the model was asked before its client was opened"
        numbered = (replace(one, tag=f"{number} {one.tag}") for number, one in enumerate(requests))
        found = {int(request.tag.partition(" ")[0]): outcome for request, outcome in self._client.complete(numbered)}
        return [found[number] for number in range(len(requests))]


class Account:
    """What a model's answers in an episode took; never a time, and the same whether they came from a cache or not."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(("requests", "prompt_tokens", "completion_tokens", "asked_again"), 0)
        self._uncounted = False

    def add(self, outcome: Outcome) -> None:
        """Counts an outcome."""
        self._counts["requests"] += 1
        if outcome.usage is None:
            self._uncounted = True
            return
        self._counts["prompt_tokens"] += outcome.usage.prompt_tokens
        self._counts["completion_tokens"] += outcome.usage.completion_tokens

    def again(self) -> None:
        """Counts an answer that could not be read and was asked for again."""
        self._counts["asked_again"] += 1

    def to_json(self) -> dict[str, int]:
        """The counts; those of tokens only where the server counted all of them."""
        untold = ("prompt_tokens", "completion_tokens") if self._uncounted else ()
        return {name: count for name, count in self._counts.items() if name not in untold}


def access_of(stage: Stage) -> Access:
    """How models behind a server are reached there."""
    return stage.access or Access(stage.folder / "answers.sqlite")


def no_word(outcome: Outcome) -> str:
    """Why an outcome says nothing about the model; empty where it does."""
    if isinstance(outcome, ChatFailure) and outcome.reason in NO_WORD_OF_THE_MODEL:
        return " ".join(filter(None, [outcome.reason, outcome.detail]))
    return ""
