"""Keeps Python's garbage collector out of functions that make or walk all records of a corpus.

The collector looks for cycles whenever some hundreds of objects were made, now and then through all there are. Records
have no cycles, so it finds nothing, and took most of the time of reading a corpus into a list. Objects without cycles
are freed at once in any case, as Python counts their references.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """A context, or decorator of a function, in which the collector does not run by itself."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
