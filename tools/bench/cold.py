"""Measure import and first invocation of each handler as deployed, against `import boto3` with one client."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from localcloud.engine import Engine
from tools.bench.engine import email_requests, environment, sqs_event
from tools.bench.ratios import Ratio, alternate

FUNCTIONS = {
    "EmailSender": "email_sender",
    "FeedbackProcessor": "feedback_processor",
    "TemplateSeeder": "template_seeder",
}
# The packages in Lambda's Python runtime.
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3")


def unpack(package: Path, folder: Path) -> Path:
    """Unzip the layer and the functions, as Lambda does."""
    for name in ("layer", *FUNCTIONS.values()):
        with zipfile.ZipFile(package / f"{name}.zip") as archive:
            archive.extractall(folder / name)
    return folder


def boto3_alone(folder: Path) -> Path:
    """Make a folder with boto3 and its dependencies, and nothing else of this environment."""
    folder.mkdir()
    for name in RUNTIME:
        tops = {file.parts[0] for file in distribution(name).files or []}
        for top in tops - {"..", "__pycache__"}:
            (folder / top).symlink_to(Path(str(distribution(name).locate_file(top))))
    return folder


def cold_start(path: list[Path], environment: Mapping[str, str], function: str, event: Any) -> dict[str, float]:
    """Return the CPU and wall seconds of one cold start."""
    task = {"path": [str(each) for each in path], "environment": environment, "function": function, "event": event}
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("cold_child.py"))],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    if done.returncode:
        raise RuntimeError(f"{function or 'boto3 alone'} failed:\n{done.stderr[-3000:]}")
    times: dict[str, float] = json.loads(done.stdout)
    return times


def measure(engine: Engine, package: Path, folder: Path, rounds: int) -> list[Ratio]:
    """Compare CPU time: a cold start hardly waits, and other work on the machine affects CPU time less."""
    unpacked, runtime = unpack(package, folder / "unpacked"), boto3_alone(folder / "runtime")
    bare_environment = dict(engine.emulator.environment)

    def bare() -> float:
        return cold_start([runtime], bare_environment, "", None)["cpu"] * 1000

    def cold(function: str) -> Callable[[], float]:
        path = [unpacked / FUNCTIONS[function], unpacked / "layer" / "python", runtime]
        settings = environment(engine, function)

        def run() -> float:
            return cold_start(path, settings, function, first_event(engine, function))["cpu"] * 1000

        return run

    return [
        Ratio(
            key=f"cold_{FUNCTIONS[function]}",
            what=f"import and first invocation of {function}",
            against="`import boto3` and one client",
            unit="ms of CPU",
            target=1.4,
            at_most=True,
            rounds=alternate(rounds, cold(function), bare),
        )
        for function in FUNCTIONS
    ]


def first_event(engine: Engine, function: str) -> Any:
    """Return a batch of one message for a function."""
    if function == "EmailSender":
        return sqs_event(email_requests(1))
    if function == "TemplateSeeder":
        return {}
    email_id = engine.put_email_request(to="reader@example.org")
    record = engine.wait_for_status(email_id, "delivered")
    opened = {
        "eventType": "Open",
        "mail": {
            "messageId": record["sesMessageId"],
            "timestamp": record["sentAt"],
            "destination": [record["toEmail"]],
            "tags": {"emailId": [_tag(email_id)], "attempt": [_tag("1")]},
        },
        "open": {"timestamp": record["deliveredAt"], "ipAddress": "192.0.2.1", "userAgent": "Mozilla/5.0"},
    }
    return {"Records": [{"messageId": "1", "body": json.dumps(opened), "attributes": {}}]}


def _tag(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
