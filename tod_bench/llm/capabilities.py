"""What a server takes of a request, learnt from the words with which it turns requests down.

Servers differ in the fields that they take: reasoning models take no temperature, many servers no seed and no schema,
some call the longest answer `max_completion_tokens`. A field that only says how an answer is drawn is left out where
the server names it; the longest answer is renamed but never left out, because a budget rests on it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tod_bench.llm.failures import SAMPLING_FIELDS, TOKEN_FIELDS, error_of, named_fields

SCHEMA_FIELD = "response_format"
REJECTED = (400, 422)
"""Statuses of a request that is turned down as it stands."""

_SCHEMA_WORDS = re.compile(r"response_format|json[_ ]?schema|structured[_ ]output|guided|grammar", re.I)
_UNKNOWN_FIELD = re.compile(r"unsupported|not supported|unknown|unrecogni[sz]ed|unexpected|permitted|deprecated")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server takes for a model, as far as it has turned out.

    Attributes:
        token_field: The name it has for the longest answer; OpenAI's reasoning models take only
            ``max_completion_tokens``, most other servers only ``max_tokens``.
        dropped: Fields that it does not take; ``response_format`` among them means plain text instead of a schema.
        proven: Whether it has answered a request with a schema.
    """

    token_field: str = "max_tokens"
    dropped: frozenset[str] = frozenset()
    proven: bool = False

    def without(self, *fields: str) -> "Capabilities":
        """The same without some fields."""
        return replace(self, dropped=self.dropped | set(fields))

    def after_rejection(self, body: Mapping[str, Any], status: int, reply: Any) -> "Capabilities | None":
        """What the server takes after an error that names what it does not take; None where the error names nothing.

        Args:
            body: The body that was turned down.
            status: HTTP status of the reply.
            reply: The reply's body.
        """
        error = error_of(reply)
        names_schema = SCHEMA_FIELD in body and bool(_SCHEMA_WORDS.search(f"{error['param']} {error['message']}"))
        if status >= 500:  # llama.cpp's Python server answers 500 to a schema
            return self.without(SCHEMA_FIELD) if names_schema else None
        if status not in REJECTED:
            return None
        if self.token_field == TOKEN_FIELDS[0] and self.token_field in body:
            named = named_fields(error, TOKEN_FIELDS)
            unknown = _UNKNOWN_FIELD.search(f"{error['code']} {error['message']}".lower())
            if TOKEN_FIELDS[1] in named or (TOKEN_FIELDS[0] in named and unknown):
                return replace(self, token_field=TOKEN_FIELDS[1])
        fields = named_fields(error, [name for name in SAMPLING_FIELDS if name in body])
        if names_schema:
            fields.append(SCHEMA_FIELD)
        if "logprobs" in fields and "top_logprobs" in body:
            fields.append("top_logprobs")
        return self.without(*fields) if fields else None


def body_after_rejection(body: Mapping[str, Any], status: int, reply: Any) -> dict[str, Any] | None:
    """A body (of a batch's line) without what the server turned down; None where the error names nothing of it."""
    token_field = next((name for name in TOKEN_FIELDS if name in body), TOKEN_FIELDS[0])
    learnt = Capabilities(token_field).after_rejection(body, status, reply)
    if learnt is None:
        return None
    renamed = {learnt.token_field if name == token_field else name: value for name, value in body.items()}
    return {name: value for name, value in renamed.items() if name not in learnt.dropped}
