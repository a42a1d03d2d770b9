"""A user's shell after `eval "$(make -s env)"`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from localcloud.emulator import Emulator
from localcloud.paths import BUILD, REPOSITORY, LocalCloudError
from localcloud.running import exports

TYPESCRIPT = BUILD / "typescript"
TYPESCRIPT_SOURCES = REPOSITORY / "tests" / "e2e" / "typescript"


def run_in_shell(emulator: Emulator, script: str, folder: Path = REPOSITORY) -> str:
    """Run Bash lines in that shell; what they print. Nothing of this process's own AWS settings is there."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{exports({'url': emulator.url})}\n{script}"],
        cwd=folder,
        env=inherited,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise AssertionError(f"the shell failed ({done.returncode}):\n{script}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def typescript_folder() -> Path:
    """A Node project with the AWS SDK, as a user has it: `npm ci` of the pinned packages."""
    if shutil.which("npm") is None:
        raise LocalCloudError("Node.js 20 or later with npm is missing; the TypeScript quick start needs it.")
    stamp = TYPESCRIPT / "node_modules" / ".stamp"
    lock = (TYPESCRIPT_SOURCES / "package-lock.json").read_text()
    if stamp.exists() and stamp.read_text() == lock:
        return TYPESCRIPT
    TYPESCRIPT.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(TYPESCRIPT_SOURCES / name, TYPESCRIPT / name)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=TYPESCRIPT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LocalCloudError(f"npm could not install the TypeScript quick start's packages:\n{done.stderr[-2000:]}")
    stamp.write_text(lock)
    return TYPESCRIPT
