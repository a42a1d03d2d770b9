"""The built wheels, and environments with one of them and nothing of the clone."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build_wheel(folder: Path) -> Path:
    """Build the wheel of the command into a folder; return its path."""
    return _build(ROOT, folder)


def build_client_wheel(folder: Path) -> Path:
    """Build the wheel of the producers' client into a folder; return its path."""
    return _build(ROOT / "clients/python", folder)


def _build(project: Path, folder: Path) -> Path:
    pip(sys.executable, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(project))
    (built,) = folder.glob("sesmail*.whl")
    return built


def install_wheel(wheel: Path, folder: Path) -> None:
    """Make a virtual environment with the wheel and its dependencies, the pinned versions of them."""
    _install(wheel, folder, "cli.txt")


def install_client_wheel(wheel: Path, folder: Path) -> None:
    """Make a virtual environment with the client's wheel and boto3."""
    _install(wheel, folder, "client.txt")


def _install(wheel: Path, folder: Path, requirements: str) -> None:
    venv.create(folder, with_pip=True)
    python = str(folder / "bin/python")
    pip(python, "install", "--require-hashes", "-r", str(ROOT / "requirements" / requirements))
    pip(python, "install", "--no-deps", str(wheel))
    pip(python, "check")


def pip(python: str, *command: str) -> None:
    done = subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", "-q", *command], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def sesmail(environment: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command, wide enough for every line."""
    command = [str(environment / "bin/sesmail"), *words]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200", **variables})
