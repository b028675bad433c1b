"""Processes by their numbers."""

import os


def is_running(pid):
    """Whether there is a process of this number, one that has ended and was not collected yet among them."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
