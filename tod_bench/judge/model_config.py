"""The section `judge` of a judge config: who judges, and how it is reached."""

import json
import math
import re
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tod_bench.llm.servers import KEY_VARIABLE


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


class Retry(_Section):
    """How a request is repeated that was not answered.

    Attributes:
        attempts: How often a request is sent at most.
        backoff: First and longest pause between attempts in seconds (doubling, with jitter).
    """

    attempts: int = Field(default=6, ge=1, le=100)
    backoff: tuple[float, float] = (1.0, 60.0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        first, longest = self.backoff
        if not 0 <= first <= longest or not math.isfinite(longest):
            raise ValueError("backoff: give the first and the longest pause in seconds, e.g. [1, 60]")
        return self


class JudgeModel(_Section):
    """Who judges.

    Attributes:
        model: The model's name, as the server knows it.
        base_url: An OpenAI-compatible server; OpenAI's where left out.
        key_variable: Environment variable that holds the server's key.
        temperature: Sampling temperature; ``null`` leaves it to the server (some models take no other than their own);
            ``auto``, the default, is 0, or the server's own under ``picpersona``.
        max_tokens: Longest answer in tokens; a cut answer is asked again with twice as many. By default 600, or 300
            under ``picpersona``.
        seed: Sampling seed, for servers that take one.
        extra: Further fields of a request's body, e.g. ``{reasoning_effort: low}``.
        schema_output: Whether to ask the server for JSON that meets the verdict's schema.
        certainty: Whether the judge also states how certain it is, 0 to 100.
        images: Folder of the personas' pictures, for a judge that sees images; it gets the impression as well. Without
            it the judge gets the impression alone.
        image_side: Longer side, in pixels, that pictures are scaled down to.
        limits: Limits of the requests.
        retry: How requests are repeated.
    """

    model: str = "gpt-4o"
    base_url: str | None = None
    key_variable: str = Field(default=KEY_VARIABLE, pattern=r"^[A-Za-z_]\w*$")
    temperature: float | Literal["auto"] | None = "auto"
    max_tokens: int | None = Field(default=None, ge=16)
    seed: int | None = None
    extra: dict[str, Any] = Field(default_factory=dict)
    schema_output: bool = True
    certainty: bool = False
    images: str | None = None
    image_side: int = Field(default=512, ge=16)
    limits: Limits = Limits()
    retry: Retry = Retry()

    @field_validator("temperature", mode="before")
    @classmethod
    def _sampling(cls, given: Any) -> Any:
        number = isinstance(given, int | float) and not isinstance(given, bool)
        if given in (None, "auto") or (number and 0 <= given <= 2):
            return given
        raise ValueError("give a number from 0 to 2, `null` for the server's own, or `auto`")

    @field_validator("extra")
    @classmethod
    def _further_fields(cls, extra: dict[str, Any]) -> dict[str, Any]:
        for name in extra:
            if name in _OWN_FIELDS:
                raise ValueError(f"{name} {_OWN_FIELDS[name]}")
            if _SECRET.search(name):
                raise ValueError(f"{name} looks like a secret, which would end in the results; name `key_variable`")
        try:
            json.dumps(extra, allow_nan=False)
        except (TypeError, ValueError):
            raise ValueError("the values must be those that JSON has: no dates, no .nan, no .inf") from None
        return extra


_OWN_FIELDS = {
    **{name: f"is set by `judge.{name}`" for name in ("model", "temperature", "seed", "max_tokens")},
    "max_completion_tokens": "is set by `judge.max_tokens`",
    "messages": "is the prompt; see `prompt`",
    "response_format": "is set by `judge.schema_output`",
    "stream": "cannot be used: answers are read whole",
    "n": "cannot be used: set `repeats`",
}
"""Fields of a request's body that are not further ones, and what is to be done instead."""

_SECRET = re.compile(r"api_?key|authorization|secret|password|token$|headers", re.I)
