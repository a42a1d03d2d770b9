"""Build the package `@sesmail/client` from clients/typescript: same input, same bytes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "clients" / "typescript"


class PackageError(Exception):
    """The package cannot be built; the message says what to do."""


def package_version() -> str:
    """Return the version in package.json."""
    return str(json.loads((SOURCES / "package.json").read_text())["version"])


def build_package(target: Path) -> Path:
    """Compile and pack into a folder; return the archive's path. Raises PackageError."""
    install_dependencies()
    with tempfile.TemporaryDirectory() as work:
        for name in ("package.json", "README.md"):
            shutil.copy(SOURCES / name, work)
        shutil.copy(ROOT / "LICENSE", work)
        run_tsc("-p", "tsconfig.json", "--outDir", f"{work}/dist")
        target.mkdir(parents=True, exist_ok=True)
        # npm gives every file of an archive one date.
        _run(["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(target.resolve())], Path(work))
    return target / f"sesmail-client-{package_version()}.tgz"


def install_dependencies() -> None:
    """Install the pinned compiler and the AWS SDK into clients/typescript/node_modules. Safe to run again."""
    if shutil.which("npm") is None:
        raise PackageError("The TypeScript client needs Node.js 20 or later with npm: put them on the PATH.")
    stamp = SOURCES / "node_modules" / ".stamp"
    pinned = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == pinned:
        return
    _run(["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"], SOURCES)
    stamp.write_text(pinned)


def run_tsc(*arguments: str, folder: Path = SOURCES) -> str:
    """Run the pinned compiler; return what it prints. Raises PackageError with its errors."""
    return _run(["node", str(SOURCES / "node_modules/typescript/bin/tsc"), *arguments], folder)


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(f"{' '.join(command[:2])} failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
    return done.stdout
