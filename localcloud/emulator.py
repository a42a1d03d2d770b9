"""Three ways to get an AWS endpoint: MiniStack embedded, LocalStack from docker compose, a LocalStack that runs.

`BACKEND=ministack` (default) or `localstack`; `LOCALSTACK_URL` names a LocalStack that already runs.
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
    """The backend that the environment asks for."""
    name = os.environ.get("BACKEND", "ministack")
    if name not in {"ministack", "localstack"}:
        raise LocalCloudError(f"BACKEND must be ministack or localstack, not {name!r}.")
    return name


def aws_environment(url: str) -> dict[str, str]:
    """What points the AWS CLI, SDKs and Terraform at the endpoint, and nowhere else."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Whatever the user's own AWS settings are, they must not leak into a local cloud.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **CREDENTIALS,
    }


@dataclass
class Emulator:
    """An AWS endpoint and how to end it."""

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
        """Whether SES v2 and its events are there: only with our launcher."""
        return self.backend == "ministack"

    @property
    def outlives_its_users(self) -> bool:
        """Whether somebody else runs it, so that what is made in it has to be taken away again."""
        return self.on_stop is None

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Talk to the emulator's own paths (`_sesmail/...`)."""
        return http_json(method, f"{self.url}/{path}", body)

    def denials(self) -> list[dict[str, str]]:
        """What IAM denied to whom (`who`, `action`, `resource`); LocalStack's community edition does not enforce it."""
        found: list[dict[str, str]] = []
        return self.request("GET", "_sesmail/denials")["denials"] if self.has_full_ses else found

    def stop(self) -> None:
        """End it and everything that it started."""
        if self.pid:
            end_group(self.pid)
            self.pid = 0
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self.on_stop:
            self.on_stop()
            self.on_stop = None


def start(*, port: int | None = None, guard: bool = True, settings: Mapping[str, str] | None = None) -> Emulator:
    """The endpoint that `BACKEND` asks for, ready. `guard`: it ends with this process, however that ends."""
    if backend_name() == "ministack":
        return start_ministack(port=port, guard=guard, settings=settings)
    if url := os.environ.get("LOCALSTACK_URL"):
        return running_localstack(url.rstrip("/"))
    return start_compose()


# --- MiniStack -----------------------------------------------------------------------------------------------------


def ensure_emulator_environment() -> Path:
    """The Python of `.venv-emulator`, which the project's set-up makes when it is missing."""
    if not EMULATOR_PYTHON.exists():
        done = subprocess.run(["bash", str(REPOSITORY / "scripts" / "setup.sh")], check=False)
        if done.returncode or not EMULATOR_PYTHON.exists():
            raise LocalCloudError("The emulator's environment .venv-emulator could not be made; run `make setup`.")
    return EMULATOR_PYTHON


def start_ministack(
    *, port: int | None = None, guard: bool = True, settings: Mapping[str, str] | None = None
) -> Emulator:
    """MiniStack through our launcher, in a session and a temporary folder of its own."""
    python = ensure_emulator_environment()
    port = port or free_port()
    if port_is_taken(port):
        raise LocalCloudError(f"Port {port} is taken: stop what listens there, or choose another port.")
    folder = Path(tempfile.mkdtemp(prefix="sesmail-emulator-"))
    environment = _clean_environment() | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # The roles may do what Terraform gave them, and nothing else.
        "AUTH": "true",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(folder),
        **({"SESMAIL_GUARDED_BY": str(os.getpid())} if guard else {}),
        **(settings or {}),
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
        words = log_path.read_text()[-2000:]
        emulator.stop()
        raise LocalCloudError(f"{failed}\n{words}") from None
    return emulator


def _reap(process: subprocess.Popen[bytes]) -> None:
    process.wait()


def _clean_environment() -> dict[str, str]:
    """Without the caller's AWS and Python settings, which Lambdas would inherit."""
    drop = ("AWS_", "SESMAIL_", "PYTHON", "PYTEST_")
    return {key: value for key, value in os.environ.items() if not key.startswith(drop)}


def end_group(pid: int) -> None:
    """SIGKILL to a process group: MiniStack's Lambda workers do not end on SIGTERM."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_taken(port: int) -> bool:
    """A stale emulator looks ready, so look before starting one."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


# --- LocalStack ----------------------------------------------------------------------------------------------------


def running_localstack(url: str) -> Emulator:
    """A LocalStack that somebody else started, and ends."""
    wait_until_ready(f"{url}/_localstack/health", 10)
    return Emulator(url, "localstack")


def start_compose() -> Emulator:
    """LocalStack's pinned image by docker compose."""
    if shutil.which("docker") is None:
        raise LocalCloudError("BACKEND=localstack needs Docker with compose, or LOCALSTACK_URL of one that runs.")
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
    """One JSON request; HTTP errors carry the answer's text."""
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
    """Until the health page answers 200, or the process ends, or the time is over."""
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
