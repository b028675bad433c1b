"""The files and batches endpoints, as far as they are needed, with errors told in a sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tod_bench.errors import UserError, extra_needed
from tod_bench.llm.failures import KEPT, PermanentError, TransientError, read_error, scrub
from tod_bench.llm.servers import read_key

Result = TypeVar("Result")

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
"""The states that a batch does not leave."""

NAME_FIELD = "tod_bench_chunk"
"""Field of a batch's metadata that holds the chunk's name."""

CREATE_ATTEMPTS = 3


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
            return self._told(lambda: self._api.files.create(file=file, purpose="batch").id)

    def create(self, file_id: str, name: str) -> str:
        """Starts a batch and returns its id.

        The request is not repeated blindly: where its reply is lost, the batch is looked for first, so that the same
        work is not paid for twice.
        """
        for _ in range(CREATE_ATTEMPTS - 1):
            try:
                return self._create_once(file_id, name)
            except _LostReplyError:
                found = self.find(name)
            if found is not None:
                return found
        return self._create_once(file_id, name)

    def _create_once(self, file_id: str, name: str) -> str:
        batches = self._api.with_options(max_retries=0).batches
        batch = self._told(
            lambda: batches.create(
                input_file_id=file_id,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                metadata={NAME_FIELD: name},
            )
        )
        return batch.id

    def find(self, name: str) -> str | None:
        """The id of the batch with a chunk's name; None where there is none, or only one that failed unrun."""

        def search() -> str | None:
            for batch in self._api.batches.list(limit=100):
                if (batch.metadata or {}).get(NAME_FIELD) == name and batch.status != "failed":
                    return batch.id
            return None

        return self._told(search)

    def view(self, batch_id: str) -> BatchView:
        """The state of a batch."""
        batch = self._told(lambda: self._api.batches.retrieve(batch_id))
        counts, errors = batch.request_counts, (batch.errors.data if batch.errors else None) or []
        return BatchView(
            batch.id,
            batch.status,
            counts.completed + counts.failed if counts else 0,
            counts.total if counts else 0,
            tuple(name for name in (batch.output_file_id, batch.error_file_id) if name),
            tuple((error.code or "", scrub(error.message or "", self.key)) for error in errors),
        )

    def download(self, file_id: str, path: Path) -> None:
        """Writes the content of a file of the server to disk."""

        def fetch() -> None:
            with self._api.files.with_streaming_response.content(file_id) as reply:
                reply.stream_to_file(path)

        self._told(fetch)

    def close(self) -> None:
        """Closes the connections."""
        self._api.close()

    def _told(self, call: Callable[[], Result]) -> Result:
        """The call's result; an error of the package becomes a sentence, and nothing holds on to its headers."""
        import openai

        try:
            return call()
        except openai.APIError as error:
            failed = error
        raise self._sentence(failed)

    def _sentence(self, error: Any) -> UserError:
        import openai

        if isinstance(error, openai.APIStatusError):
            meaning = read_error(
                error.status_code,
                error.body,
                url=self._url,
                model="(a batch)",
                key_variable=self._key_variable,
                key=self.key,
            )
            if isinstance(meaning, PermanentError):
                return meaning
            detail = meaning.detail
            kind: type[UserError] = _LostReplyError if isinstance(meaning, TransientError) else UserError
        else:
            detail, kind = scrub(str(error), self.key), _LostReplyError
        return kind(f"{self._url} does not answer about batches ({detail}); the batches go on there; {KEPT}")


class _LostReplyError(UserError):
    """No usable reply; the server may have done what it was asked."""
