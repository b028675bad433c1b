"""The server's side of batches: its files and batches endpoints, and what the lines of its result files mean."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from tod_bench.errors import UserError, extra_needed
from tod_bench.llm.api_format import MalformedReply, read_completion
from tod_bench.llm.batch_state import Line
from tod_bench.llm.capabilities import SCHEMA_FIELD, body_after_rejection
from tod_bench.llm.failures import KEPT, TOKEN_FIELDS, PermanentError, TransientError, read_error, redact
from tod_bench.llm.records import ChatFailure, Outcome
from tod_bench.llm.servers import read_key

Result = TypeVar("Result")

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
"""The states that a batch does not leave."""

NAME_FIELD = "tod_bench_chunk"
"""Field of a batch's metadata that holds the chunk's name."""

CREATE_ATTEMPTS = 3

FATAL_STATUSES = frozenset({401, 402, 403, 404, 429})
"""Errors of a line that say something about the account or the model, not about the line, unless they may pass."""


@dataclass(frozen=True)
class BatchView:
    """A batch as the server shows it.

    Attributes:
        id: Its id.
        status: Its state.
        done: Requests finished, well or badly.
        total: Requests in it.
        files: Ids of its output and error files, as far as there are any.
        problems: Code and message of each error of a failed batch.
    """

    id: str
    status: str
    done: int
    total: int
    files: tuple[str, ...]
    problems: tuple[tuple[str, str], ...]


class BatchServer:
    """The server's files and batches.

    Args:
        base_url: Its address.
        key_variable: Environment variable that holds the key.
        retries: How often the openai package repeats a request that may be repeated.
    """

    def __init__(self, base_url: str, key_variable: str, retries: int = 5) -> None:
        with extra_needed("judge", "asking a model"):
            import openai

        self._url, self._key_variable = base_url, key_variable
        self.key = read_key(key_variable, base_url)
        self._api = openai.OpenAI(api_key=self.key, base_url=base_url, max_retries=retries)

    def upload(self, path: Path) -> str:
        """Uploads an input file and returns its id."""
        with path.open("rb") as file:
            return self._explained(lambda: self._api.files.create(file=file, purpose="batch").id)

    def create(self, file_id: str, name: str) -> str:
        """Starts a batch and returns its id.

        The request is not repeated blindly: where its reply is lost, the batch is looked for first, so that the same
        work is not paid for twice.
        """
        batches = self._api.with_options(max_retries=0).batches

        def create_once() -> str:
            batch = batches.create(
                input_file_id=file_id,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                metadata={NAME_FIELD: name},
            )
            return batch.id

        for _ in range(CREATE_ATTEMPTS - 1):
            try:
                return self._explained(create_once)
            except _LostReplyError:
                batch_id = self.find(name)
            if batch_id is not None:
                return batch_id
        return self._explained(create_once)

    def find(self, name: str) -> str | None:
        """The id of the batch with a chunk's name; None where there is none, or only one that failed unrun."""

        def search() -> str | None:
            for batch in self._api.batches.list(limit=100):
                if (batch.metadata or {}).get(NAME_FIELD) == name and batch.status != "failed":
                    return batch.id
            return None

        return self._explained(search)

    def view(self, batch_id: str) -> BatchView:
        """The state of a batch."""
        batch = self._explained(lambda: self._api.batches.retrieve(batch_id))
        counts, errors = batch.request_counts, (batch.errors.data if batch.errors else None) or []
        return BatchView(
            batch.id,
            batch.status,
            counts.completed + counts.failed if counts else 0,
            counts.total if counts else 0,
            tuple(name for name in (batch.output_file_id, batch.error_file_id) if name),
            tuple((error.code or "", redact(error.message or "", self.key)) for error in errors),
        )

    def download(self, file_id: str, path: Path) -> None:
        """Writes the content of a file of the server to disk."""

        def fetch() -> None:
            with self._api.files.with_streaming_response.content(file_id) as reply:
                reply.stream_to_file(path)

        self._explained(fetch)

    def close(self) -> None:
        """Closes the connections."""
        self._api.close()

    def meaning(self, status: int, body: Any, model: str) -> PermanentError | TransientError | ChatFailure:
        """What an error of this server means; see `tod_bench.llm.failures.read_error`."""
        return read_error(status, body, url=self._url, model=model, key_variable=self._key_variable, key=self.key)

    def _explained(self, call: Callable[[], Result]) -> Result:
        """The call's result; an error of the package becomes a sentence, and nothing holds on to its headers."""
        import openai

        try:
            return call()
        except openai.APIError as error:
            failed = error
        kind: type[UserError] = _LostReplyError
        if isinstance(failed, openai.APIStatusError):
            meaning = self.meaning(failed.status_code, failed.body, "(a batch)")
            if isinstance(meaning, PermanentError):
                raise meaning
            detail = meaning.detail
            kind = _LostReplyError if isinstance(meaning, TransientError) else UserError
        else:
            detail = redact(str(failed), self.key)
        raise kind(f"{self._url} does not answer about batches ({detail}); the batches go on there; {KEPT}")


class _LostReplyError(UserError):
    """No usable reply; the server may have done what it was asked."""


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


def is_answer(record: Mapping[str, Any]) -> bool:
    """Whether a result holds a completion, finished or not: something that was paid for."""
    status, body = _response(record)
    try:
        return status == 200 and read_completion(body, structured=False) is not None
    except MalformedReply:
        return False


def _response(record: Mapping[str, Any]) -> tuple[int, Any]:
    """The HTTP status and body of a result; 0 where it has none."""
    response = record.get("response")
    if not isinstance(response, dict):
        return 0, None
    status = str(response.get("status_code"))
    return int(status) if status.isascii() and status.isdecimal() and len(status) == 3 else 0, response.get("body")


def read_result(record: Mapping[str, Any], line: Line, server: BatchServer) -> Reading:
    """What a line of the output or error file says about its request."""
    status, body = _response(record)
    if status == 0:
        return Reading(again=line)
    if status == 200:
        try:
            outcome = read_completion(
                body,
                structured=SCHEMA_FIELD in line.body,
                dropped=line.dropped,
                key=server.key,
                tools="tools" in line.body,
            )
        except MalformedReply:
            return Reading(again=line, billed=True)
        return Reading(outcome=outcome, billed=True)
    changed = body_after_rejection(line.body, status, body)
    if changed is not None:
        gone = {name for name in line.body if name not in changed and name not in TOKEN_FIELDS}
        return Reading(again=replace(line, body=changed, dropped=tuple(sorted({*line.dropped, *gone}))))
    return _read_error(status, body, line, server)


def _read_error(status: int, body: Any, line: Line, server: BatchServer) -> Reading:
    meaning = server.meaning(status, body, str(line.body.get("model")))
    if isinstance(meaning, TransientError):
        return Reading(again=line)
    if isinstance(meaning, ChatFailure):
        return Reading(outcome=meaning)
    if status in FATAL_STATUSES:
        return Reading(fatal=meaning)
    return Reading(outcome=ChatFailure("bad_request", str(meaning)))
