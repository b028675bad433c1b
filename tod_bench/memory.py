"""Gives memory back to the machine that a training has freed.

The C library serves tensors of up to 32 MB from its heap and returns only what lies at the heap's end, so that a
process keeps gigabytes of gradients and activations of a model that is gone, and other workers lack them.
"""

import ctypes
import gc


def give_back() -> None:
    """Collects what only cycles hold, and returns free pages of glibc's heap; other C libraries stay as they are."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
