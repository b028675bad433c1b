"""Memory that is free is returned, although something at the heap's end is in use."""

import ctypes
import json
import subprocess
import sys

import pytest

PROGRAM = """
import json
from pathlib import Path
from tod_bench.memory import give_back

class Cycle:
    def __init__(self, block):
        self.block, self.itself = block, self

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

blocks = []
for _ in range(1000):
    blocks.append(Cycle(bytearray(b"1" * 100_000)))
    last = bytearray(b"1" * 1000)
full = resident()
del blocks
before = resident()
give_back()
print(json.dumps([full, before, resident()]))
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library than glibc")
def test_free_pages_are_returned():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    full, before, after = json.loads(done.stdout)
    assert before > full - 20_000_000
    assert after < full - 80_000_000
