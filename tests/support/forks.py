"""Processes that a test starts and kills again and again, forked from one that has imported what they need.

Importing takes a command several times as long as what such a test has it do; a fork starts at once.
"""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Self

PARENT = """
import json, os, sys
exec(sys.argv[1])
child = 0
for line in sys.stdin:
    if child:
        os.waitpid(child, 0)
    child = os.fork()
    if not child:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        run(*json.loads(line))
        sys.exit()
    print(child, flush=True)
    # It is told how the child ended, and yet nobody else is given its number until the next is started.
    ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    print(ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status, flush=True)
"""


class Forks:
    """A process that imports, and its forks, one at a time.

    Args:
        code: Imports, and ``run``, a function that each fork calls with the strings that it is started with; it may not
            start a thread before.
        environment: What all of them have in their environment beside that of the test; they import from where it does.
    """

    def __init__(self, code: str, environment: Mapping[str, str] | None = None) -> None:
        # Without buffers, so that `select` knows of every line that has not been read.
        self.parent = subprocess.Popen(
            [sys.executable, "-c", PARENT, code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **(environment or {})},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self.parent.stdin, self.parent.stdout):
            assert pipe is not None
            pipe.close()
        self.parent.wait(timeout=60)

    def start(self, *arguments: object) -> None:
        """Starts the next fork; the one before has to have ended."""
        assert self.parent.stdin is not None
        self.parent.stdin.write(json.dumps([str(one) for one in arguments]).encode() + b"\n")
        self.number = self._line()

    def is_running(self) -> bool:
        return not select.select([self.parent.stdout], [], [], 0)[0]

    def wait(self) -> int:
        """Waits for its end: the exit status, or a signal's negative number."""
        return self._line()

    def kill(self) -> int:
        """Kills it where it is, and returns how it ended, as `wait` does."""
        os.kill(self.number, signal.SIGKILL)
        return self.wait()

    def _line(self) -> int:
        assert self.parent.stdout is not None
        line = self.parent.stdout.readline()
        assert line, "the process that forks has ended"
        return int(line)
