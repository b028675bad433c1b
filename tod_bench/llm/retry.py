"""One request, sent until it is answered, given up or hopeless.

tenacity counts and spaces the attempts. The openai package's own retries are turned off: they would ask again after
``insufficient_quota``, would not pass through the rate limits and the budget, and keep Retry-After from the other
requests.
"""

import json
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tod_bench.llm.api_format import MalformedReply, read_completion, request_body
from tod_bench.llm.budget import Budget, Hold
from tod_bench.llm.capabilities import REJECTED, SCHEMA_FIELD, Capabilities
from tod_bench.llm.estimates import estimate_tokens
from tod_bench.llm.failures import (
    TOKEN_FIELDS,
    PermanentError,
    TransientError,
    read_error,
    redact,
    retry_after_of,
    status_in,
)
from tod_bench.llm.pool import TaskPool
from tod_bench.llm.rate_limit import RateLimiter
from tod_bench.llm.records import ChatFailure, ChatRequest, Outcome

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from tenacity import RetryCallState

LONGEST_WAIT = 600.0
"""Longest Retry-After, in seconds, that is waited for; a longer one (a daily limit) ends the run."""

ERRORS_BEFORE_PLAIN = 2
"""After so many 5xx replies to a request with a schema, it is asked without, unless the server has taken schemas."""

NEVER_SENT = ("ConnectError", "ConnectTimeout", "PoolTimeout")
"""Errors of httpx after which a server cannot have billed the request."""

_log = logging.getLogger(__name__)


class RetryPolicy(BaseModel):
    """How a request is repeated that was not answered.

    Attributes:
        attempts: How often a request is sent at most.
        backoff: First and longest pause between attempts in seconds (doubling, with jitter).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    attempts: int = Field(default=6, ge=1, le=100)
    backoff: tuple[float, float] = (1.0, 60.0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        first, longest = self.backoff
        if not 0 <= first <= longest or not math.isfinite(longest):
            raise ValueError("backoff: give the first and the longest pause in seconds, e.g. [1, 60]")
        return self


@dataclass(frozen=True)
class Sender:
    """What all requests to one server share.

    Attributes:
        server: The openai package's client; its retries are off.
        base_url: The server's address, for messages.
        key_variable: Environment variable that holds the key, for messages.
        retry: How requests are repeated.
        limiter: The rate limits.
        budget: What may be spent.
        capabilities: What each model's server has been found not to take; added to.
        pool: Told which requests have been sent.
    """

    server: "AsyncOpenAI"
    base_url: str
    key_variable: str
    retry: RetryPolicy
    limiter: RateLimiter
    budget: Budget
    capabilities: dict[str, Capabilities]
    pool: TaskPool[Any, Any]

    async def ask(self, request: ChatRequest, hold: Hold) -> Outcome:
        """The outcome of a request; its hold is settled, released or written off.

        Raises:
            PermanentError: Asking on is pointless.
            BudgetReached: Another attempt would go over the budget.
        """
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt
        from tenacity.wait import wait_exponential, wait_random

        first, longest = self.retry.backoff
        jitter = wait_exponential(multiplier=first, max=longest) + wait_random(0, first)

        def pause(state: "RetryCallState") -> float:
            error = state.outcome.exception() if state.outcome else None
            wanted = error.retry_after if isinstance(error, TransientError) else None
            return float(jitter(state)) if wanted is None else wanted + float(jitter(state)) / 10

        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, TransientError) and not self.pool.stopping),
            wait=pause,
            stop=stop_after_attempt(self.retry.attempts),
            reraise=True,
        )
        exchange = _Exchange(self, request, hold)
        try:
            outcome: Outcome = await retrying(exchange.attempt)
        except TransientError as error:
            outcome = ChatFailure("malformed" if error.malformed else "transient", error.detail)
        finally:
            exchange.close()
        return outcome


@dataclass(frozen=True, slots=True)
class _Rejected:
    """The server does not take the request as it stands; perhaps it takes it without a field."""

    status: int
    reply: Any
    meaning: PermanentError | TransientError | ChatFailure


class _Exchange:
    """One request over its attempts, with the money held for it: each lost reply writes a hold off and takes another.

    Attributes:
        at_risk: Whether the last attempt may have been billed, as far as is known.
        server_errors: Replies with a 5xx so far to attempts with a schema.
        last_status: HTTP status of the last error; 0 where there was none.
    """

    def __init__(self, sender: Sender, request: ChatRequest, hold: Hold) -> None:
        self._sender, self._request, self._budget = sender, request, sender.budget
        self._hold: Hold | None = hold
        self._attempts = 0
        self.at_risk = False
        self.server_errors = self.last_status = 0

    async def attempt(self) -> Outcome:
        """Sends the request once its turn has come.

        Raises:
            TransientError: It may be sent again.
            PermanentError: Asking on is pointless.
            BudgetReached: The last reply was lost, and the budget has not enough for another.
        """
        sender = self._sender
        self._begin()
        tokens = estimate_tokens(self._request) + self._request.max_tokens
        await sender.limiter.start(tokens)
        sender.pool.protect(True)
        try:
            outcome = await self._negotiate()
        except TransientError as error:
            if error.retry_after is not None and error.retry_after > LONGEST_WAIT:
                hours = error.retry_after / 3600
                raise PermanentError(
                    f"{sender.base_url} asks to wait {hours:.1f} hours ({error.detail}); "
                    "run the same command again then"
                ) from error
            if error.retry_after is not None:
                sender.limiter.pause(error.retry_after)
            raise
        finally:
            sender.pool.protect(False)
        if self.at_risk and self._hold is not None:
            self._budget.settle(self._hold, outcome.usage)
            self._hold = None
        self.close()
        if outcome.usage is not None:
            sender.limiter.give_back(tokens - outcome.usage.prompt_tokens - outcome.usage.completion_tokens)
        return outcome

    def _begin(self) -> None:
        self._attempts += 1
        if self._attempts > 1:
            self._budget.count(retries=1)
        if self.at_risk and self._hold is not None:
            lost, self._hold = self._hold, None
            self._budget.write_off(lost)
            self._hold = self._budget.hold_again(lost)
            if self._hold is None:
                raise self._budget.reached()
        self.at_risk = False

    def close(self) -> None:
        """Ends the request without an outcome: not billed, or, where a reply was lost, perhaps billed."""
        if self._hold is not None:
            (self._budget.write_off if self.at_risk else self._budget.release)(self._hold)
            self._hold = None

    async def _negotiate(self) -> Outcome:
        """Sends the request; a server that does not take a field of it is asked again without, and remembered."""
        sender, request = self._sender, self._request
        used = known = sender.capabilities.setdefault(request.model, Capabilities())
        if self.server_errors >= max(1, min(ERRORS_BEFORE_PLAIN, sender.retry.attempts - 1)) and not known.proven:
            # Some servers answer 500 to a schema and name no cause.
            used = used.without(SCHEMA_FIELD)
        why = f"HTTP {self.last_status}"
        while isinstance(reply := await self._post(used), _Rejected):
            meaning = reply.meaning
            changed: Capabilities | None = None
            if not isinstance(meaning, ChatFailure) or meaning.reason == "bad_request":
                changed = used.after_rejection(request_body(request, used), reply.status, reply.reply)
                if changed is None and reply.status in REJECTED and request.schema is not None and not known.proven:
                    changed = used.without(SCHEMA_FIELD)
            if changed is None or changed == used:
                if isinstance(meaning, ChatFailure):
                    return meaning
                raise meaning
            used, why = changed, str(meaning.detail if isinstance(meaning, ChatFailure) else meaning)
        self._remember(used, why)
        return reply

    def _remember(self, used: Capabilities, why: str) -> None:
        """Keeps what an answer has proven of the model's server, and says once what is left out from now on."""
        sender, model = self._sender, self._request.model
        known = sender.capabilities[model]
        structured = self._request.schema is not None and SCHEMA_FIELD not in used.dropped
        for name in sorted(used.dropped - known.dropped):
            if name == SCHEMA_FIELD:
                _log.warning("%s takes no JSON schema for %s (%s): plain text", sender.base_url, model, why)
            else:
                _log.warning("%s takes no %s for %s (%s): left to the server", sender.base_url, name, model, why)
        sender.capabilities[model] = Capabilities(
            used.token_field, known.dropped | used.dropped, known.proven or structured
        )

    async def _post(self, capabilities: Capabilities) -> Outcome | _Rejected:
        import openai

        server, body = self._sender.server, request_body(self._request, capabilities)
        self.at_risk, began = True, time.perf_counter()
        failed: Exception
        try:
            # the body goes in as it stands; the package would otherwise walk through every message of it
            raw = await server.chat.completions.with_raw_response.create(
                model=self._request.model, messages=[], extra_body=body
            )
        except openai.APIError as error:
            failed = error
        else:
            took = round(time.perf_counter() - began, 4)
            read = self._read_reply(raw.http_response.text, body)
            return read if isinstance(read, _Rejected) else replace(read, seconds=took)
        # outside of the except block, so that no exception holds on to the package's, whose headers hold the key
        if isinstance(failed, openai.APIStatusError):
            self.at_risk = False
            return self._read_failure(
                failed.status_code, failed.body, body, retry_after=retry_after_of(failed.response.headers)
            )
        self.at_risk = type(failed.__cause__).__name__ not in NEVER_SENT
        raise TransientError(redact(f"{failed} {failed.__cause__ or ''}", server.api_key))

    def _read_reply(self, text: str, body: Mapping[str, Any]) -> Outcome | _Rejected:
        """What a reply with status 200 says."""
        whole = request_body(self._request, Capabilities())
        dropped = tuple(sorted(name for name in whole if name not in body and name not in TOKEN_FIELDS))
        structured = self._request.schema is not None and SCHEMA_FIELD in body
        try:
            reply = json.loads(text)
        except (ValueError, RecursionError):
            reply = None
        try:
            return read_completion(
                reply,
                structured=structured,
                dropped=dropped,
                key=self._sender.server.api_key,
                tools="tools" in body,
            )
        except MalformedReply:
            pass
        if text.lstrip()[:1] == "<":
            message = "the reply is a web page and no chat completion; is the base URL right?"
            raise TransientError(message, malformed=True)
        if isinstance(reply, Mapping) and reply.get("error"):
            return self._read_failure(status_in(reply["error"]), reply, body)
        raise TransientError("unreadable reply: the reply is no chat completion", malformed=True)

    def _read_failure(
        self, status: int, reply: Any, body: Mapping[str, Any], retry_after: float | None = None
    ) -> _Rejected:
        """A rejection, from which something may be learnt; a failure that may pass is raised."""
        meaning = read_error(
            status,
            reply,
            url=self._sender.base_url,
            model=self._request.model,
            key_variable=self._sender.key_variable,
            key=self._sender.server.api_key,
            retry_after=retry_after,
        )
        self.last_status = status
        self.server_errors += status >= 500 and SCHEMA_FIELD in body
        if isinstance(meaning, TransientError) and Capabilities().after_rejection(body, status, reply) is None:
            raise meaning
        return _Rejected(status, reply, meaning)
