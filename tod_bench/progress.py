"""Progress on stderr: a bar on a terminal, and elsewhere (the log of a batch job) a line a minute.

    with progress("decoding", len(dialogues), unit="dialogues") as shown:
        for dialogue in dialogues:
            ...
            shown.advance()

What runs inside of something else is on the same line: ``table6: 2 of 10 experiments, t5 on plain: training, 9 min;
training: 512 of 1800 steps (28%), 8 min, about 20 min left``. What takes less than a minute writes nothing to a log.
"""

import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

T = TypeVar("T")

SECONDS = 60.0
"""Time between two lines where stderr is no terminal."""


class Progress:
    """Something under way.

    Args:
        what: What it is.
        total: How many steps it has; None where that is not known.
        unit: What a step is, in the plural; may be empty.
    """

    def __init__(self, what: str, total: int | None = None, unit: str = "") -> None:
        self.what, self.total, self.unit = what, total, unit
        self.done, self.doing = 0, ""
        self._began, self._first = time.monotonic(), 0
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def advance(self, steps: int = 1) -> None:
        """Counts steps that were done."""
        self.done += steps
        self._draw()

    def reach(self, done: int) -> None:
        """Says how many steps are done; those before the first call were done before now (a training that goes on)."""
        if not self.done:
            self._first = max(0, done - 1)
        self.done = done
        self._draw()

    def expect(self, total: int) -> None:
        """Says how many steps there are."""
        self.total = total
        self._draw()

    def now(self, doing: str) -> None:
        """Says what is being done."""
        self.doing = doing

    def note(self, text: str) -> None:
        """Writes a line above the bar; nothing where there is no bar."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)

    def __str__(self) -> str:
        """The state in words: what, how much of it is done, since when, and how long it may take."""
        elapsed = time.monotonic() - self._began
        counted = f"{self.done} of {self.total} {self.unit}" if self.total is not None else f"{self.done} {self.unit}"
        parts = [counted.strip()] if self.total is not None or self.done else []
        if self.total and self.done:
            parts[0] += f" ({100 * self.done // self.total}%)"
        parts += [self.doing] if self.doing else []
        parts.append(duration(elapsed))
        if self.total and self._first < self.done < self.total:
            left = elapsed / (self.done - self._first) * (self.total - self.done)
            parts.append(f"about {duration(left)} left")
        return f"{self.what}: {', '.join(parts)}"

    def _draw(self) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self.done, total=self.total)


def duration(seconds: float) -> str:
    """Seconds in words: ``45 s``, ``12 min``, ``3 h 05 min``."""
    minutes = int(seconds // 60)
    if not minutes:
        return f"{int(seconds)} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


@contextmanager
def progress(what: str, total: int | None = None, *, unit: str = "", bar: bool = True) -> Iterator[Progress]:
    """Shows that something is under way, while the block runs.

    Args:
        what: What it is.
        total: How many steps it has; None where that is not known (yet).
        unit: What a step is, in the plural.
        bar: Whether a terminal gets a bar; something that says itself what it does needs none.
    """
    shown = Progress(what, total, unit)
    console = _console()
    if _quiet.depth or _is_helper():
        yield shown
    elif not console.is_terminal:
        with _log.writing(shown):
            yield shown
    elif not bar:
        yield shown
    else:
        with _terminal.drawing(console, shown):
            yield shown


@contextmanager
def quietly(wanted: bool = True) -> Iterator[None]:
    """Shows no progress while the block runs, where that is wanted."""
    _quiet.depth += wanted
    try:
        yield
    finally:
        _quiet.depth -= wanted


def track(parts: Iterable[T], what: str, total: int, *, unit: str = "") -> Iterator[T]:
    """The parts, one after the other, with progress shown."""
    with progress(what, total, unit=unit) as shown:
        for part in parts:
            yield part
            shown.advance()


class _Quiet:
    depth = 0


_quiet = _Quiet()


class _Log:
    """What is under way, the outermost first, and a thread that writes it to stderr from time to time."""

    def __init__(self) -> None:
        self._lock, self._under_way = threading.Lock(), list[Progress]()
        self._ended: threading.Event | None = None

    @contextmanager
    def writing(self, shown: Progress) -> Iterator[None]:
        with self._lock:
            self._under_way.append(shown)
            if self._ended is None:
                self._ended = threading.Event()
                threading.Thread(target=self._write, args=(self._ended,), daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                self._under_way.remove(shown)
                if not self._under_way and self._ended is not None:
                    self._ended.set()
                    self._ended = None

    def _write(self, ended: threading.Event) -> None:
        while not ended.wait(SECONDS):
            line = "; ".join(map(str, list(self._under_way)))
            # A log that cannot be written to (a closed pipe) is no reason to stop the work.
            with suppress(OSError, ValueError, AttributeError):
                sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
                sys.stderr.flush()


_log = _Log()


def _is_helper() -> bool:
    """Whether this is one of several processes of one training, and not the first, which speaks for all."""
    return os.environ.get("RANK", "0") not in ("", "0")


def _console() -> "Console":
    from rich.console import Console

    return Console(stderr=True)


class _Terminal:
    """The bars on the terminal: one display, since two would write over one another."""

    def __init__(self) -> None:
        self._bar: Bar | None = None

    @contextmanager
    def drawing(self, console: "Console", shown: Progress) -> Iterator[None]:
        if self._bar is not None:
            with self._task(self._bar, shown):
                yield
            return
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
        bar = Bar(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console, transient=True)
        self._bar = bar
        try:
            with bar, self._task(bar, shown):
                yield
        finally:
            self._bar = None

    @contextmanager
    def _task(self, bar: "Bar", shown: Progress) -> Iterator[None]:
        shown._bar, shown._task = bar, bar.add_task(shown.what, total=shown.total)
        try:
            yield
        finally:
            bar.remove_task(shown._task)
            shown._bar = None


_terminal = _Terminal()
