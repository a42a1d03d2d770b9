"""A user's shell after `eval "$(make -s env)"`."""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from localcloud.emulator import Emulator
from localcloud.env import exports
from localcloud.paths import BUILD, REPOSITORY
from scripts.typescript_package import build_package
from tests.release.typescript_project import SOURCES, install_package, install_sdk

TYPESCRIPT = BUILD / "typescript"


def run_in_shell(emulator: Emulator, script: str, folder: Path = REPOSITORY) -> str:
    """Run Bash lines in that shell, without this process's own AWS settings; return what they print."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    with tempfile.TemporaryDirectory() as bin_folder:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{exports(emulator.url, Path(bin_folder))}\n{script}"],
            cwd=folder,
            env=inherited,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, f"exit code {done.returncode}:\n{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def typescript_folder() -> Path:
    """Install a Node project with the AWS SDK, as a user has it: `npm ci` of the pinned packages."""
    stamp = TYPESCRIPT / "node_modules" / ".stamp"
    lock = (SOURCES / "package-lock.json").read_text()
    if stamp.exists() and stamp.read_text() == lock:
        return TYPESCRIPT
    install_sdk(TYPESCRIPT)
    stamp.write_text(lock)
    return TYPESCRIPT


@cache
def typescript_folder_with_client() -> Path:
    """Install the packed client into that project, once a run."""
    folder = typescript_folder()
    install_package(folder, build_package(BUILD / "typescript-client"))
    return folder
