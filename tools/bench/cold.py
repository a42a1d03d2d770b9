"""Measure import and first invocation of each handler as deployed, against boto3."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, NamedTuple

from localcloud.engine import Engine
from tools.bench.engine import email_requests, environment, sqs_event
from tools.bench.ratios import Ratio, interleave

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


class ColdStart(NamedTuple):
    """What a new interpreter does: `function` or `record` with an event, or `boto3` with calls."""

    path: Sequence[Path]
    environment: Mapping[str, str]
    run: str
    given: Any

    def __call__(self) -> Any:
        """Run it; return what cold_child.py measured."""
        task = self._asdict() | {"path": [str(each) for each in self.path]}
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("cold_child.py"))],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"]},
        )
        if done.returncode:
            raise RuntimeError(f"{self.run} failed:\n{done.stderr[-3000:]}")
        return json.loads(done.stdout)

    def cpu_ms(self) -> float:
        """Return the CPU time: a cold start hardly waits, and other work on the machine affects CPU time less."""
        cpu: float = self()["cpu"]
        return cpu * 1000


def measure(engine: Engine, package: Path, folder: Path, rounds: int) -> list[Ratio]:
    """Compare each function with boto3 and one client, and with boto3, the same clients and the same first calls."""
    unpacked, runtime = unpack(package, folder / "unpacked"), boto3_alone(folder / "runtime")
    ratios = []
    for function, name in FUNCTIONS.items():
        path, settings = [unpacked / name, unpacked / "layer" / "python", runtime], environment(engine, function)
        calls = ColdStart(path, settings, "record", first_event(engine, function))()["calls"]

        def ours(function: str = function, path: list[Path] = path, settings: dict[str, str] = settings) -> float:
            return ColdStart(path, settings, "function", first_event(engine, function)).cpu_ms()

        bare = ColdStart([runtime], settings, "boto3", []).cpu_ms
        same = ColdStart([runtime], settings, "boto3", calls).cpu_ms
        found = interleave(rounds, ours, bare, same)
        ratios += [
            _ratio(f"cold_{name}", function, "`import boto3` and one client", 1.5, [each[:2] for each in found]),
            _ratio(f"same_{name}", function, "boto3, the same clients and calls", 1.25, [each[::2] for each in found]),
        ]
    return ratios


def _ratio(key: str, function: str, against: str, target: float, rounds: Sequence[tuple[float, ...]]) -> Ratio:
    return Ratio(
        key=key,
        what=f"import and first invocation of {function}",
        against=against,
        unit="ms of CPU",
        target=target,
        at_most=True,
        rounds=[(ours, other) for ours, other in rounds],
    )


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
