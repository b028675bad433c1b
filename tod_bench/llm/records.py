"""What is asked of a language model and what comes back: requests, answers, failures, usage.

An answer and a failure are two types, so that no failure can be read as an answer by accident. A request knows its own
content hash: two requests with the same key are the same question, put to the same server, for the same repeat.
"""

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from tod_bench.files import digest_of

OPENAI_URL = "https://api.openai.com/v1"
"""The server that is asked where none is named."""

DEFAULT_MAX_TOKENS = 512
"""Longest answer, in tokens, where the request does not say."""

KEY_VERSION = 1
"""Goes up when the meaning of a key changes, so that old cache entries are not taken for new ones."""

FailureReason: TypeAlias = Literal[
    "refusal", "length", "content_filter", "empty", "malformed", "too_long", "bad_request", "transient", "missing"
]
"""Why a request has no answer.

``refusal``: the model declined. ``length``: the answer was cut at `max_tokens`. ``content_filter``: the server withheld
it. ``empty``: it finished without a word. ``malformed``: the server's reply was no chat completion, several times over.
``too_long``: the prompt, or the room asked for the answer, does not fit the model. ``bad_request``: the server turned
this request down, and not for anything that concerns every request. ``transient``: no reply within the attempts
allowed. ``missing``: not in the cache that is being replayed.
"""

NO_WORD_OF_THE_MODEL: Final = frozenset[FailureReason]({"transient", "malformed", "missing", "bad_request"})
"""Failures that say nothing about the model: nothing may be scored of what ended so."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """A text within a message that also holds images."""

    text: str


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image within a message.

    Attributes:
        url: A data URL (``data:image/png;base64,...``) or an address that the server can reach.
        detail: How closely the model looks; ``low`` costs a fixed number of tokens.
    """

    url: str
    detail: Literal["auto", "low", "high"] = "auto"


Content: TypeAlias = str | tuple[TextPart | ImagePart, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes:
        role: ``system``, ``user``, ``assistant`` or ``tool``.
        content: Its text or parts.
        calls: Of an assistant's message: the functions that it called.
        answers: Of a tool's message: which call it answers, counted from 0 over the whole conversation.
        first_call: Number of the first of `calls`, counted likewise.
    """

    role: str
    content: Content
    calls: "tuple[ToolCall, ...]" = ()
    answers: int | None = None
    first_call: int = 0

    def to_api(self) -> dict[str, Any]:
        """The message as the chat completions API takes it."""
        if self.calls:
            functions = [{"name": call.name, "arguments": call.arguments} for call in self.calls]
            calls = [
                {"id": call_id(self.first_call + number), "type": "function", "function": function}
                for number, function in enumerate(functions)
            ]
            return {"role": self.role, "content": self.content or None, "tool_calls": calls}
        if self.answers is not None:
            return {"role": self.role, "tool_call_id": call_id(self.answers), "content": self.content}
        if isinstance(self.content, str):
            return {"role": self.role, "content": self.content}
        parts: list[dict[str, Any]] = []
        for part in self.content:
            if isinstance(part, TextPart):
                parts.append({"type": "text", "text": part.text})
            else:
                parts.append({"type": "image_url", "image_url": {"url": part.url, "detail": part.detail}})
        return {"role": self.role, "content": parts}


def call_id(number: int) -> str:
    """The id of a call in a conversation: nine letters and digits, which every server takes."""
    return f"call{number:05}"


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to a model.

    Attributes:
        model: The model's name, as the server knows it.
        messages: The conversation so far, in order.
        temperature: Sampling temperature; None leaves it to the server (some models take no other than their own).
        max_tokens: Longest answer in tokens.
        top_p: Nucleus sampling; None leaves it to the server.
        seed: Sampling seed, for servers that take one.
        schema: JSON schema that the answer must meet; None asks for plain text.
        schema_name: The schema's name (letters, digits, ``_`` and ``-``); ``answer`` where empty.
        extra: Further fields of the request's body, e.g. ``{"reasoning_effort": "low"}``.
        repeat: Number of the repeat, from 0: the same question asked again on purpose has another key.
        tag: Free text for the caller (an item's id, say); neither sent nor part of the key.
    """

    model: str
    messages: tuple[Message, ...]
    temperature: float | None = 0.0
    max_tokens: int = DEFAULT_MAX_TOKENS
    top_p: float | None = None
    seed: int | None = None
    schema: Mapping[str, Any] | None = field(default=None, hash=False)
    schema_name: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)
    repeat: int = 0
    tag: str = ""

    def key(self, base_url: str = OPENAI_URL) -> str:
        """Hex SHA-256 of all that can change the answer: never of keys, timeouts, concurrency or the tag."""
        content = {
            "model": self.model,
            "messages": [message.to_api() for message in self.messages],
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "top_p": self.top_p,
            "seed": self.seed,
            "schema": self.schema,
            "schema_name": self.schema_name,
            "extra": dict(self.extra),
            "repeat": self.repeat,
        }
        return digest_of({**content, "base_url": normal_url(base_url), "version": KEY_VERSION})


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that the server counted.

    Attributes:
        prompt_tokens: Tokens of the prompt, images included.
        completion_tokens: Tokens of the answer, hidden reasoning included.
        cached_tokens: Those of the prompt's tokens that the server had in its own cache (billed at a lower price).
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a function that a model asked for: its name, and its arguments as JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """A finished answer.

    Attributes:
        text: What the model wrote; may be empty where it called functions.
        finish_reason: Why the model stopped, in the server's word (``stop``, ``eos_token``, ...); ``stop`` where the
            server says nothing. Answers that were cut or withheld are failures.
        model: The model that the server says it used (often a dated snapshot of the one asked for).
        fingerprint: The server's fingerprint of its configuration; empty where it gives none.
        usage: Tokens counted when the answer was paid for; None where the server does not count.
        created: When the server made the answer, in seconds since 1970.
        cached: Whether it came from the cache, that is, cost nothing now.
        structured: Whether the server was held to the request's schema (False after a fallback to plain text).
        dropped: Fields of the request that were not sent, because the server does not take them for this model.
        tool_calls: The functions that the model called, of those in the request's field ``tools``.
        logprobs: (token, natural logarithm of its probability) of the text's tokens in order, where the request's field
            ``logprobs`` asked for them; empty where the server gives none, or not one for every token.
        top_logprobs: For each of these tokens, those that could have stood in its place, likewise as (token,
            log-probability), where the request's field ``top_logprobs`` asked for them; else empty.
        seconds: From sending the request to its reply, when it was paid for; None where nobody measured.
    """

    text: str
    finish_reason: str
    model: str
    fingerprint: str
    usage: Usage | None
    created: float
    cached: bool = False
    structured: bool = False
    dropped: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[tuple[str, float], ...] = ()
    top_logprobs: tuple[tuple[tuple[str, float], ...], ...] = ()
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ChatFailure:
    """A request without an answer, and why.

    Attributes:
        reason: The kind of failure.
        detail: One line for people: the refusal's text, the server's message (secrets removed).
        usage: Tokens that were billed all the same; None where none were, or where nobody knows.
        text: What the model had written before it was cut; empty where it wrote nothing.
        seconds: From sending the request to the reply that says so; None where nobody measured.
    """

    reason: FailureReason
    detail: str = ""
    usage: Usage | None = None
    text: str = ""
    seconds: float | None = None


Outcome: TypeAlias = ChatAnswer | ChatFailure


@dataclass(frozen=True, slots=True)
class Spending:
    """What a client has used since it was made.

    Attributes:
        requests: Requests that were answered by the server (retries apart).
        cached: Answers that came from the cache.
        failed: Requests that ended as a failure.
        retries: Attempts beyond the first.
        prompt_tokens: Tokens of prompts billed now (cached answers cost nothing).
        completion_tokens: Tokens of answers billed now.
        usd: US dollars billed now; None where the price of a model is not known.
        unsure_usd: US dollars for requests whose reply was lost, which may have been billed; not part of `usd`.
    """

    requests: int = 0
    cached: int = 0
    failed: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = 0.0
    unsure_usd: float = 0.0


def usage_from_json(record: Mapping[str, int] | None) -> Usage | None:
    """The usage of a stored answer or failure."""
    return None if record is None else Usage(**record)


def answer_from_json(record: Mapping[str, Any], *, cached: bool) -> ChatAnswer:
    """The answer of a stored record (`dataclasses.asdict` of an answer), marked as coming from the cache or not."""
    changed = {
        "usage": usage_from_json(record["usage"]),
        "created": normal_time(record["created"]),  # caches of earlier versions hold what the server said
        "dropped": tuple(record.get("dropped", ())),
        "tool_calls": tuple(ToolCall(**call) for call in record.get("tool_calls", ())),
        "logprobs": _pairs(record.get("logprobs", ())),
        "top_logprobs": tuple(_pairs(listed) for listed in record.get("top_logprobs", ())),
        "cached": cached,
    }
    return ChatAnswer(**{**record, **changed})


def _pairs(listed: Iterable[Iterable[Any]]) -> tuple[tuple[str, float], ...]:
    return tuple((str(token), float(logprob)) for token, logprob in listed)


def failure_from_json(record: Mapping[str, Any]) -> ChatFailure:
    """The failure of a stored record (`dataclasses.asdict` of a failure)."""
    return ChatFailure(**{**record, "usage": usage_from_json(record["usage"])})


def normal_url(url: str) -> str:
    """The form of a base URL that keys hold: lower-case host, no user, password, query or trailing slash."""
    parts = urlsplit(url)
    host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    return urlunsplit((parts.scheme.lower(), host, parts.path.rstrip("/"), "", ""))


LATEST_SECOND = 1e11
"""A greater number of seconds since 1970 (the year 5138) is taken for milliseconds, or a finer unit."""


def normal_time(value: Any) -> float:
    """Seconds since 1970 of a server's ``created``: seconds, milliseconds or finer, a number in a text, an ISO date.

    Now, where it is none of these: the time of an answer is provenance, and no reason to lose the answer.
    """
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        try:
            return datetime.fromisoformat(value).timestamp()
        except (TypeError, ValueError, OverflowError, OSError):
            return time.time()
    if not math.isfinite(seconds) or seconds < 0:
        return time.time()
    while seconds > LATEST_SECOND:
        seconds /= 1000
    return seconds
