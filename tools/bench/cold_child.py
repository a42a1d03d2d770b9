"""One cold start in a new interpreter: reads its task as JSON from stdin, writes the times as JSON to stdout.

Started without site-packages (`python -I -S`): the path holds the standard library, what Lambda unpacks for the
function, and boto3 with what it needs, as in Lambda's own runtime.
"""

import base64
import importlib
import json
import os
import sys
import time
from typing import Any


class Context:
    """The part of Lambda's context that the handlers use."""

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def run_function(event: Any) -> None:
    """Import a function and call it once."""
    importlib.import_module("handler").handler(event, Context())


def run_boto3(calls: Any) -> None:
    """Import boto3, create the clients of the calls and make them; without calls, create one client."""
    boto3 = importlib.import_module("boto3")
    errors = importlib.import_module("botocore.exceptions")
    clients: dict[str, Any] = {} if calls else {"dynamodb": boto3.client("dynamodb")}
    for service, operation, params in calls:
        if service not in clients:
            clients[service] = boto3.client(service)
        try:
            answer = getattr(clients[service], operation)(**params)
            if "Body" in answer:
                answer["Body"].read()
        except errors.ClientError:
            pass  # A condition that was true only in the function's own call.


def record(event: Any) -> list[Any]:
    """Return the calls of a function's first invocation."""
    botocore = importlib.import_module("botocore")
    calls: list[Any] = []

    def note(params: Any, model: Any, **_: Any) -> None:
        calls.append((model.service_model.service_name, botocore.xform_name(model.name), dict(params)))

    session = importlib.import_module("sesmail_layer.aws.clients").session()
    session.register("before-parameter-build.*.*", note)
    run_function(event)
    return calls


def main() -> None:
    """Measure from the first import to the end of the first invocation."""
    task = json.load(sys.stdin, object_hook=_bytes)
    sys.path[:0] = task["path"]
    os.environ |= task["environment"]
    # Lambda's file system is read-only: files without bytecode are compiled at every cold start.
    sys.dont_write_bytecode = True
    output, sys.stdout = sys.stdout, sys.stderr
    runs: dict[str, Any] = {"function": run_function, "boto3": run_boto3, "record": record}
    cpu, wall = time.process_time(), time.perf_counter()
    calls = runs[task["run"]](task["given"])
    times = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    json.dump({**times, "modules": len(sys.modules), "calls": calls}, output, default=_marked)


def _bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["base64"]) if value.keys() == {"base64"} else value


def _marked(value: Any) -> dict[str, str]:
    return {"base64": base64.b64encode(bytes(value)).decode()}


if __name__ == "__main__":
    main()
