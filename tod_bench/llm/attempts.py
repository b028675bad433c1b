"""One request, asked until it is answered, given up or hopeless.

tenacity counts and spaces the attempts. The openai package's own retries are turned off: they would ask again after
``insufficient_quota``, would not pass through the pace and the budget, and keep Retry-After from the other requests.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tod_bench.llm.adapting import REJECTED, SCHEMA_FIELD, adapted
from tod_bench.llm.failures import (
    TOKEN_FIELDS,
    PermanentError,
    TransientError,
    read_error,
    retry_after_of,
    scrub,
    status_in,
)
from tod_bench.llm.flight import TaskPool
from tod_bench.llm.meter import Meter, Reserve
from tod_bench.llm.pace import RateLimiter
from tod_bench.llm.records import ChatFailure, ChatRequest, Outcome
from tod_bench.llm.reserves import AttemptReserve
from tod_bench.llm.tokens import estimate_tokens
from tod_bench.llm.wire import Capabilities, MalformedReply, read_completion, request_body

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from tenacity import RetryCallState

LONGEST_WAIT = 600.0
"""Longest Retry-After, in seconds, that is waited for; a longer one (a daily limit) ends the run."""

ERRORS_BEFORE_PLAIN = 2
"""After so many 5xx replies to a request with a schema, it is asked without, unless the server has taken schemas."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetryPolicy:
    """How a server is addressed.

    Attributes:
        base_url: Its address, for messages.
        key_variable: Environment variable that holds the key, for messages.
        attempts: How often a request is sent at most.
        backoff: First and longest pause between attempts in seconds.
    """

    base_url: str
    key_variable: str
    attempts: int
    backoff: tuple[float, float]


class Sender:
    """Asks requests of one server, within a pace and a budget.

    Args:
        server: The openai package's client; its retries are off.
        manners: How the server is addressed.
        pace: The rate limits.
        meter: The budget.
        abilities: What each model's server has been found not to take; shared and added to.
        flight: Told which requests have been sent.
    """

    def __init__(
        self,
        server: "AsyncOpenAI",
        *,
        manners: RetryPolicy,
        pace: RateLimiter,
        meter: Meter,
        abilities: dict[str, Capabilities],
        flight: TaskPool[Any, Any],
    ) -> None:
        from tenacity.wait import wait_exponential, wait_random

        self._server, self._manners, self._url = server, manners, manners.base_url
        self._pace, self._meter, self._abilities, self._flight = pace, meter, abilities, flight
        first, longest = manners.backoff
        self._jitter = wait_exponential(multiplier=first, max=longest) + wait_random(0, first)

    async def ask(self, request: ChatRequest, reserve: Reserve) -> Outcome:
        """The outcome of a request; its reserve is settled, released or written off.

        Raises:
            PermanentError: Asking on is pointless.
            BudgetReached: Another attempt would go over the budget.
        """
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, TransientError) and not self._flight.called_off),
            wait=self._pause,
            stop=stop_after_attempt(self._manners.attempts),
            reraise=True,
        )
        ledger = AttemptReserve(self._meter, reserve)
        try:
            outcome: Outcome = await retrying(self._attempt, request, ledger)
        except TransientError as error:
            outcome = ChatFailure("malformed" if error.malformed else "transient", error.detail)
        finally:
            ledger.close()
        return outcome

    def _pause(self, state: "RetryCallState") -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, TransientError) else None
        return float(self._jitter(state)) if asked is None else asked + float(self._jitter(state)) / 10

    async def _attempt(self, request: ChatRequest, ledger: AttemptReserve) -> Outcome:
        ledger.start()
        tokens = estimate_tokens(request) + request.max_tokens
        await self._pace.start(tokens)
        self._flight.hold_course(True)
        try:
            outcome = await self._adapting(request, ledger)
        except TransientError as error:
            self._heed(error)
            raise
        finally:
            self._flight.hold_course(False)
        ledger.settle(outcome)
        if outcome.usage is not None:
            used = outcome.usage.prompt_tokens + outcome.usage.completion_tokens
            self._pace.give_back(tokens - used)
        return outcome

    def _heed(self, error: TransientError) -> None:
        if error.retry_after is None:
            return
        if error.retry_after > LONGEST_WAIT:
            hours = error.retry_after / 3600
            raise PermanentError(
                f"{self._url} asks to wait {hours:.1f} hours ({error.detail}); run the same command again then"
            )
        self._pace.pause(error.retry_after)

    async def _adapting(self, request: ChatRequest, ledger: AttemptReserve) -> Outcome:
        """Sends a request; a server that does not take a field of it is asked again without, and remembered."""
        used = known = self._abilities.setdefault(request.model, Capabilities())
        enough = max(1, min(ERRORS_BEFORE_PLAIN, self._manners.attempts - 1))
        if ledger.server_errors >= enough and not known.proven:
            # Some servers answer 500 to a schema and name no cause.
            used = used.without(SCHEMA_FIELD)
        why = f"HTTP {ledger.last_status}"
        while True:
            found = await self._send(request, used, ledger)
            if not isinstance(found, _Rejected):
                break
            changed = self._changed(found, used, known, request)
            if changed is None or changed == used:
                if isinstance(found.meaning, ChatFailure):
                    return found.meaning
                raise found.meaning
            used, why = changed, found.detail
        self._remember(request, used, why)
        return found

    def _changed(
        self, found: "_Rejected", used: Capabilities, known: Capabilities, request: ChatRequest
    ) -> Capabilities | None:
        """How to ask again after a rejection; None where no change can help."""
        if isinstance(found.meaning, ChatFailure) and found.meaning.reason != "bad_request":
            return None
        named = adapted(used, request_body(request, used), found.status, found.body)
        if named is not None or found.status not in REJECTED or request.schema is None or known.proven:
            return named
        return used.without(SCHEMA_FIELD)

    def _remember(self, request: ChatRequest, used: Capabilities, why: str) -> None:
        """Keeps what an answer has proven of the model's server, and says once what is left out from now on."""
        known = self._abilities[request.model]
        structured = request.schema is not None and SCHEMA_FIELD not in used.dropped
        for name in sorted(used.dropped - known.dropped):
            if name == SCHEMA_FIELD:
                _log.warning("%s takes no JSON schema for %s (%s): plain text", self._url, request.model, why)
            else:
                _log.warning("%s takes no %s for %s (%s): left to the server", self._url, name, request.model, why)
        self._abilities[request.model] = Capabilities(
            used.token_field, known.dropped | used.dropped, known.proven or structured
        )

    async def _send(
        self, request: ChatRequest, abilities: Capabilities, ledger: AttemptReserve
    ) -> "Outcome | _Rejected":
        import openai

        ledger.at_risk = True
        body = request_body(request, abilities)
        failed: Exception
        try:
            # the body goes in as it stands; the package would otherwise walk through every message of it
            raw = await self._server.chat.completions.with_raw_response.create(
                model=request.model, messages=[], extra_body=body
            )
        except openai.APIError as error:
            failed = error
        else:
            return self._read_reply(raw.http_response.text, request, body, ledger)
        # outside of the except block, so that no exception holds on to the package's, whose headers hold the key
        if isinstance(failed, openai.APIStatusError):
            ledger.at_risk = False
            retry_after = retry_after_of(failed.response.headers)
            return self._read_failure(failed.status_code, failed.body, request, body, ledger, retry_after)
        ledger.at_risk = type(failed.__cause__).__name__ not in ("ConnectError", "ConnectTimeout", "PoolTimeout")
        raise TransientError(scrub(f"{failed} {failed.__cause__ or ''}", self._server.api_key))

    def _read_reply(
        self, text: str, request: ChatRequest, body: Mapping[str, Any], ledger: AttemptReserve
    ) -> "Outcome | _Rejected":
        structured = request.schema is not None and SCHEMA_FIELD in body
        asked = request_body(request, Capabilities())
        dropped = tuple(sorted(name for name in asked if name not in body and name not in TOKEN_FIELDS))
        try:
            reply = json.loads(text)
        except (ValueError, RecursionError):
            reply = None
        try:
            return read_completion(reply, structured=structured, dropped=dropped, key=self._server.api_key)
        except MalformedReply:
            pass
        if text.lstrip()[:1] == "<":
            told = "the reply is a web page and no chat completion; is the base URL right?"
            raise TransientError(told, malformed=True)
        if isinstance(reply, Mapping) and reply.get("error"):
            return self._read_failure(status_in(reply["error"]), reply, request, body, ledger, None)
        raise TransientError("unreadable reply: the reply is no chat completion", malformed=True)

    def _read_failure(
        self,
        status: int,
        reply: Any,
        request: ChatRequest,
        body: Mapping[str, Any],
        ledger: AttemptReserve,
        retry_after: float | None,
    ) -> "_Rejected":
        meaning = read_error(
            status,
            reply,
            url=self._url,
            model=request.model,
            key_variable=self._manners.key_variable,
            key=self._server.api_key,
            retry_after=retry_after,
        )
        ledger.last_status = status
        ledger.server_errors += status >= 500 and SCHEMA_FIELD in body
        if isinstance(meaning, TransientError) and adapted(Capabilities(), body, status, reply) is None:
            raise meaning
        return _Rejected(status, reply, meaning)


@dataclass(frozen=True, slots=True)
class _Rejected:
    """The server does not take the request as it stands; perhaps it takes it without a field."""

    status: int
    body: Any
    meaning: PermanentError | TransientError | ChatFailure

    @property
    def detail(self) -> str:
        """The server's words."""
        return str(self.meaning.detail if isinstance(self.meaning, ChatFailure) else self.meaning)
