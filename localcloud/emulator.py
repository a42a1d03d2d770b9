"""Start and stop the emulated AWS: MiniStack, LocalStack by docker compose, or a LocalStack that is already running.

`BACKEND=ministack` (default) or `localstack`; `LOCALSTACK_URL` names the LocalStack that is already running.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from localcloud.paths import EMULATOR_PYTHON, REPOSITORY, LocalCloudError

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
COMPOSE = ("docker", "compose", "--project-name", "sesmail", "--file", str(REPOSITORY / "docker-compose.yml"))
READY_SECONDS = 30
COMPOSE_READY_SECONDS = 240


def backend_name() -> str:
    """Return the backend that `BACKEND` names."""
    name = os.environ.get("BACKEND", "ministack")
    if name not in {"ministack", "localstack"}:
        raise LocalCloudError(f"BACKEND must be ministack or localstack, not {name!r}.")
    return name


def aws_environment(url: str) -> dict[str, str]:
    """Return the variables that point the AWS CLI, SDKs and Terraform at the endpoint."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        # The user's own AWS settings must not reach a local cloud.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **CREDENTIALS,
    }


@dataclass
class Emulator:
    """An AWS endpoint and how to stop it."""

    url: str
    backend: str
    pid: int = 0
    folder: Path | None = None
    on_stop: Callable[[], None] | None = field(default=None, repr=False)

    @property
    def environment(self) -> dict[str, str]:
        return aws_environment(self.url)

    @property
    def has_full_ses(self) -> bool:
        """Whether it has SES v2 and its events; only MiniStack with our launcher has."""
        return self.backend == "ministack"

    @property
    def is_shared(self) -> bool:
        """Whether it keeps running after `stop`, so that what was deployed to it must be destroyed."""
        return self.on_stop is None

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call the emulator's own API (`_sesmail/...`)."""
        return http_json(method, f"{self.url}/{path}", body)

    def denials(self) -> list[dict[str, str]]:
        """List what IAM denied (`principal`, `action`, `resource`); LocalStack's community edition enforces nothing."""
        found: list[dict[str, str]] = []
        return self.request("GET", "_sesmail/denials")["denials"] if self.has_full_ses else found

    def stop(self) -> None:
        """Stop it and everything that it started."""
        if self.pid:
            kill_process_group(self.pid)
            self.pid = 0
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self.on_stop:
            self.on_stop()
            self.on_stop = None


def start(*, port: int | None = None, stop_with_this_process: bool = True) -> Emulator:
    """Start the emulator that `BACKEND` names and wait until it is ready."""
    if backend_name() == "ministack":
        return start_ministack(port=port, stop_with_this_process=stop_with_this_process)
    if url := os.environ.get("LOCALSTACK_URL"):
        return running_localstack(url.rstrip("/"))
    return start_compose()


# --- MiniStack -----------------------------------------------------------------------------------------------------


def ensure_emulator_environment() -> Path:
    """Return the Python of `.venv-emulator`; create the environment if it is missing."""
    if not EMULATOR_PYTHON.exists():
        done = subprocess.run(["bash", str(REPOSITORY / "scripts" / "setup.sh")], check=False)
        if done.returncode or not EMULATOR_PYTHON.exists():
            raise LocalCloudError("The emulator's environment .venv-emulator could not be created; run `make setup`.")
    return EMULATOR_PYTHON


def start_ministack(*, port: int | None = None, stop_with_this_process: bool = True) -> Emulator:
    """Start MiniStack by our launcher, in a process group and a temporary folder of its own.

    `stop_with_this_process`: it stops when this process ends, even if this process is killed.
    """
    python = ensure_emulator_environment()
    port = port or free_port()
    if port_is_taken(port):
        raise LocalCloudError(f"Port {port} is taken: stop the process that listens there, or choose another port.")
    folder = Path(tempfile.mkdtemp(prefix="sesmail-emulator-"))
    environment = _clean_environment() | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # Enforce IAM: the roles may do what Terraform allows them, and nothing else.
        "AUTH": "true",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(folder),
        **({"SESMAIL_PARENT_PID": str(os.getpid())} if stop_with_this_process else {}),
    }
    log_path = folder / "emulator.log"
    with log_path.open("w") as log:
        process = subprocess.Popen(
            [str(python), "-m", "localcloud.launcher"],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    emulator = Emulator(f"http://127.0.0.1:{port}", "ministack", process.pid, folder, lambda: _reap(process))
    try:
        wait_until_ready(f"{emulator.url}/_ministack/ready", READY_SECONDS, lambda: process.poll() is None)
    except LocalCloudError as failed:
        log_end = log_path.read_text()[-2000:]
        emulator.stop()
        raise LocalCloudError(f"{failed}\n{log_end}") from None
    return emulator


def _reap(process: subprocess.Popen[bytes]) -> None:
    process.wait()


def _clean_environment() -> dict[str, str]:
    """Return this environment without AWS and Python settings, which Lambda functions would inherit."""
    drop = ("AWS_", "SESMAIL_", "PYTHON", "PYTEST_")
    return {key: value for key, value in os.environ.items() if not key.startswith(drop)}


def kill_process_group(pid: int) -> None:
    """Send SIGKILL to a process group: MiniStack's Lambda workers ignore SIGTERM."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def free_port() -> int:
    """Return a TCP port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_taken(port: int) -> bool:
    """Whether a process listens on the port; checked before a start, since an old emulator would look ready."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


# --- LocalStack ----------------------------------------------------------------------------------------------------


def running_localstack(url: str) -> Emulator:
    """Return a LocalStack that was started elsewhere; `stop` leaves it running."""
    wait_until_ready(f"{url}/_localstack/health", 10)
    return Emulator(url, "localstack")


def start_compose() -> Emulator:
    """Start LocalStack's pinned image by docker compose."""
    if shutil.which("docker") is None:
        raise LocalCloudError(
            "BACKEND=localstack needs Docker with compose, or a running LocalStack in LOCALSTACK_URL."
        )
    port = os.environ.get("LOCALSTACK_PORT", "4566")
    done = subprocess.run([*COMPOSE, "up", "--detach"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LocalCloudError(f"docker compose could not start LocalStack: {done.stderr.strip()[-500:]}")
    emulator = Emulator(f"http://127.0.0.1:{port}", "localstack", on_stop=compose_down)
    try:
        wait_until_ready(f"{emulator.url}/_localstack/health", COMPOSE_READY_SECONDS)
    except LocalCloudError:
        emulator.stop()
        raise
    return emulator


def compose_down() -> None:
    subprocess.run([*COMPOSE, "down", "--volumes", "--timeout", "5"], capture_output=True, check=False)


# --- HTTP ----------------------------------------------------------------------------------------------------------


def http_json(method: str, url: str, body: Mapping[str, Any] | None = None, timeout: float = 30) -> dict[str, Any]:
    """Make one JSON request.

    Raises LocalCloudError with the answer's text for an HTTP error.
    """
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, method=method, data=data)
    try:
        response: IO[bytes]
        with urllib.request.urlopen(request, timeout=timeout) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        with error:
            raise LocalCloudError(f"{method} {url}: {error.code} {error.read().decode()[:500]}") from None


def wait_until_ready(url: str, seconds: float, alive: Callable[[], bool] = lambda: True) -> None:
    """Wait until the health page answers 200.

    Raises LocalCloudError after `seconds`, or once `alive` returns false.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and alive():
        try:
            with urllib.request.urlopen(url, timeout=2) as response:
                if response.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise LocalCloudError(f"No emulator answered at {url} within {seconds:.0f} s.")
