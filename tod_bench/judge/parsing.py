"""Reading verdicts strictly: the last complete verdict of an answer, with offered values only, or the reason why not.

A verdict is a JSON object with exactly the keys that were asked for and the ask's check word. Where the last object
with the word holds a value that was not offered (3.5 or 10 on a scale of four), or cannot be read as JSON (a trailing
comma, a line break in a string), the answer is unreadable: an earlier one is not taken in its place, because the judge
has thought again since.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tod_bench.judge.forms import key_of, offered
from tod_bench.judge.questions import FACTORS, WINNER
from tod_bench.judge.verdicts import Query, Unscored, Verdict


class _RepeatedKeyError(ValueError):
    pass


def parse_verdict(text: str, ask: Query, check: str, *, certainty: bool = False) -> Verdict | Unscored:
    """Reads the verdict of an answer.

    Args:
        text: The answer.
        ask: What was asked.
        check: The ask's check word.
        certainty: Whether a certainty was asked for.

    Returns:
        The verdict, or `Unscored` with reason ``unreadable``.
    """
    last, rest = None, text
    for candidate, end in _objects(text):
        if candidate.get("check") == check:
            last, rest = candidate, text[end:]
    if last is None:
        return Unscored("unreadable", "no JSON object with the check word")
    if "{" in rest[: max(0, rest.rfind(check))]:
        return Unscored("unreadable", "the last object with the check word is no valid JSON of the form asked for")
    expected = {"check", "reason", *map(key_of, ask.questions)}
    expected |= ({"factors"} if WINNER in ask.questions else set()) | ({"certainty"} if certainty else set())
    if set(last) != expected:
        odd = sorted(set(last) ^ expected)
        return Unscored("unreadable", f"missing or unknown keys: {', '.join(odd)}")
    return _verdict(last, ask.questions, certainty)


def _verdict(found: dict[str, Any], questions: Sequence[str], certainty: bool) -> Verdict | Unscored:
    values: dict[str, int | str] = {}
    for question in questions:
        given = found[key_of(question)]
        value = _offered_value(given, offered(question))
        if value is None:
            return Unscored("unreadable", f"{key_of(question)}: {_shown(given)} was not offered")
        values[question] = value
    factors = found.get("factors", [])
    if not isinstance(factors, list) or any(factor not in FACTORS for factor in factors):
        return Unscored("unreadable", f"factors: {_shown(factors)} was not offered")
    stated = _offered_value(found["certainty"], range(101)) if certainty else None
    if certainty and stated is None:
        return Unscored("unreadable", f"certainty: {_shown(found['certainty'])} is no whole number from 0 to 100")
    return Verdict(values, str(found["reason"]), tuple(dict.fromkeys(factors)), None if stated is None else int(stated))


def _offered_value(given: Any, values: Sequence[int | str]) -> int | str | None:
    """The offered value that a JSON value means: 3, 3.0 and "3" are the same, and so are "Tie" and "tie"."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    word = str(int(given)) if isinstance(given, float) and given.is_integer() else str(given).strip().casefold()
    return next((value for value in values if str(value) == word), None)


def _shown(given: Any) -> str:
    text = json.dumps(given)
    return text if len(text) <= 60 else f"{text[:60]}..."


def json_objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects that stand in a text, in order, outermost ones only; broken ones are passed over."""
    return (value for value, _ in _objects(text))


def _objects(text: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Each object with the place where it ends."""
    decoder = json.JSONDecoder(object_pairs_hook=_unique)
    start = text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except _RepeatedKeyError:
            # The object is there, but says two things; so it must not be passed over for an earlier one.
            value, end = _lenient(text, start)
        except (ValueError, RecursionError):
            value, end = None, start + 1
        if isinstance(value, dict):
            yield value, end
        start = text.find("{", end)


def _lenient(text: str, start: int) -> tuple[Any, int]:
    try:
        value, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start + 1
    return {**value, "a key stands twice": True}, end


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _RepeatedKeyError
    return found
