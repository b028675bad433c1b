"""A config's section that says which model is asked, how its server is reached, and the client that follows from it.

model: gpt-4o
base_url: http://127.0.0.1:8000/v1
limits: {requests_per_minute: 500, concurrency: 16}
retry: {attempts: 6, backoff: [1, 60]}
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tod_bench.errors import UserError
from tod_bench.llm.batch import BatchClient
from tod_bench.llm.budget import Budget
from tod_bench.llm.client import ChatClient
from tod_bench.llm.openai_client import OpenAIClient
from tod_bench.llm.retry import RetryPolicy
from tod_bench.llm.servers import KEY_VARIABLE, read_key, resolve_url

_SECRET = re.compile(r"api_?key|authorization|secret|password|token$|headers", re.I)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Section):
    """Limits of the requests.

    Attributes:
        requests_per_minute: Requests a minute; no limit where left out.
        tokens_per_minute: Tokens a minute, prompt and longest answer together; no limit where left out.
        concurrency: Requests under way at once.
        timeout: Seconds to wait for a reply.
        poll: Seconds between two looks at a batch.
    """

    requests_per_minute: float | None = Field(default=None, gt=0)
    tokens_per_minute: float | None = Field(default=None, gt=0)
    concurrency: int = Field(default=8, ge=1)
    timeout: float = Field(default=120, gt=0)
    poll: float = Field(default=30, gt=0)


class ChatModel(_Section):
    """A model behind a server. Sections that say more of how it is asked are subclasses.

    Attributes:
        model: The model's name, as the server knows it.
        base_url: An OpenAI-compatible server; OpenAI's where left out.
        key_variable: Environment variable that holds the server's key.
        seed: Sampling seed, for servers that take one.
        extra: Further fields of a request's body, e.g. ``{reasoning_effort: low}``.
        limits: Limits of the requests.
        retry: How requests are repeated.
    """

    reserved_fields: ClassVar[Mapping[str, str]] = {
        **{name: f"is set by `{name}`" for name in ("model", "seed")},
        "messages": "is the prompt",
        "stream": "cannot be used: answers are read whole",
        "n": "cannot be used: ask again with another number of the repeat",
    }
    """Fields of a request's body that `extra` may not hold, and what is to be done instead."""

    model: str = "gpt-4o"
    base_url: str | None = None
    key_variable: str = Field(default=KEY_VARIABLE, pattern=r"^[A-Za-z_]\w*$")
    seed: int | None = None
    extra: dict[str, Any] = Field(default_factory=dict)
    limits: Limits = Limits()
    retry: RetryPolicy = RetryPolicy()

    @field_validator("extra")
    @classmethod
    def _further_fields(cls, extra: dict[str, Any]) -> dict[str, Any]:
        for name in extra:
            if name in cls.reserved_fields:
                raise ValueError(f"{name} {cls.reserved_fields[name]}")
            if _SECRET.search(name):
                raise ValueError(f"{name} looks like a secret, which would end in the results; name `key_variable`")
        try:
            json.dumps(extra, allow_nan=False)
        except (TypeError, ValueError):
            raise ValueError("the values must be those that JSON has: no dates, no .nan, no .inf") from None
        return extra


@dataclass(frozen=True, slots=True)
class Access:
    """How a run reaches its model: what the command line says, beside the config.

    Attributes:
        cache: File of the cache of answers.
        budget: US dollars that may be spent; None for no limit.
        replay: Whether the cache alone answers.
        batch: Whether requests go through the Batch API.
        prices: The user's own price file.
        spending: File that remembers what was spent (see `tod_bench.llm.budget`): the budget is that of all runs that
            name it. A budget without one is that of all runs with the same cache.
    """

    cache: Path
    budget: float | None = None
    replay: bool = False
    batch: bool = False
    prices: Path | None = None
    spending: Path | None = None

    def open_budget(self) -> Budget:
        """The budget of a run; nothing is remembered where nobody asks what was spent before, or nothing is sent."""
        beside = self.cache.with_name(f"{self.cache.stem}.spending.sqlite") if self.budget is not None else None
        return Budget(self.budget, None if self.replay else self.spending or beside, self.prices)


def check_access(access: Access) -> None:
    """Refuses options that exclude each other.

    Raises:
        UserError: They do.
    """
    if access.replay and access.batch:
        raise UserError("--replay sends nothing, so there is nothing for --batch to send; leave one out")


def open_client(model: ChatModel, access: Access) -> ChatClient:
    """The client that a config's section and the command line ask for.

    Raises:
        UserError: No usable address, key, cache or price file; or the options exclude each other.
    """
    check_access(access)
    if not access.replay:
        read_key(model.key_variable, resolve_url(model.base_url))  # before any file is made
    if access.batch:
        return BatchClient(
            access.cache.with_name("batches"),
            access.cache,
            model.base_url,
            model.key_variable,
            budget=access.open_budget(),
            poll_seconds=model.limits.poll,
        )
    return OpenAIClient(
        model.base_url,
        model.key_variable,
        requests_per_minute=model.limits.requests_per_minute,
        tokens_per_minute=model.limits.tokens_per_minute,
        concurrency=model.limits.concurrency,
        timeout=model.limits.timeout,
        retry=model.retry,
        budget=access.open_budget(),
        cache=access.cache,
        replay=access.replay,
    )
