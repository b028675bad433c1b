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
        running: How many have been started and not yet taken back by `next_done`.
        stopping: Whether `cancel_waiting` was called: nothing should be begun any more.
    """

    def __init__(self, at_end: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._at_end = at_end
        self.running = 0
        self.stopping = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tod-bench-llm", daemon=True)
        self._done: queue.SimpleQueue[tuple[Label, asyncio.Task[Result]]] = queue.SimpleQueue()
        self._tasks: set[asyncio.Task[Result]] = set()
        self._protected: set[asyncio.Task[Any]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async def end() -> None:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._at_end()

        asyncio.run_coroutine_threadsafe(end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def start(self, label: Label, work: Coroutine[Any, Any, Result]) -> None:
        """Starts a coroutine; `next_done` gives its label and task back once it is done."""

        def finish(task: asyncio.Task[Result]) -> None:
            self._tasks.discard(task)
            self._protected.discard(task)
            self._done.put((label, task))

        def begin() -> None:
            task = self._loop.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(finish)

        self.running += 1
        self._loop.call_soon_threadsafe(begin)

    def next_done(self) -> tuple[Label, asyncio.Task[Result]]:
        """Waits for the next one to finish; its task is done, failed or cancelled."""
        finished = self._done.get()
        self.running -= 1
        return finished

    def has_done(self) -> bool:
        """Whether `next_done` would return at once."""
        return not self._done.empty()

    def protect(self, on: bool) -> None:
        """Called by a coroutine about itself: whether `cancel_waiting` lets it go on (its request has been sent)."""
        task = asyncio.current_task()
        if task is not None:
            (self._protected.add if on else self._protected.discard)(task)

    def cancel_waiting(self) -> None:
        """Cancels every coroutine that has nothing to lose: those that wait for their turn."""

        def cancel() -> None:
            for task in self._tasks - self._protected:
                task.cancel()

        self.stopping = True
        self._loop.call_soon_threadsafe(cancel)
