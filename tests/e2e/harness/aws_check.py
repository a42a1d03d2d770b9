"""`make aws-check` as a process, against an emulated account of its own: the tests' account holds an engine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud.clients import client
from localcloud.emulator import Emulator, start_ministack
from localcloud.paths import BUILD, REPOSITORY
from tools.aws_check.account import Account
from tools.aws_check.inventory import inventory

SENDER = "no-reply@example.com"
FOLDER = BUILD / "aws-check"
APPLIED = "passed  Terraform applies the engine"
NAME = re.compile(r"sesmail-check-[0-9a-f]{8}")


@contextmanager
def account() -> Iterator[Emulator]:
    """An account with a verified sender and nothing else."""
    started = start_ministack()
    try:
        client(started, "sesv2").create_email_identity(EmailIdentity=SENDER)
        yield started
    finally:
        started.stop()


def start(cloud: Emulator, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start the program with settings of the user's kind; an empty one is removed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    settings = {name: value for name, value in (own | cloud.environment | environment).items() if value}
    command = [sys.executable, "-m", "tools.aws_check", *arguments]
    return subprocess.Popen(
        command, cwd=REPOSITORY, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def run(cloud: Emulator, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run it to its end; return exit code and output in one line."""
    process = start(cloud, *arguments, **environment)
    output, _ = process.communicate(timeout=600)
    return process.returncode, " ".join(output.split())


def left(cloud: Emulator, name: str = "sesmail-check-") -> set[str]:
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", cloud.url)
        return inventory(Account(session, "us-east-1"), name)


def wait_until(look: Callable[[], object], process: subprocess.Popen[str], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert process.poll() is None, process.stdout and process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)


@dataclass
class Finished:
    """A run's end: exit code, output, report."""

    code: int
    output: str
    folder: Path
    report: Mapping[str, Any]

    def outcomes(self, outcome: str) -> set[str]:
        return {check["name"] for check in self.report["checks"] if check["outcome"] == outcome}

    def check(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = next(check for check in self.report["checks"] if check["name"] == name)
        return found


def run_whole(
    cloud: Emulator, package: Path, patience: int, meanwhile: Callable[[str], None] | None = None
) -> Finished:
    """Run everything; call `meanwhile` with the engine's name once it is applied."""
    lines = []
    with start(
        cloud, *("--sender", SENDER, "--yes", "--package-dir", str(package), "--patience", str(patience))
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            if meanwhile and APPLIED in line:
                meanwhile(NAME.findall("".join(lines))[0])
    output = "".join(lines)
    folder = FOLDER / NAME.findall(output)[0]
    return Finished(process.returncode, output, folder, json.loads((folder / "report.json").read_text()))
