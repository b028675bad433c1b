"""What a server does not take of a request, from the words with which it turns the request down.

Servers differ in the fields that they take: reasoning models take no temperature, many servers no seed and no schema,
some call the longest answer `max_completion_tokens`. A field that only says how an answer is drawn is left out where
the server names it; the longest answer is renamed but never left out, because a budget rests on it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tod_bench.llm.failures import SAMPLING_FIELDS, TOKEN_FIELDS, error_of, named_fields
from tod_bench.llm.wire import Capabilities

SCHEMA_FIELD = "response_format"
REJECTED = (400, 422)
"""Statuses of a request that is turned down as it stands."""

_SCHEMA_WORDS = re.compile(r"response_format|json[_ ]?schema|structured[_ ]output|guided|grammar", re.I)


def adapted(abilities: Capabilities, body: Mapping[str, Any], status: int, reply: Any) -> Capabilities | None:
    """What the server takes after an error that names what it does not take; None where the error names nothing.

    Args:
        abilities: What is known so far.
        body: The body that was turned down.
        status: HTTP status of the reply.
        reply: The reply's body.
    """
    error = error_of(reply)
    names_schema = SCHEMA_FIELD in body and bool(_SCHEMA_WORDS.search(f"{error['param']} {error['message']}"))
    if status >= 500:  # llama.cpp's Python server answers 500 to a schema
        return abilities.without(SCHEMA_FIELD) if names_schema else None
    if status not in REJECTED:
        return None
    renamed = _renamed(abilities, body, error)
    if renamed is not None:
        return renamed
    fields = named_fields(error, [name for name in SAMPLING_FIELDS if name in body])
    fields += [SCHEMA_FIELD] if names_schema else []
    if "logprobs" in fields and "top_logprobs" in body:
        fields.append("top_logprobs")
    return abilities.without(*fields) if fields else None


def _renamed(abilities: Capabilities, body: Mapping[str, Any], error: Mapping[str, str]) -> Capabilities | None:
    """The other name for the longest answer, once, where the server asks for it."""
    other = next(name for name in TOKEN_FIELDS if name != abilities.token_field)
    if abilities.token_field not in body or abilities.token_field != TOKEN_FIELDS[0]:
        return None
    named = named_fields(error, TOKEN_FIELDS)
    unknown = re.search(
        r"unsupported|not supported|unknown|unrecogni[sz]ed|unexpected|permitted|deprecated", _said(error)
    )
    if other in named or (abilities.token_field in named and unknown):
        return replace(abilities, token_field=other)
    return None


def _said(error: Mapping[str, str]) -> str:
    return f"{error['code']} {error['message']}".lower()


def adapted_body(body: Mapping[str, Any], status: int, reply: Any) -> dict[str, Any] | None:
    """A body (of a batch's line) without what the server turned down; None where the error names nothing of it."""
    named = next((name for name in TOKEN_FIELDS if name in body), TOKEN_FIELDS[0])
    found = adapted(Capabilities(named), body, status, reply)
    if found is None:
        return None
    renamed = {found.token_field if name == named else name: value for name, value in body.items()}
    return {name: value for name, value in renamed.items() if name not in found.dropped}
