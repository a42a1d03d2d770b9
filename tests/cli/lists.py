"""Files of suppression lists, and their import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cli.conftest import MotoEngine, sesmail_json


def write(tmp_path: Path, name: str, content: str | bytes) -> str:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def run_import(path: str, source: str, *options: str, exit_code: int = 0) -> dict[str, Any]:
    answer = sesmail_json("suppression", "import", path, "--from", source, *options, exit_code=exit_code)
    counts: dict[str, Any] = answer["result"]
    others = ("added", "updated", "alreadyThere", "duplicates", "refused")
    assert counts["read"] == sum(counts[name] for name in others) + sum(counts["skipped"].values())
    return counts


def reasons(engine: MotoEngine) -> dict[str, str]:
    return {item["email"]["S"]: item["reason"]["S"] for item in engine.items("Suppression")}
