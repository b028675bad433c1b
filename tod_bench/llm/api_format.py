"""Requests as the chat completions API takes them, and its replies as answers or failures.

Both the online client and the Batch API go through here, so that the same words count as an answer in both.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

from tod_bench.llm.capabilities import SCHEMA_FIELD, Capabilities
from tod_bench.llm.failures import redact, redact_key
from tod_bench.llm.records import ChatAnswer, ChatFailure, ChatRequest, Outcome, ToolCall, Usage, normal_time

CUT = frozenset({"length", "max_tokens", "max_length", "max_output_tokens", "model_length"})
"""Finish reasons, in lower case, of answers that ended for want of room."""

WITHHELD = frozenset({"content_filter", "content_filtered", "safety", "recitation", "blocklist", "prohibited_content"})
"""Finish reasons of answers that a filter withheld."""

UNFINISHED = frozenset({"tool_calls", "function_call", "tool_use", "error", "abort", "aborted", "cancelled"})
"""Finish reasons of replies that are no answer: the model called a tool that it was not offered, or the server gave up.
"""

CALLED = frozenset({"tool_calls", "tool_use"})
"""Finish reasons of an answer that calls functions, where the request offered some."""

LARGEST_LOGPROB = 1e-3
"""Rounding may lift a log-probability above 0 by so much."""

MOST_TOKENS = 10**9
"""A greater count of tokens is no count."""


class MalformedReply(Exception):  # noqa: N818 - a finding about the reply, turned into a retry by the caller
    """A reply with status 200 that is no chat completion."""


def request_body(request: ChatRequest, capabilities: Capabilities) -> dict[str, Any]:
    """The body of the HTTP request; fields that are None are left to the server."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [message.to_api() for message in request.messages],
        capabilities.token_field: request.max_tokens,
    }
    sampling = {"temperature": request.temperature, "top_p": request.top_p, "seed": request.seed}
    body |= {name: value for name, value in sampling.items() if value is not None}
    if request.schema is not None:
        schema = {"name": request.schema_name or "answer", "strict": True, "schema": dict(request.schema)}
        body[SCHEMA_FIELD] = {"type": "json_schema", "json_schema": schema}
    body |= request.extra
    return {name: value for name, value in body.items() if name not in capabilities.dropped}


def read_completion(
    reply: Any, *, structured: bool, dropped: tuple[str, ...] = (), key: str = "", tools: bool = False
) -> Outcome:
    """The answer or failure that a completion's JSON says.

    What was paid for is read as far as it can be: odd counts, times and finish reasons are no reason to lose an answer.

    Args:
        reply: The reply's JSON values.
        structured: Whether a schema was sent.
        dropped: Fields of the request that were not sent.
        key: The server's key, which is taken out of whatever the server echoes.
        tools: Whether the request offered functions, so that calling one is an answer.

    Raises:
        MalformedReply: It is no chat completion.
    """
    try:
        choice = reply["choices"][0]
        message = choice.get("message")
        if message is None and isinstance(choice.get("text"), str):
            message = {"content": choice["text"]}
        written, refusal = _text_of(message.get("content")), message.get("refusal")
        finish = str(choice.get("finish_reason") or "stop")
        calls = _tool_calls(message.get("tool_calls"), key) if tools else ()
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise MalformedReply("the reply is no chat completion") from error
    text, usage = redact_key(written, key), read_usage(reply.get("usage"))
    # Pieces of what was taken out of the text would still stand in the tokens.
    logprobs, top_logprobs = _logprobs(choice.get("logprobs"), text) if text == written else ((), ())
    reason = finish.lower()
    if refusal:
        return ChatFailure("refusal", redact(str(refusal), key), usage)
    if reason in WITHHELD:
        return ChatFailure("content_filter", "the server withheld the answer", usage)
    if reason in CUT:
        return ChatFailure("length", f"cut after {usage.completion_tokens if usage else '?'} tokens", usage, text)
    if reason in UNFINISHED and not (calls and reason in CALLED):
        return ChatFailure("malformed", f"finish_reason is {finish!r}", usage, text)
    if not text.strip() and not calls:
        return ChatFailure("empty", "the model wrote nothing", usage)
    return ChatAnswer(
        text=text,
        finish_reason=redact_key(finish, key),
        model=redact_key(str(reply.get("model") or ""), key),
        fingerprint=redact_key(str(reply.get("system_fingerprint") or ""), key),
        usage=usage,
        created=normal_time(reply.get("created")),
        structured=structured,
        dropped=dropped,
        tool_calls=calls,
        logprobs=logprobs,
        top_logprobs=top_logprobs,
    )


def _tool_calls(calls: Any, key: str) -> tuple[ToolCall, ...]:
    """The functions that a message calls; arguments that come as an object instead of its text are written as one.

    Raises:
        MalformedReply: A call has no name.
    """
    read = []
    for call in calls or ():
        function = call["function"]
        name, arguments = function["name"], function.get("arguments")
        if not isinstance(name, str):
            raise MalformedReply("the reply calls a function without a name")
        text = arguments if isinstance(arguments, str) else json.dumps({} if arguments is None else arguments)
        read.append(ToolCall(redact_key(_whole(name), key), redact_key(_whole(text), key)))
    return tuple(read)


_Tokens: TypeAlias = tuple[tuple[str, float], ...]


def _logprobs(given: Any, text: str) -> tuple[_Tokens, tuple[_Tokens, ...]]:
    """Token and log-probability of each token, and the same of those that could have stood in its place.

    Either is nothing where one of its log-probabilities is missing or no number up to 0.
    """
    content = given.get("content") if isinstance(given, Mapping) else None
    entries = content if isinstance(content, list) else []
    read = _tokens(entries)
    if not read:
        return (), ()
    if read[-1][0] and not text.endswith(read[-1][0]):
        # The token that ended the answer (vLLM lists it), which is none of the text's.
        entries, read = entries[:-1], read[:-1]
    listed = [entry.get("top_logprobs") for entry in entries]
    alternatives = tuple(_tokens(others) if isinstance(others, list) else () for others in listed)
    return read, alternatives if all(alternatives) else ()


def _tokens(entries: list[Any]) -> _Tokens:
    read = []
    for entry in entries:
        token, logprob = (entry.get("token"), entry.get("logprob")) if isinstance(entry, Mapping) else (None, None)
        if not isinstance(token, str) or not isinstance(logprob, int | float) or isinstance(logprob, bool):
            return ()
        if not math.isfinite(logprob) or logprob > LARGEST_LOGPROB:
            return ()
        read.append((_whole(token), min(float(logprob), 0.0)))
    return tuple(read)


def _text_of(content: Any) -> str:
    """A message's text: as it stands, or its text parts joined (reasoning and other parts are no answer)."""
    if isinstance(content, list):
        texts = []
        for part in content:
            if isinstance(part, Mapping) and part.get("type", "text") in ("text", "output_text"):
                part = part.get("text")  # noqa: PLW2901
            if isinstance(part, str):
                texts.append(part)
        content = "".join(texts)
    if not isinstance(content, str | None):
        raise MalformedReply("the reply's content is no text")
    return _whole(content or "")


def _whole(text: str) -> str:
    """A text without halves of surrogate pairs, which JSON can spell and which fit into no file."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def read_usage(counts: Any) -> Usage | None:
    """The tokens that a server counted; None where it does not say both counts in whole numbers from 0."""
    if not isinstance(counts, Mapping):
        return None
    prompt, completion = _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
    if prompt is None or completion is None:
        return None
    details = counts.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else None
    return Usage(prompt, completion, min(cached or 0, prompt))


def _count(value: Any) -> int | None:
    try:
        count = None if isinstance(value, bool) else int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return count if count is not None and 0 <= count <= MOST_TOKENS else None
