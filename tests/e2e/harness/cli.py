"""The command line against the deployed engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from localcloud.paths import REPOSITORY
from tests.e2e.harness.engine import EngineUnderTest


def sesmail(engine: EngineUnderTest, *arguments: str, exit_code: int = 0) -> str:
    """Run the command without this process's own AWS settings; return what it prints."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "sesmail_cli", *arguments],
        env=inherited
        | engine.emulator.environment
        | {"PYTHONPATH": str(REPOSITORY / "python"), "SESMAIL_NAME": engine.name, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == exit_code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout


def sesmail_json(engine: EngineUnderTest, *arguments: str, exit_code: int = 0) -> Any:
    return json.loads(sesmail(engine, *arguments, "--json", exit_code=exit_code))
