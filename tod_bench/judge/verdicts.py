"""Verdicts: the form that is asked for, and reading one strictly, or the typed reason why there is none.

An answer that cannot be read is `Unscored`. It is never turned into a number, a tie or a zero.

A verdict is a JSON object with exactly the keys that were asked for and the nonce of its prompt (its key ``check``),
which only the prompt holds, after the dialogue: an object without it is a quotation, from the dialogue or elsewhere.
The last object with the nonce counts. Where it holds a value that was not offered (3.5 or 10 on a scale of four), or
cannot be read as JSON, the answer is unreadable: an earlier one is not taken in its place, because the judge has
thought again since.

The prompt shows the form as a verdict that is filled in (`example_verdict`), because small models copy the form, and
one that cannot be read as JSON cannot be copied usefully. Its values are drawn by a hash of what is asked, so that none
is favoured. A word-for-word copy of it is no verdict; how often a judge gives the example's values stands on its card.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from tod_bench.judge.items import Query
from tod_bench.judge.own_questions import answers_of, name_of
from tod_bench.judge.questions import EMOTION, EMOTIONS, FACTORS, QUESTIONS, SCALE, WINNER

POSITIONS = ("1", "2", "tie")
"""What a pairwise verdict can be."""

UnscoredReason: TypeAlias = Literal["refusal", "length", "unreadable", "empty", "rejected", "failed", "not asked"]
"""Why there is no verdict: the judge refused, its answer was cut, it holds no verdict, it was empty, the server turned
the request down, no answer came, or none was asked for."""

SETTLED_REASONS = frozenset({"refusal", "length", "unreadable"})
"""The judge's own doing: a later run does not ask again. All other reasons may be gone by then."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict that was read in full.

    Attributes:
        values: Question -> value: 1 to 4; ``1``, ``2`` (positions) or ``tie``; a label.
        reason: What the judge says for it.
        factors: Factors that it names (pairwise).
        certainty: Stated certainty, 0 to 100, where it was asked for.
        probabilities: Question -> answer, as text -> its probability, where the server's log-probabilities say it.
    """

    values: Mapping[str, int | str]
    reason: str = ""
    factors: tuple[str, ...] = ()
    certainty: int | None = None
    probabilities: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unscored:
    """No verdict, and why.

    Attributes:
        reason: The kind.
        detail: What exactly was wrong.
    """

    reason: UnscoredReason
    detail: str = ""


def key_of(question: str) -> str:
    """The key of a question in a verdict."""
    return QUESTIONS[question].key if question in QUESTIONS else name_of(question)


def offered(question: str) -> Sequence[int | str]:
    """The values that a verdict may give for a question."""
    if question == WINNER:
        return POSITIONS
    if (own := answers_of(question)) is not None:
        return own
    return EMOTIONS if question == EMOTION else tuple(SCALE)


SHORTEST_REASON, LONGEST_REASON = 4, 160
"""Characters of a reason, where a schema of one query limits it: small models go on without end, or copy the example's,
which is shorter."""


def verdict_schema(questions: Sequence[str], *, certainty: bool, nonce: str = "") -> dict[str, Any]:
    """JSON schema of a verdict, for servers that can be held to one.

    Args:
        questions: What is asked.
        certainty: Whether a certainty is asked for.
        nonce: The only check word that it lets pass. Without it the schema is the same for every item, and a server
            compiles it once.
    """
    fields: dict[str, Any] = {"check": {"type": "string"}, "reason": {"type": "string"}}
    if nonce:
        fields["check"] = {"type": "string", "enum": [nonce]}
    if WINNER in questions:
        # Small models name one again and again until they are cut.
        fields["factors"] = {
            "type": "array",
            "items": {"type": "string", "enum": list(FACTORS)},
            "maxItems": len(FACTORS),
        }
    for question in questions:
        values = list(offered(question))
        fields[key_of(question)] = {"type": "integer" if isinstance(values[0], int) else "string", "enum": values}
    if certainty:
        fields["certainty"] = {"type": "integer", "minimum": 0, "maximum": 100}
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def tight_schema(questions: Sequence[str], nonce: str, *, certainty: bool) -> dict[str, Any]:
    """The schema of one query for servers that turn it into a grammar: nonce fixed, reason and factors bounded."""
    schema = verdict_schema(questions, certainty=certainty, nonce=nonce)
    fields = schema["properties"]
    fields["reason"] = {"type": "string", "minLength": SHORTEST_REASON, "maxLength": LONGEST_REASON}
    if "factors" in fields:
        fields["factors"] = {**fields["factors"], "minItems": 0, "maxItems": 2}
    if certainty:
        fields["certainty"] = {"type": "integer", "enum": list(range(101))}
    return schema


def verdict_form(questions: Sequence[str], nonce: str, *, certainty: bool) -> str:
    """The form of a verdict, as a re-ask shows it: alternatives in place of values."""
    fields = {"check": f'"{nonce}"', "reason": '"one or two sentences"'}
    if WINNER in questions:
        names = ", ".join(json.dumps(name) for name in FACTORS)
        fields["factors"] = f"[those of {names} that decided it]"
    for question in questions:
        fields[key_of(question)] = _alternatives(question)
    if certainty:
        fields["certainty"] = "how sure you are, a whole number from 0 to 100"
    return "{" + ", ".join(f'"{key}": {form}' for key, form in fields.items()) + "}"


def _alternatives(question: str) -> str:
    values = offered(question)
    if len(values) > 4:
        return '"one of the labels"' if question == EMOTION else "one of the answers listed with it"
    *most, last = (json.dumps(value) for value in values)
    return f"{', '.join(most)} or {last}"


EXAMPLE_REASON = "..."
"""The reason of the example in a prompt."""

COPIED = "the example of the prompt was copied word for word"
"""What is wrong with a verdict that is the example's."""


def example_verdict(query: Query, nonce: str, *, certainty: bool) -> dict[str, Any]:
    """The verdict that a prompt shows as an example of the form.

    Its values are drawn by a hash of what is asked. Other personas get the same, so that a persona ablation compares
    prompts that differ in the persona alone; repeats and presentation orders get others.
    """
    asked = (query.item, *query.candidates, query.order, str(query.repeat), str(query.turn))
    verdict: dict[str, Any] = {"check": nonce, "reason": EXAMPLE_REASON}
    if WINNER in query.questions:
        verdict["factors"] = [_drawn((*asked, "factors"), list(FACTORS))]
    for question in query.questions:
        verdict[key_of(question)] = _drawn((*asked, question), offered(question))
    if certainty:
        verdict["certainty"] = _drawn((*asked, "certainty"), range(101))
    return verdict


def _drawn(seed: Sequence[str], values: Sequence[Any]) -> Any:
    digest = hashlib.sha256("|".join(seed).encode("utf-8", "surrogatepass")).digest()
    return values[int.from_bytes(digest[:8]) % len(values)]


def verdict_values(questions: Sequence[str], *, certainty: bool) -> str:
    """What stands in place of the example's values, one line a kind of value."""
    lines = ['"reason": one or two sentences']
    if WINNER in questions:
        lines.append(f'"factors": those of {", ".join(json.dumps(name) for name in FACTORS)} that decided it')
    by_values: dict[str, list[str]] = {}
    for question in questions:
        by_values.setdefault(_alternatives(question), []).append(f'"{key_of(question)}"')
    lines += [f"{', '.join(keys)}: {values}" for values, keys in by_values.items()]
    if certainty:
        lines.append('"certainty": how sure you are, a whole number from 0 to 100')
    return "\n".join(lines)


def parse_verdict(text: str, query: Query, nonce: str, *, certainty: bool = False) -> Verdict | Unscored:
    """Reads the verdict of an answer.

    Args:
        text: The answer.
        query: What was asked.
        nonce: The nonce that the verdict must carry.
        certainty: Whether a certainty was asked for.

    Returns:
        The verdict, or `Unscored` with reason ``unreadable``.
    """
    last, rest = None, text
    for candidate, end in json_objects(text):
        if candidate.get("check") == nonce:
            last, rest = candidate, text[end:]
    if last is None:
        return Unscored("unreadable", "no JSON object with the check word")
    if "{" in rest[: max(0, rest.rfind(nonce))]:
        return Unscored("unreadable", "the last object with the check word is no valid JSON of the form asked for")
    expected = set(verdict_schema(query.questions, certainty=certainty)["required"])
    if set(last) != expected:
        return Unscored("unreadable", f"missing or unknown keys: {', '.join(sorted(set(last) ^ expected))}")
    if last == example_verdict(query, nonce, certainty=certainty):
        return Unscored("unreadable", COPIED)
    return _checked(last, query.questions, certainty)


def _checked(last: Mapping[str, Any], questions: Sequence[str], certainty: bool) -> Verdict | Unscored:
    """A verdict whose every value was offered."""
    values: dict[str, int | str] = {}
    for question in questions:
        given = last[key_of(question)]
        value = _offered_value(given, offered(question))
        if value is None:
            return Unscored("unreadable", f"{key_of(question)}: {_shortened(given)} was not offered")
        values[question] = value
    factors = last.get("factors", [])
    if not isinstance(factors, list) or any(factor not in FACTORS for factor in factors):
        return Unscored("unreadable", f"factors: {_shortened(factors)} was not offered")
    stated = _offered_value(last["certainty"], range(101)) if certainty else None
    if certainty and stated is None:
        return Unscored("unreadable", f"certainty: {_shortened(last['certainty'])} is no whole number from 0 to 100")
    return Verdict(values, str(last["reason"]), tuple(dict.fromkeys(factors)), None if stated is None else int(stated))


def _offered_value(given: Any, values: Sequence[int | str]) -> int | str | None:
    """The offered value that a JSON value means: 3, 3.0 and "3" are the same, and so are "Tie" and "tie"."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    word = str(int(given)) if isinstance(given, float) and given.is_integer() else str(given).strip().casefold()
    return next((value for value in values if str(value) == word), None)


def _shortened(given: Any) -> str:
    text = json.dumps(given)
    return text if len(text) <= 60 else f"{text[:60]}..."


class _RepeatedKeyError(ValueError):
    pass


def json_objects(text: str) -> Iterator[tuple[dict[str, Any], int]]:
    """The JSON objects of a text and where each ends, in order, outermost ones only; broken ones are passed over."""
    strict, lenient = json.JSONDecoder(object_pairs_hook=_with_unique_keys), json.JSONDecoder()
    start = text.find("{")
    while start >= 0:
        value, end = None, start + 1
        try:
            value, end = strict.raw_decode(text, start)
        except _RepeatedKeyError:
            # The object is there, but says two things; so it must not be passed over for an earlier one.
            try:
                value, end = lenient.raw_decode(text, start)
                value = {**value, "a key is given twice": True}
            except (ValueError, RecursionError):
                pass
        except (ValueError, RecursionError):
            pass
        if isinstance(value, dict):
            yield value, end
        start = text.find("{", end)


def _with_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _RepeatedKeyError
    return value
