"""One cold start, in a fresh interpreter: what is asked comes as JSON on stdin, the times go out as JSON on stdout.

Started without site-packages (`python -I -S`): the path holds the standard library, what Lambda unpacks for the
function, and boto3 with what it needs, as in Lambda's own runtime.
"""

import importlib
import json
import os
import sys
import time


class Context:
    """As much of Lambda's context as the handlers use."""

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def main() -> None:
    """Measures from the first import to the end of the first invocation."""
    asked = json.load(sys.stdin)
    sys.path[:0] = asked["path"]
    os.environ |= asked["environment"]
    # Lambda's file system is read-only there: what has no bytecode is compiled at every cold start.
    sys.dont_write_bytecode = True
    output, sys.stdout = sys.stdout, sys.stderr
    cpu, wall = time.process_time(), time.perf_counter()
    if asked["function"]:
        importlib.import_module("handler").handler(asked["event"], Context())
    else:
        importlib.import_module("boto3").client("dynamodb")
    times = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    json.dump(times, output)


if __name__ == "__main__":
    main()
