"""The ways in which a server of chat completions goes wrong, each as a value that `FaultServer` acts out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class Fault:
    """One misbehaviour.

    Attributes:
        status: HTTP status; 200 sends a completion, changed by the fields below.
        error: The error object (or text) of the reply's body, for other statuses.
        headers: Further headers.
        delay: Seconds before the reply.
        cut: Close the connection ``before`` the reply, or in the ``middle`` of its body.
        raw: Body to send in place of JSON, as text or as bytes.
        fields: Fields of the completion to change (``usage``, ``created``, ``choices``, ...).
        finish_reason: The completion's finish reason.
        content: The completion's text; None keeps the scripted answer.
        refusal: The completion's refusal; the text is then null.
    """

    status: int = 200
    error: Mapping[str, Any] | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: Literal["", "before", "middle"] = ""
    raw: str | bytes | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    finish_reason: str | None = "stop"
    content: Any = None
    refusal: str | None = None


def rate_limited(retry_after: str | float | None = None) -> Fault:
    """429, with or without Retry-After (seconds, or a date)."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Fault(429, {"message": "Rate limit reached", "code": "rate_limit_exceeded"}, headers)


def server_error(status: int = 500) -> Fault:
    """A 5xx."""
    return Fault(status, {"message": "The server had an error", "type": "server_error"})


def quota_exhausted() -> Fault:
    """429 for an account without credit: waiting does not help."""
    return Fault(429, {"message": "You exceeded your current quota", "code": "insufficient_quota"})


def wrong_key(key: str) -> Fault:
    """401 whose message holds the key's two ends, as OpenAI's does."""
    shown = f"{key[:8]}{'*' * 12}{key[-4:]}"
    return Fault(401, {"message": f"Incorrect API key provided: {shown}.", "code": "invalid_api_key"})


def unknown_model(model: str = "gpt-none") -> Fault:
    """404 for a model that the server does not have."""
    return Fault(404, {"message": f"The model `{model}` does not exist", "code": "model_not_found"})


def bad_request(message: str = "Invalid value", code: str | None = None, param: str | None = None) -> Fault:
    """400."""
    return Fault(400, {"message": message, "code": code, "param": param, "type": "invalid_request_error"})


def too_long() -> Fault:
    """400 for a prompt that is longer than the model's context."""
    return bad_request("This model's maximum context length is 8192 tokens.", "context_length_exceeded")


def slow(seconds: float) -> Fault:
    """A good reply, late."""
    return Fault(delay=seconds)


def cut(where: Literal["before", "middle"] = "middle") -> Fault:
    """The connection closes before the reply or half-way through it."""
    return Fault(cut=where)


def malformed() -> Fault:
    """200 with half a JSON document."""
    return Fault(raw='{"choices": [{"message": {"content": "he')


def wrong_schema() -> Fault:
    """200 with a JSON document that is no chat completion."""
    return Fault(raw='{"status": "ok", "choices": []}')


def refusal(text: str = "I cannot help with that.") -> Fault:
    """The model declines."""
    return Fault(refusal=text)


def truncated(text: str = '{"verdict": "A') -> Fault:
    """The answer ends at max_tokens."""
    return Fault(finish_reason="length", content=text)


def filtered() -> Fault:
    """The answer was withheld by a content filter."""
    return Fault(finish_reason="content_filter", content="")


def empty() -> Fault:
    """The model finishes without a word."""
    return Fault(content="")


def web_page(status: int = 200) -> Fault:
    """A page for people, as proxies and login portals send it, with any status."""
    return Fault(status, raw="<!DOCTYPE html><html><body>Please sign in.</body></html>")


def turned_down(field: str, status: int = 400) -> Callable[["HasBody"], Fault | None]:
    """Turns down, by name, every request that holds a field of the body."""

    def fault(received: HasBody) -> Fault | None:
        if field not in received.body:
            return None
        message = f"Unsupported value: '{field}' is not supported with this model."
        return Fault(status, {"message": message, "param": field, "code": "unsupported_value"})

    return fault


class HasBody(Protocol):
    """A request as the server got it."""

    @property
    def body(self) -> Mapping[str, Any]:
        """Its body."""
