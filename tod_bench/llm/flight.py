"""Coroutines run from synchronous code: an event loop in a thread of its own, with results coming back through a queue.

The caller's thread reads the requests and yields the results, so that generators and notebooks (which have a running
loop already) work as they do without concurrency.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

Label = TypeVar("Label")
Result = TypeVar("Result")


class TaskPool(Generic[Label, Result]):
    """A set of coroutines under way; a context manager that cancels what is left when it ends.

    Args:
        at_end: Awaited on the loop when all is over, to close what the coroutines shared.

    Attributes:
        aloft: How many have been launched and not yet landed.
        called_off: Whether `call_off` was called: nothing should be begun any more.
    """

    def __init__(self, at_end: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._at_end = at_end
        self.aloft = 0
        self.called_off = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tod-bench-llm", daemon=True)
        self._landed: queue.SimpleQueue[tuple[Label, asyncio.Task[Result]]] = queue.SimpleQueue()
        self._tasks: set[asyncio.Task[Result]] = set()
        self._uninterruptible: set[asyncio.Task[Any]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._at_end()

    def launch(self, label: Label, work: Coroutine[Any, Any, Result]) -> None:
        """Starts a coroutine; `land` gives its label and task back once it is done."""
        self.aloft += 1
        self._loop.call_soon_threadsafe(self._launch, label, work)

    def _launch(self, label: Label, work: Coroutine[Any, Any, Result]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._land(label, done))

    def _land(self, label: Label, task: asyncio.Task[Result]) -> None:
        self._tasks.discard(task)
        self._uninterruptible.discard(task)
        self._landed.put((label, task))

    def land(self) -> tuple[Label, asyncio.Task[Result]]:
        """Waits for the next one to finish; its task is done, failed or cancelled."""
        landed = self._landed.get()
        self.aloft -= 1
        return landed

    def has_landed(self) -> bool:
        """Whether `land` would return at once."""
        return not self._landed.empty()

    def hold_course(self, on: bool) -> None:
        """Called by a coroutine about itself: whether `call_off` must let it go on (its request has been sent)."""
        task = asyncio.current_task()
        if task is not None:
            (self._uninterruptible.add if on else self._uninterruptible.discard)(task)

    def call_off(self) -> None:
        """Cancels every coroutine that has nothing to lose: those that wait for their turn."""
        self.called_off = True
        self._loop.call_soon_threadsafe(self._call_off)

    def _call_off(self) -> None:
        for task in self._tasks - self._uninterruptible:
            task.cancel()
