"""A limit on the time that an agent takes for a reply, whatever it does with it."""

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Self


class Hang(BaseException):
    """The time is over; no `Exception`, so that an agent that catches those does not catch it."""


class Watch:
    """Watches the replies of an episode; use it in a ``with`` block.

    Only in a process's main thread, and where the system has timers: elsewhere a reply takes as long as it takes. The
    timer is set once, and set again only when it rings too early, since system calls would be most of a fast episode.

    Args:
        seconds: The limit of a reply; None for none.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds or 0.0
        self._began: float | None = None
        main = threading.current_thread() is threading.main_thread()
        self._works = seconds is not None and main and hasattr(signal, "setitimer")

    def __enter__(self) -> Self:
        if self._works:
            self._before = signal.signal(signal.SIGALRM, self._ring)
            signal.setitimer(signal.ITIMER_REAL, self._seconds)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._works:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)

    def begin(self) -> None:
        """Says that the agent has been asked; it raises `Hang` there when the agent takes too long."""
        self._began = time.monotonic()

    def end(self) -> None:
        """Says that the agent has replied."""
        self._began = None

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        waited = 0.0 if self._began is None else time.monotonic() - self._began
        if waited >= self._seconds:
            self._began = None
            raise Hang
        signal.setitimer(signal.ITIMER_REAL, max(self._seconds - waited, 0.001))
