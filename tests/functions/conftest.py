"""The functions as they are deployed: built archives, unzipped, with the source tree off the path."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from scripts.package import FUNCTIONS, WEBHOOK, build
from tools.simulation.environment import NAME, REGION, environment
from tools.simulation.tables import tables

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"
_RUN_HANDLER = Path(__file__).with_name("run_handler.py")


@dataclass(frozen=True)
class Package:
    """What `make package` built for this machine, zipped and unzipped."""

    dist: Path
    unzipped: Path
    hashes: dict[str, str]

    @property
    def layer(self) -> Path:
        """What Lambda puts on the path for a layer: /opt/python."""
        return self.unzipped / "layer/python"

    def path_of(self, function: str, delivery: str) -> list[Path]:
        """The folders that Lambda has on its path for a function, its own first."""
        if delivery == "bundled":
            return [self.unzipped / f"{function}-bundled"]
        return [self.unzipped / function, self.layer]


@dataclass(frozen=True)
class Ran:
    """What one invocation left behind."""

    answer: dict[str, Any]
    peak_mb: float
    """Resident memory of the whole process, moto's included."""
    modules: list[str]
    """What the process had imported when the invocation ended."""
    clients: list[str]
    """The services of the clients that the function created, in order."""
    packages: list[str]
    """What it imported from the archives."""
    tables: dict[str, list[dict[str, Any]]]
    mails: list[dict[str, Any]]
    published: list[dict[str, Any]]
    queued: dict[str, list[dict[str, Any]]]
    log: list[dict[str, Any]]
    output: str

    def record(self, email_id: str) -> dict[str, Any]:
        [record] = [item for item in self.tables["tracking"] if item["emailId"] == email_id]
        return record


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    folder = tmp_path_factory.mktemp("package")
    hashes = build(folder / "dist", PYTHON, ARCHITECTURE)
    for name in ("layer", *FUNCTIONS, *(f"{function}-bundled" for function in FUNCTIONS), WEBHOOK):
        with zipfile.ZipFile(folder / f"dist/{name}.zip") as archive:
            archive.extractall(folder / "unzipped" / name)
    return Package(folder / "dist", folder / "unzipped", hashes)


@pytest.fixture(scope="session")
def boto3_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with boto3 and its dependencies only: what Lambda's runtime adds to the standard library."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3"):
        files = distribution(name).files or []
        tops = {file.parts[0] for file in files if file.parts[0] not in ("..", "__pycache__")}
        for top in tops:
            (folder / top).symlink_to(Path(str(distribution(name).locate_file(top))))
    return folder


def run_handler(package: Package, function: str, given: dict[str, Any], delivery: str = "layer") -> Ran:
    """Call a handler of the built archives in an interpreter of its own, on moto (see run_handler.py)."""
    variables = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_LAMBDA_FUNCTION_NAME": f"sesmailengine-{function}",
        **environment(**given.pop("environment", {})),
    }
    path = [str(folder) for folder in package.path_of(function, delivery)]
    # glibc reads it when the process starts, as in Lambda.
    allocator = {name: value for name, value in variables.items() if name.startswith("MALLOC_")}
    creations = [table.creation(f"{NAME}-{name}") for name, table in tables().items()]
    given = {"path": path, "environment": variables, "tables": creations, **given}
    ended = subprocess.run(
        [sys.executable, "-I", str(_RUN_HANDLER)],
        input=json.dumps(given),
        env=allocator,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    output, _, result = ended.stdout.rpartition("\n=== result\n")
    log = [json.loads(line) for line in output.splitlines() if line]
    return Ran(**json.loads(result), log=log, output=output + ended.stderr)
