"""Requests put aside on disk while a batch runs, so that their number does not matter."""

import json
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from tod_bench.llm.records import ChatRequest, from_json, to_json


class SpillFile:
    """Requests in a temporary file that goes with the process; a context manager."""

    def __enter__(self) -> Self:
        # closed by __exit__, like the spool itself
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, request: ChatRequest) -> None:
        """Puts a request aside."""
        self._file.write(json.dumps(to_json(request), ensure_ascii=False) + "\n")

    def __iter__(self) -> Iterator[ChatRequest]:
        self._file.seek(0)
        for line in self._file:
            yield from_json(json.loads(line))
