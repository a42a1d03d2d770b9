"""`make env`: scripts and shells talk to the local cloud and to nothing else, whatever their environment says."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from localcloud.env import exports

# A caller's environment that would lead the AWS CLI to the real AWS, or to this port, which nothing listens on.
ELSEWHERE = "http://127.0.0.1:9"
HOSTILE = {
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "production-token",
    "AWS_ACCESS_KEY_ID": "AKIAPRODUCTION",
    "AWS_SECRET_ACCESS_KEY": "production-secret",
    "AWS_REGION": "eu-west-1",
    "AWS_ENDPOINT_URL": ELSEWHERE,
    "AWS_ENDPOINT_URL_DYNAMODB": ELSEWHERE,
    "AWS_ENDPOINT_URL_SQS": ELSEWHERE,
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
}
LIST_TABLES = "aws dynamodb list-tables"


@dataclass
class Cloud:
    """An HTTP server in the place of the local cloud, and the headers of the calls it received."""

    url: str = ""
    calls: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    received = Cloud()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.calls.append({name.lower(): value for name, value in self.headers.items()})
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    received.url = f"http://127.0.0.1:{server.server_port}"
    yield received
    server.shutdown()
    server.server_close()


def run(script: str, cloud: Cloud, folder: Path, environment: dict[str, str] | None = None) -> None:
    """Run Bash lines in a shell after `eval "$(make -s env)"`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{exports(cloud.url, folder / 'bin')}\n{script}"],
        cwd=folder,
        env=inherited | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def assert_called_once_as_a_local_user(cloud: Cloud) -> None:
    [headers] = cloud.calls
    assert "Credential=test/" in headers["authorization"]
    assert "/us-east-1/" in headers["authorization"]
    assert "x-amz-security-token" not in headers


@pytest.mark.parametrize("service", ["dynamodb list-tables", "sqs list-queues"])
def test_a_saved_script_calls_the_local_cloud(cloud: Cloud, tmp_path: Path, service: str) -> None:
    script = tmp_path / "saved.sh"
    script.write_text(f"#!/bin/bash\naws {service}\n")
    script.chmod(0o755)
    run("./saved.sh", cloud, tmp_path)
    assert_called_once_as_a_local_user(cloud)


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_a_command_line_of_another_shell_calls_the_local_cloud(cloud: Cloud, tmp_path: Path, shell: str) -> None:
    run(f"{shell} -c '{LIST_TABLES}'", cloud, tmp_path)
    assert_called_once_as_a_local_user(cloud)


def test_the_path_alone_is_enough(cloud: Cloud, tmp_path: Path) -> None:
    run(f'env -i PATH="$PATH" {LIST_TABLES}', cloud, tmp_path)
    assert_called_once_as_a_local_user(cloud)


def test_a_script_that_sets_a_profile_and_endpoints_calls_the_local_cloud(cloud: Cloud, tmp_path: Path) -> None:
    hostile = "\n".join(f"export {name}={value}" for name, value in HOSTILE.items())
    run(f"{hostile}\n{LIST_TABLES}", cloud, tmp_path)
    assert_called_once_as_a_local_user(cloud)


@pytest.mark.parametrize(
    "program", ["aws dynamodb list-tables", "python -c 'import boto3; boto3.client(\"dynamodb\").list_tables()'"]
)
def test_a_shell_that_had_a_profile_and_endpoints_calls_the_local_cloud(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    run(program, cloud, tmp_path, HOSTILE)
    assert_called_once_as_a_local_user(cloud)


def test_a_profile_named_on_the_command_line_calls_nothing(cloud: Cloud, tmp_path: Path) -> None:
    run(f"! {LIST_TABLES} --profile production", cloud, tmp_path)
    assert cloud.calls == []


def test_arguments_reach_the_command_as_they_are(cloud: Cloud, tmp_path: Path) -> None:
    run("aws dynamodb describe-table --table-name 'a b*'  2>error || grep -q 'a b\\*' error", cloud, tmp_path)
