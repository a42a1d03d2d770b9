"""A user's shell after `eval "$(make -s env)"`."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from localcloud.emulator import Emulator
from localcloud.env import exports
from localcloud.paths import BUILD, REPOSITORY

TYPESCRIPT = BUILD / "typescript"
TYPESCRIPT_SOURCES = REPOSITORY / "tests" / "e2e" / "typescript"


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
    assert shutil.which("npm"), "Node.js 20 or later with npm is missing; the TypeScript quick start needs it."
    stamp = TYPESCRIPT / "node_modules" / ".stamp"
    lock = (TYPESCRIPT_SOURCES / "package-lock.json").read_text()
    if stamp.exists() and stamp.read_text() == lock:
        return TYPESCRIPT
    TYPESCRIPT.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(TYPESCRIPT_SOURCES / name, TYPESCRIPT / name)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=TYPESCRIPT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"npm ci failed:\n{done.stderr[-2000:]}"
    stamp.write_text(lock)
    return TYPESCRIPT
