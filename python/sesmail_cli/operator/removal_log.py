"""The log of removed suppressions, on the operator's machine: a file for each run, that
`sesmail suppression import --from csv` restores.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
import typer

from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.engine import Engine
from sesmail_layer.domain.guards.suppression import Suppression
from sesmail_layer.domain.times import utc_text

FOLDER_VARIABLE = "SESMAIL_LOG_DIR"


def log_folder() -> Path:
    """Return the folder of the files: that of `SESMAIL_LOG_DIR`, else the user's folder for applications."""
    return Path(os.environ.get(FOLDER_VARIABLE) or typer.get_app_dir("sesmail"))


def new_log(engine: Engine) -> Path:
    """Name the file of one run: a file restores what one run removed, and nothing of another run or engine."""
    at = utc_text(engine.clock.now()).replace(":", "").replace("-", "")
    return log_folder() / f"removed-suppressions-{engine.name}-{at}.jsonl"


def log_removals(engine: Engine, entries: Iterable[Suppression], path: Path) -> None:
    """Append entries to a file before they are removed, readable by its owner alone. Raises UsageError."""
    about = {"engine": engine.name, "region": engine.region, "removedAt": utc_text(engine.clock.now())}
    lines = "".join(json.dumps(msgspec.to_builtins(entry) | about) + "\n" for entry in entries)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            os.fchmod(descriptor, 0o600)
            file.write(lines)
    except OSError as err:
        raise UsageError(
            f"{path} cannot be written ({err.strerror}), and nothing is removed without it. "
            f"Set {FOLDER_VARIABLE} to another folder."
        ) from err
