"""The lines of a batch's output and error files, and what each means for its request."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tod_bench.llm.adapting import adapted_body
from tod_bench.llm.batch_state import Line
from tod_bench.llm.failures import TOKEN_FIELDS, PermanentError, TransientError, read_error
from tod_bench.llm.records import ChatFailure, Outcome
from tod_bench.llm.wire import MalformedReply, read_completion

FATAL_STATUSES = frozenset({401, 402, 403, 404})
"""Errors of a line that say something about the account or the model, not about the line."""


@dataclass(frozen=True)
class Reading:
    """What a line of a result file says about its request.

    Attributes:
        outcome: The answer or failure; None where it is to be sent again.
        again: The request to send again; None where it has an outcome.
        fatal: An error that concerns every request.
        billed: Whether the request was billed.
    """

    outcome: Outcome | None = None
    again: Line | None = None
    fatal: PermanentError | None = None
    billed: bool = False


def result_lines(text_lines: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """custom_id and record of every line that can be read; one that cannot leaves its request unanswered."""
    for text in text_lines:
        try:
            record = json.loads(text)
            key = str(record["custom_id"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        yield key, record


def is_answer(record: dict[str, Any]) -> bool:
    """Whether a result holds a completion, finished or not: something that was paid for."""
    response = record.get("response")
    if not isinstance(response, dict) or _status(response) != 200:
        return False
    try:
        read_completion(response.get("body"), structured=False)
    except MalformedReply:
        return False
    return True


def _status(response: dict[str, Any]) -> int:
    given = str(response.get("status_code"))
    return int(given) if given.isascii() and given.isdecimal() and len(given) == 3 else 0


def read_line(record: dict[str, Any], line: Line, *, url: str, key_variable: str, key: str) -> Reading:
    """What a result says about its request.

    Args:
        record: A line of the output or error file.
        line: The request.
        url: The server's address, for messages.
        key_variable: Environment variable of the key, for messages.
        key: The key, to be taken out of messages.
    """
    response = record.get("response")
    if not isinstance(response, dict):
        return Reading(again=line)
    status, body = _status(response), response.get("body")
    if status == 200:
        return _read_answer(body, line, key)
    if status == 0:
        return Reading(again=line)
    adapted = adapted_body(line.body, status, body)
    if adapted is not None:
        gone = {name for name in line.body if name not in adapted and name not in TOKEN_FIELDS}
        return Reading(again=replace(line, body=adapted, dropped=tuple(sorted({*line.dropped, *gone}))))
    return _read_failure(status, body, line, (url, key_variable, key))


def _read_failure(status: int, body: Any, line: Line, server: tuple[str, str, str]) -> Reading:
    url, key_variable, key = server
    model = str(line.body.get("model"))
    meaning = read_error(status, body, url=url, model=model, key_variable=key_variable, key=key)
    if isinstance(meaning, TransientError):
        return Reading(again=line)
    if isinstance(meaning, ChatFailure):
        return Reading(outcome=meaning)
    if status in FATAL_STATUSES or status == 429:
        return Reading(fatal=meaning)
    return Reading(outcome=ChatFailure("bad_request", str(meaning)))


def _read_answer(body: Any, line: Line, key: str) -> Reading:
    structured = "response_format" in line.body
    try:
        outcome = read_completion(body, structured=structured, dropped=line.dropped, key=key)
    except MalformedReply:
        return Reading(again=line, billed=True)
    return Reading(outcome=outcome, billed=True)
