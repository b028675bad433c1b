"""What a client may spend, what is held for requests under way, and what was spent; on disk where a file is named.

A request's greatest possible price is held before it is sent and settled when the server has counted, so that the
budget holds whatever the model writes and however many requests are under way. A request whose reply was lost may have
been billed: its hold is written off, that is, it stays taken. On disk, a hold is entered before the request is sent, so
that a kill at any moment forgets nothing: an entry that a killed process left open counts as spent.
"""

import math
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tod_bench.errors import UserError
from tod_bench.llm.estimates import bound_tokens
from tod_bench.llm.failures import KEPT, BudgetReached
from tod_bench.llm.prices import Price, load_prices
from tod_bench.llm.records import ChatRequest, Spending, Usage

ROUNDING = 1e-12
"""US dollars by which sums of prices may differ from the limit without being over it."""

BUSY_SECONDS = 60.0
"""How long to wait for another process's write to a file of spending."""

_TABLE = """CREATE TABLE IF NOT EXISTS spending (
    id INTEGER PRIMARY KEY, session TEXT, at REAL, state TEXT, usd REAL, prompt INTEGER, completion INTEGER)"""

_SESSIONS = """
SELECT session, MAX(at), SUM(state = 'spent'), SUM(prompt), SUM(completion),
       CASE WHEN SUM(state = 'spent' AND usd IS NULL) THEN NULL ELSE TOTAL(CASE state WHEN 'spent' THEN usd END) END,
       TOTAL(CASE WHEN state != 'spent' THEN usd END)
FROM spending GROUP BY session ORDER BY MIN(id)"""


class SpendingFile:
    """The spending of one process in an SQLite file, beside that of others, earlier ones or at work; thread-safe.

    Args:
        path: The file; made where it is missing.

    Attributes:
        session: Name of this process's entries.

    Raises:
        UserError: The file holds something else, or cannot be opened.
    """

    def __init__(self, path: Path | str) -> None:
        self.path, self.session = Path(path), uuid.uuid4().hex
        self._lock = threading.Lock()
        self._seen: tuple[int, float] | None = None
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
        row = self._run("SELECT TOTAL(usd) FROM spending WHERE session != ?", self.session).fetchone()
        return float(row[0])

    def hold_within(self, usd: float, left: float) -> int | None:
        """Enters a hold as `hold` does, unless it and what other sessions have spent or hold are more than is left.

        Looking and entering are one transaction, so that processes that do so at a time never hold more together.

        Args:
            usd: The most that the request can cost.
            left: US dollars that this session and the others may still spend together.

        Returns:
            The entry; None where there is too little left.
        """
        with self._lock, self._explained():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                if self._others() + usd > left + ROUNDING:
                    return None
                cursor = self._database.execute(
                    "INSERT INTO spending (session, at, state, usd) VALUES (?, ?, 'held', ?)",
                    (self.session, time.time(), usd),
                )
                return int(cursor.lastrowid or 0)
            finally:
                self._database.execute("COMMIT")

    def _others(self) -> float:
        """What `before` says, read anew only where another process has written since."""
        (version,) = self._database.execute("PRAGMA data_version").fetchone()
        if self._seen is None or self._seen[0] != version:
            query = "SELECT TOTAL(usd) FROM spending WHERE session != ?"
            self._seen = (version, float(self._database.execute(query, (self.session,)).fetchone()[0]))
        return self._seen[1]

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


@dataclass(frozen=True)
class Hold:
    """Money held for one request.

    Attributes:
        usd: How much, in US dollars; 0 where the price is not known.
        price: The model's price; None where not known.
        batch: Whether the Batch API's prices hold.
        entry: Its entry in the file of spending; None where it has none.
    """

    usd: float
    price: Price | None
    batch: bool = False
    entry: int | None = None


class Budget:
    """Holds, settles and counts; thread-safe. Clients that share one share its limit and its counts.

    Args:
        limit: US dollars that may be spent; None for no limit.
        file: Where spending is remembered: the limit is then that of all runs that name this file, killed ones and
            processes at work at the same time included. None remembers nothing beyond this process.
        prices: The user's own price file.

    Attributes:
        file: The file of spending; None where there is none.
        prices: The prices.

    Raises:
        UserError: The file or the price file cannot be read.
    """

    def __init__(self, limit: float | None = None, file: Path | str | None = None, prices: Path | None = None) -> None:
        self.limit, self.prices = limit, load_prices(prices)
        self.file = None if file is None else SpendingFile(file)
        self._lock = threading.Lock()
        self._held = 0.0
        self._spending = Spending()

    def hold(self, request: ChatRequest, base_url: str, *, batch: bool = False) -> Hold | None:
        """Holds what a request can cost at most; None where the budget has not so much left.

        Args:
            request: The request.
            base_url: The server, for models that cost nothing because they run on this machine.
            batch: Whether the Batch API's prices hold.

        Raises:
            UserError: There is a limit and the model's price is not known.
        """
        price = self.prices.of(request.model, base_url)
        if price is None and self.limit is not None:
            problem = f"The price of {request.model!r} is not known, so a budget cannot be kept"
            raise UserError(f"{problem}; add it to a price file (see docs/llm.md) or leave the budget out")
        worst = 0.0
        if price is not None:
            worst = price.cost(Usage(bound_tokens(request, price), request.max_tokens), batch=batch)
        return self.hold_again(Hold(worst, price, batch))

    def hold_again(self, hold: Hold) -> Hold | None:
        """Holds as much as another hold does; None where the budget has not so much left."""
        # A batch is remembered by its folder until it is collected; a request only by its entry in the file.
        file, entry = None if hold.batch else self.file, None
        with self._lock:
            own = self._held + (self._spending.usd or 0.0) + self._spending.unsure_usd
            left = math.inf if self.limit is None else self.limit - own
            if file is not None:
                entry = file.hold_within(hold.usd, left)
                if entry is None:
                    return None
            elif self.spent_elsewhere() + hold.usd > left + ROUNDING:
                return None
            self._held += hold.usd
        return replace(hold, entry=entry)

    def spent_elsewhere(self) -> float:
        """US dollars that earlier runs, and others under way, have spent or hold, as the file of spending has them."""
        return 0.0 if self.file is None else self.file.before()

    def commit(self, hold: Hold) -> None:
        """Holds an amount for something that is under way already, whatever the limit says."""
        with self._lock:
            self._held += hold.usd

    def settle(self, hold: Hold, usage: Usage | None) -> None:
        """Replaces a hold by what the server counted; without a count, the whole hold is taken as spent."""
        counted = usage or Usage(0, 0)
        cost: float | None = hold.usd
        if hold.price is None:
            cost = None
        elif usage is not None:
            cost = hold.price.cost(usage, batch=hold.batch)
        with self._lock:
            self._held -= hold.usd
            before = self._spending
            self._spending = replace(
                before,
                prompt_tokens=before.prompt_tokens + counted.prompt_tokens,
                completion_tokens=before.completion_tokens + counted.completion_tokens,
                usd=None if cost is None or before.usd is None else before.usd + cost,
            )
        if self.file is not None:
            self.file.settle(hold.entry, cost, counted)

    def release(self, hold: Hold) -> None:
        """Frees a hold: the request was not billed."""
        with self._lock:
            self._held -= hold.usd
        if self.file is not None:
            self.file.release(hold.entry)

    def write_off(self, hold: Hold) -> None:
        """Keeps a hold for good: nobody knows whether the request was billed."""
        with self._lock:
            self._held -= hold.usd
            self._spending = replace(self._spending, unsure_usd=self._spending.unsure_usd + hold.usd)
        if self.file is not None:
            self.file.write_off(hold.entry, hold.usd)

    def reached(self) -> BudgetReached:
        """The error to raise where the budget has not enough left for the next request."""
        spending = self.spending()
        message = (
            f"The budget of ${self.limit:.2f} has too little left for the next request: "
            f"${spending.usd or 0.0:.4f} are spent"
        )
        if spending.unsure_usd:
            message += f" and ${spending.unsure_usd:.4f} for requests whose reply was lost"
        before = self.spent_elsewhere()
        if before:
            message += f", and ${before:.4f} by earlier runs or others under way"
        return BudgetReached(f"{message}; {KEPT}, with a higher budget")

    def count(self, **more: int) -> None:
        """Adds to the counters of `Spending`: ``requests``, ``cached``, ``failed``, ``retries``."""
        with self._lock:
            totals = {name: getattr(self._spending, name) + number for name, number in more.items()}
            self._spending = replace(self._spending, **totals)

    def spending(self) -> Spending:
        """What has been used so far."""
        with self._lock:
            return self._spending
