"""A limit on the time that an agent takes, whatever it does with it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Hang(BaseException):
    """The time is over; no `Exception`, so that an agent that catches those does not catch it."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Ends the block when it takes longer than so many seconds.

    Only in a process's main thread, and where the system has timers: elsewhere the block takes as long as it takes.

    Args:
        seconds: The limit.

    Raises:
        Hang: The block took longer.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _ring(_number: int, _frame: FrameType | None) -> None:
    raise Hang
