"""One cold start in a new interpreter: reads its task as JSON from stdin, writes the times as JSON to stdout.

Started without site-packages (`python -I -S`): the path holds the standard library, what Lambda unpacks for the
function, and boto3 with what it needs, as in Lambda's own runtime.
"""

import importlib
import json
import os
import sys
import time


class Context:
    """The part of Lambda's context that the handlers use."""

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def main() -> None:
    """Measure from the first import to the end of the first invocation."""
    task = json.load(sys.stdin)
    sys.path[:0] = task["path"]
    os.environ |= task["environment"]
    # Lambda's file system is read-only: files without bytecode are compiled at every cold start.
    sys.dont_write_bytecode = True
    output, sys.stdout = sys.stdout, sys.stderr
    cpu, wall = time.process_time(), time.perf_counter()
    if task["function"]:
        importlib.import_module("handler").handler(task["event"], Context())
    else:
        importlib.import_module("boto3").client("dynamodb")
    times = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    json.dump(times, output)


if __name__ == "__main__":
    main()
