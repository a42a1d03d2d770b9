"""A Node project of a producer: the pinned AWS SDK, and the packed client."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / "e2e" / "typescript"


def install_sdk(folder: Path) -> None:
    """Install the AWS SDK and tsx into a folder, as pinned in tests/e2e/typescript."""
    assert shutil.which("npm"), "Node.js 20 or later with npm is missing; the tests of TypeScript need it."
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCES / name, folder / name)
    _npm(folder, "ci")


def install_package(folder: Path, archive: Path) -> None:
    """Install a packed archive into a project that has what it depends on."""
    # An archive of the same version is installed already, npm may think.
    shutil.rmtree(folder / "node_modules/@sesmail", ignore_errors=True)
    (folder / "node_modules/.package-lock.json").unlink(missing_ok=True)
    _npm(folder, "install", "--no-save", "--offline", str(archive))


def _npm(folder: Path, *arguments: str) -> None:
    command = ["npm", *arguments, "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"npm {arguments[0]} failed:\n{done.stderr[-2000:]}"
