"""What was spent, on disk: a budget then holds over several runs, and a kill at any moment forgets nothing.

One SQLite file. A request's greatest price is entered before the request is sent and replaced when the server has
counted. An entry that a killed process left open may have been billed, so it counts as spent.
"""

import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tod_bench.errors import UserError
from tod_bench.llm.records import Usage

BUSY_SECONDS = 60.0
"""How long to wait for another process's write."""

_TABLE = """CREATE TABLE IF NOT EXISTS spending (
    id INTEGER PRIMARY KEY, session TEXT, at REAL, state TEXT, usd REAL, prompt INTEGER, completion INTEGER)"""

_SESSIONS = """
SELECT session, MAX(at), SUM(state = 'spent'), SUM(prompt), SUM(completion),
       CASE WHEN SUM(state = 'spent' AND usd IS NULL) THEN NULL ELSE TOTAL(CASE state WHEN 'spent' THEN usd END) END,
       TOTAL(CASE WHEN state != 'spent' THEN usd END)
FROM spending GROUP BY session ORDER BY MIN(id)"""


class Ledger:
    """The spending of one process, beside that of the processes before it; safe to use from several threads.

    Args:
        path: The file; made where it is missing.

    Attributes:
        session: Name of this process's entries.

    Raises:
        UserError: The file is no ledger, or cannot be opened.
    """

    def __init__(self, path: Path | str) -> None:
        self.path, self.session = Path(path), uuid.uuid4().hex
        self._lock = threading.Lock()
        with self._explained():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute(_TABLE)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise UserError(
                f"the record of spending {self.path} cannot be used ({error}); check the path and the disk's free "
                "space, or move a damaged file away (the budget then starts anew)"
            ) from error

    def _run(self, statement: str, *values: Any) -> sqlite3.Cursor:
        with self._lock, self._explained():
            return self._database.execute(statement, values)

    def before(self) -> float:
        """US dollars that other sessions have spent, or may have."""
        found = self._run("SELECT TOTAL(usd) FROM spending WHERE session != ?", self.session).fetchone()
        return float(found[0])

    def hold(self, usd: float) -> int:
        """Enters the most that a request can cost, before it is sent; returns the entry."""
        cursor = self._run(
            "INSERT INTO spending (session, at, state, usd) VALUES (?, ?, 'held', ?)", self.session, time.time(), usd
        )
        return int(cursor.lastrowid or 0)

    def settle(self, entry: int | None, usd: float | None, usage: Usage) -> None:
        """Replaces an entry by what was billed (dollars: None where the price is not known), or makes one."""
        entry = self.hold(0.0) if entry is None else entry
        self._run(
            "UPDATE spending SET at = ?, state = 'spent', usd = ?, prompt = ?, completion = ? WHERE id = ?",
            *(time.time(), usd, usage.prompt_tokens, usage.completion_tokens, entry),
        )

    def release(self, entry: int | None) -> None:
        """Takes out an entry of a request that was not billed."""
        if entry is not None:
            self._run("DELETE FROM spending WHERE id = ?", entry)

    def write_off(self, entry: int | None, usd: float) -> None:
        """Keeps an entry for good: nobody knows whether the request was billed."""
        entry = self.hold(usd) if entry is None else entry
        self._run("UPDATE spending SET at = ?, state = 'unsure' WHERE id = ?", time.time(), entry)

    def sessions(self) -> list[dict[str, Any]]:
        """What every session has used, in the order in which they began.

        Returns:
            For each its name, the time of its last entry in seconds since 1970, requests that were answered, tokens, US
            dollars (None where a price is not known), and US dollars that may have been billed.
        """
        names = ("session", "until", "requests", "prompt_tokens", "completion_tokens", "usd", "unsure_usd")
        rows = self._run(_SESSIONS).fetchall()
        return [
            {name: 0 if value is None and name != "usd" else value for name, value in zip(names, row, strict=True)}
            for row in rows
        ]
