"""Build the Lambda archives for this machine's architecture and the Python on which the emulator runs functions."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

from localcloud.emulator import ensure_emulator_environment
from localcloud.paths import BUILD, REPOSITORY, LocalCloudError

# LocalStack runs each function in its runtime's image; MiniStack runs all on its own interpreter.
LOCALSTACK_PYTHON = "3.13"


def architecture() -> str:
    """Return this machine's architecture by Lambda's name for it."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def python_version(backend: str) -> str:
    """Return the version of Python that the functions run on, such as 3.13."""
    if backend == "localstack":
        return LOCALSTACK_PYTHON
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([ensure_emulator_environment(), "-c", ask], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def build_package(backend: str) -> Path:
    """Build the archives as `make package` does; return their folder."""
    version = python_version(backend)
    folder = BUILD / f"package-{architecture()}-{version}"
    command = [
        sys.executable,
        str(REPOSITORY / "scripts" / "package.py"),
        "--dist",
        str(folder),
        "--arch",
        architecture(),
        "--python",
        version,
    ]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LocalCloudError(f"The package could not be built:\n{(done.stdout + done.stderr)[-4000:]}")
    return folder
