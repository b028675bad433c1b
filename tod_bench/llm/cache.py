"""The store of finished answers: what was paid for once is never asked again.

One SQLite file in write-ahead mode. It was chosen over JSON lines because a kill at any moment leaves it whole, two
processes can write to it at once, and a look-up among 100,000 answers reads one row instead of loading an index.
Finished answers are one table. What the model or the server said instead of an answer (a refusal, a cut or empty
answer, a rejection) is another: it decided what was asked next, so a replay needs it; only refusals and cut answers,
which were paid for and would come again, also spare a request. Prompts are not stored, so that a cache can be shared
without the corpus: an entry holds the key, the model asked for, and the answer with its provenance. A third table holds
the nonces of prompts that carry one, without which their keys could not be made again. Each entry carries a digest; one
that does not match is damaged and counts as absent. `export` writes JSON lines for sharing.
"""

import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tod_bench.errors import DataError, UserError
from tod_bench.files import atomic_writer, digest_of
from tod_bench.llm.records import (
    ChatAnswer,
    Outcome,
    answer_from_json,
    failure_from_json,
)

TABLES = ("answers", "failures", "nonces")
"""The tables: key, record as JSON, and the digest of both."""

PASSING = frozenset({"transient", "malformed", "missing"})
"""Failures that say nothing about the request: they are not kept."""

SPARING = frozenset({"refusal", "length"})
"""Failures that are the model's own and were paid for: they are not paid for again."""

BUSY_SECONDS = 60.0
"""How long to wait for another process's write (each takes about a tenth of a millisecond)."""

Read = TypeVar("Read")

_log = logging.getLogger(__name__)


class AnswerCache:
    """Finished answers by request key, in one file that several processes may share.

    Args:
        path: The file; made where it is missing. A file ending in ``.jsonl`` (an export) is opened for reading.

    Attributes:
        damaged: Entries met so far whose digest did not match.

    Raises:
        UserError: The file is no cache, or cannot be opened.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.damaged = 0
        self._lock = threading.Lock()
        exported = self.path.suffix == ".jsonl"
        if exported and not self.path.exists():
            raise UserError(f"{self.path} does not exist; name a cache or one of its exports")
        with self._explained():
            self._database = self._opened("" if exported else str(self.path))
        if exported:
            self.add_export(self.path)

    def _opened(self, name: str) -> sqlite3.Connection:
        if name:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(name, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA journal_mode=WAL")
        # NORMAL survives any kill of the process; waiting for the disk at every answer would cost milliseconds each, to
        # save the last few answers from a loss of power (which leaves the file whole either way)
        database.execute("PRAGMA synchronous=NORMAL" if name else "PRAGMA synchronous=OFF")
        for table in TABLES:
            database.execute(f"CREATE TABLE IF NOT EXISTS {table} (key TEXT PRIMARY KEY, record TEXT, digest TEXT)")
        return database

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            problem = f"the answer cache {self.path} cannot be used ({error}); check the path, the disk's free space "
            raise UserError(
                problem + "and that it is a cache of tod-bench; a damaged file can be moved away"
            ) from error

    def get(self, key: str) -> ChatAnswer | None:
        """The answer under a key, marked as cached; None where there is none or it is damaged."""
        return self._read("answers", key, lambda record: answer_from_json(record["answer"], cached=True))

    def outcome(self, key: str, *, replay: bool = False) -> Outcome | None:
        """What spares the request of a key: its answer, or a failure that was the model's own; None for neither.

        Args:
            key: The request's key.
            replay: Whether any failure counts that the request is known to have ended with.
        """
        answer = self.get(key)
        if answer is not None:
            return answer
        failure = self._read("failures", key, lambda record: failure_from_json(record["failure"]))
        return failure if failure is not None and (replay or failure.reason in SPARING) else None

    def nonce(self, key: str) -> str | None:
        """The nonce that a prompt was given; None where it has none yet."""
        return self._read("nonces", key, lambda record: str(record["nonce"]))

    def _read(self, table: str, key: str, read: Callable[[dict[str, Any]], Read]) -> Read | None:
        with self._lock, self._explained():
            row = self._database.execute(f"SELECT record, digest FROM {table} WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        try:
            return read(_verified(key, row[0], row[1]))
        except (ValueError, KeyError, TypeError):
            self.damaged += 1
            _log.warning("%s: the entry %s is damaged and counts as absent", self.path, key)
            return None

    def put(self, key: str, answer: ChatAnswer, *, asked: str, repeat: int = 0) -> None:
        """Stores a finished answer; on return it survives a kill of the process.

        Args:
            key: The request's key.
            answer: The answer.
            asked: The model asked for (the answer holds the one that the server says it used).
            repeat: The request's repeat.
        """
        self._put("answers", key, {"asked": asked, "repeat": repeat, "answer": asdict(answer)})

    def keep(self, key: str, outcome: Outcome, *, asked: str, repeat: int = 0) -> None:
        """Stores an answer, or a failure that decides what is asked next; failures that may pass are left out."""
        if isinstance(outcome, ChatAnswer):
            self.put(key, outcome, asked=asked, repeat=repeat)
        elif outcome.reason not in PASSING:
            self._put("failures", key, {"asked": asked, "repeat": repeat, "failure": asdict(outcome)})

    def put_nonce(self, key: str, nonce: str) -> str:
        """Stores the nonce of a prompt, unless another process was first; returns the one that holds."""
        self._put("nonces", key, {"nonce": nonce}, replace=False)
        return self.nonce(key) or nonce

    def _put(self, table: str, key: str, record: dict[str, Any], *, replace: bool = True) -> None:
        text = json.dumps(record, ensure_ascii=False, sort_keys=True)
        with self._lock, self._explained():
            self._insert(table, key, text, digest_of([key, text]), replace=replace)

    def _insert(self, table: str, key: str, text: str, digest: str, *, replace: bool = True) -> None:
        clash = "REPLACE" if replace else "IGNORE"
        self._database.execute(f"INSERT OR {clash} INTO {table} VALUES (?, ?, ?)", (key, text, digest))

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def __len__(self) -> int:
        with self._lock, self._explained():
            return int(self._database.execute("SELECT COUNT(*) FROM answers").fetchone()[0])

    def export(self, path: Path) -> int:
        """Writes every sound entry to a JSON lines file, ordered by key; returns how many there were."""
        written = 0
        with self._lock, self._explained(), atomic_writer(path) as file:
            for table in TABLES:
                for key, text, digest in self._database.execute(
                    f"SELECT key, record, digest FROM {table} ORDER BY key"
                ):
                    try:
                        record = _verified(key, text, digest)
                    except ValueError:
                        self.damaged += 1
                        continue
                    file.write(json.dumps({"key": key, **record, "digest": digest}, ensure_ascii=False) + "\n")
                    written += 1
        return written

    def add_export(self, path: Path) -> int:
        """Takes in the entries of an export; returns how many there were.

        Raises:
            DataError: A line is damaged; nothing of the file is taken in.
        """
        with self._lock, self._explained(), path.open(encoding="utf-8") as file:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                number = 0
                for number, line in enumerate(file, 1):
                    self._insert(*_exported(line, f"{path}, line {number}"))
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
            return number

    def close(self) -> None:
        """Closes the file; with the last process that has it open, the write-ahead log is folded in."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _verified(key: str, text: str, digest: str) -> dict[str, Any]:
    if digest_of([key, text]) != digest:
        raise ValueError("the digest does not match")
    record: dict[str, Any] = json.loads(text)
    return record


def _exported(line: str, source: str) -> tuple[str, str, str, str]:
    try:
        record = json.loads(line)
        key, digest = record.pop("key"), record.pop("digest")
        text = json.dumps(record, ensure_ascii=False, sort_keys=True)
        _verified(key, text, digest)
        table = next(table for table in TABLES if table.removesuffix("s") in record)
    except (ValueError, KeyError, AttributeError, TypeError, StopIteration) as error:
        raise DataError("this entry is damaged; export the cache again", file=source) from error
    return table, key, text, digest
