"""An interrupt ends Terraform and its provider: at once on a local cloud, after its state is written on an account."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from localcloud import terraform as module
from localcloud.progress import Progress
from localcloud.terraform import Terraform
from localcloud.wait import wait_for

# Terraform with a provider's process; interrupted, it writes its state, which takes a while. No `wait`: it misses a
# signal that comes as it starts.
FAKE = """#!/bin/bash
trap 'sleep 0.5; echo state > state; kill $provider; exit 1' INT
sleep 40 &
provider=$!
echo $provider > provider
echo '{}'
while sleep 0.1; do :; done
"""


class Interrupted(Progress):
    """Stands for Ctrl-C at the first line that Terraform prints."""

    def event(self, _: dict[str, Any]) -> None:
        raise KeyboardInterrupt


def interrupt(folder: Path, *, saves_state: bool) -> Path:
    """Apply, interrupted; return the root."""
    root = folder / "terraform"
    root.mkdir()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        Terraform(folder, {}, "aws", {}, saves_state_on_interrupt=saves_state).apply()
    assert time.monotonic() - started < 30, "the provider's process was waited for"
    provider = int((root / "provider").read_text())
    wait_for(lambda: not runs(provider), "the provider to end", seconds=10)
    return root


def runs(pid: int) -> bool:
    """Whether a process runs; one that has ended and that its parent has not read does not."""
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    binary = tmp_path / "fake-terraform"
    binary.write_text(FAKE)
    binary.chmod(0o755)
    monkeypatch.setenv("TERRAFORM", str(binary))
    monkeypatch.setattr(module, "Progress", Interrupted)


def test_on_an_account_the_state_is_written(tmp_path: Path) -> None:
    assert (interrupt(tmp_path, saves_state=True) / "state").read_text() == "state\n"


def test_on_a_local_cloud_nothing_is_waited_for(tmp_path: Path) -> None:
    assert not (interrupt(tmp_path, saves_state=False) / "state").exists()
