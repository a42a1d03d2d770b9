"""The command line against the deployed engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from localcloud.paths import REPOSITORY
from tests.e2e.harness.engine import EngineUnderTest


def sesmail(engine: EngineUnderTest, *arguments: str, exit_code: int = 0, seconds: float = 120) -> str:
    """Run the command without this process's own AWS settings; return what it prints."""
    with start_sesmail(engine, *arguments) as started:
        try:
            output, messages = started.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            started.kill()
            raise
    assert started.returncode == exit_code, f"{arguments}: {started.returncode}\n{output}\n{messages}"
    assert "Traceback" not in messages
    return output


def start_sesmail(engine: EngineUnderTest, *arguments: str) -> subprocess.Popen[str]:
    """Start the command, for tests that end it."""
    return subprocess.Popen(
        [sys.executable, "-m", "sesmail_cli", *arguments],
        env=environment(engine),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def environment(engine: EngineUnderTest) -> dict[str, str]:
    """Return the environment in which the command finds this engine, and no AWS settings of this process."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    path = {"PYTHONPATH": str(REPOSITORY / "python"), "SESMAIL_NAME": engine.name, "COLUMNS": "200"}
    return inherited | engine.emulator.environment | path


def sesmail_json(engine: EngineUnderTest, *arguments: str, exit_code: int = 0, seconds: float = 120) -> Any:
    return json.loads(sesmail(engine, *arguments, "--json", exit_code=exit_code, seconds=seconds))
