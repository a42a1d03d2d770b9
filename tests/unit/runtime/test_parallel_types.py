"""Types that several threads use first at the same time: msgspec crashes unless they are prepared."""

from __future__ import annotations

import subprocess
import sys

_THREADS = """
import sys, threading, msgspec
sys.path.insert(0, "python")
from sesmail_layer.runtime.parallel import prepare_types
sys.setswitchinterval(1e-7)
for number in range(60):
    inner = msgspec.defstruct("Inner", [("key", str), ("at", str)])
    kind = msgspec.defstruct(f"Kind{number}", [("id", str), ("status", str), ("history", list[inner])])
    prepare_types(kind)
    barrier = threading.Barrier(8)
    def convert():
        barrier.wait()
        msgspec.convert({"id": "a", "status": "b", "history": [{"key": "c", "at": "d"}]}, kind)
    threads = [threading.Thread(target=convert) for _ in range(8)]
    [each.start() for each in threads], [each.join() for each in threads]
"""


def test_threads_may_be_the_first_to_use_a_prepared_type() -> None:
    assert subprocess.run([sys.executable, "-c", _THREADS], capture_output=True, check=False).returncode == 0
