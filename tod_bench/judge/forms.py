"""The form of a verdict: what the prompt asks for, and the same as a JSON schema for servers that can be held to one.

Every verdict carries a check word that only the prompt holds, after the dialogue. An object without it is a quotation,
from the dialogue or elsewhere, and never the judge's verdict. The word of a prompt that is sent is a secret nonce (see
`tod_bench.judge.nonces`); `check_word` takes its place in keys, which must be the same in every run.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from tod_bench.judge.questions import EMOTION, EMOTIONS, FACTORS, QUESTIONS, SCALE, WINNER
from tod_bench.judge.verdicts import Query

SEATS = ("1", "2", "tie")
"""What a pairwise verdict can be."""

_LETTERS = "bcdfghjkmnpqrstvwxyz"


def check_word(ask: Query, material: str) -> str:
    """A short word for an ask, the same in every run, that does not stand in the material.

    It can be computed from the ask, so it marks no verdict that could be foretold: it stands in drafts of prompts only.
    """
    for attempt in range(1000):
        number = int.from_bytes(hashlib.sha256(f"{ask.id}|{attempt}".encode()).digest()[:8])
        word = ""
        for _ in range(6):
            number, letter = divmod(number, len(_LETTERS))
            word += _LETTERS[letter]
        if word not in material:
            return word
    raise ValueError(f"no check word is free for {ask.id}")


def key_of(question: str) -> str:
    """The key of a question in a verdict."""
    return QUESTIONS[question].key if question in QUESTIONS else question


def offered(question: str) -> Sequence[int | str]:
    """The values that a verdict may give for a question."""
    if question == WINNER:
        return SEATS
    return EMOTIONS if question == EMOTION else tuple(SCALE)


def verdict_schema(questions: Sequence[str], *, certainty: bool) -> dict[str, Any]:
    """JSON schema of a verdict; the same for every item, so that a server compiles it once."""
    fields: dict[str, Any] = {"check": {"type": "string"}, "reason": {"type": "string"}}
    if WINNER in questions:
        fields["factors"] = {"type": "array", "items": {"type": "string", "enum": list(FACTORS)}}
    for question in questions:
        values = list(offered(question))
        fields[key_of(question)] = {"type": "integer" if isinstance(values[0], int) else "string", "enum": values}
    if certainty:
        fields["certainty"] = {"type": "integer", "minimum": 0, "maximum": 100}
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def verdict_form(questions: Sequence[str], check: str, *, certainty: bool) -> str:
    """The form of a verdict, as the prompt shows it."""
    fields = {"check": f'"{check}"', "reason": '"one or two sentences"'}
    if WINNER in questions:
        names = ", ".join(json.dumps(name) for name in FACTORS)
        fields["factors"] = f"[those of {names} that decided it]"
    for question in questions:
        fields[key_of(question)] = _choice(offered(question))
    if certainty:
        fields["certainty"] = "how sure you are, a whole number from 0 to 100"
    return "{" + ", ".join(f'"{key}": {form}' for key, form in fields.items()) + "}"


def _choice(values: Sequence[int | str]) -> str:
    if len(values) > 4:
        return '"one of the labels"'
    *most, last = (json.dumps(value) for value in values)
    return f"{', '.join(most)} or {last}"
