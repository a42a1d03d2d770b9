"""`make up` and `make down`: an engine on a local cloud that keeps running after the command has ended."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from rich.console import Console

from localcloud import emulator as emulators
from localcloud.deployment import deploy
from localcloud.emulator import Emulator
from localcloud.paths import BUILD, LocalCloudError

DEFAULT_PORT = 4566
WORK = "up"
STATE = BUILD / WORK / "running.json"


def up(port: int, console: Console) -> None:
    """Start the local cloud and deploy the engine to it, unless both are running."""
    if is_running():
        console.print(f"SESMail is already up at {read_state()['url']}.")
        print_next_steps(console)
        return
    if emulators.port_is_taken(port):
        free = emulators.free_port()
        console.print(f"Port {port} is taken; using {free}.")
        port = free
    emulator = emulators.start(port=port, stop_with_this_process=False)
    try:
        deployment = deploy(emulator, WORK)
    except BaseException:
        emulator.stop()
        raise
    write_state(emulator, dict(deployment.engine.outputs))
    console.print(f"[green]SESMail is up[/] at {emulator.url}.")
    console.print("Delivery mode: live, but SES is emulated too: no email leaves this machine.")
    print_next_steps(console)


def print_next_steps(console: Console) -> None:
    console.print('  eval "$(make -s env)"   points this shell, and its aws command, at it', highlight=False)
    console.print("  make down               stops it", highlight=False)


def down(console: Console) -> None:
    """Stop the local cloud and discard everything in it."""
    if not STATE.exists():
        console.print("SESMail is not up.")
        return
    state = read_state()
    stopped = Emulator(state["url"], state["backend"], folder=Path(state["folder"]) if state["folder"] else None)
    if state["pid"] and _leads_a_process_group(state["pid"]):
        stopped.pid = state["pid"]
    if state["backend"] == "localstack" and not os.environ.get("LOCALSTACK_URL"):
        stopped.on_stop = emulators.compose_down
    stopped.stop()
    STATE.unlink()
    console.print("SESMail is down.")


def is_running() -> bool:
    """Whether the state file names a local cloud that still answers."""
    if not STATE.exists():
        return False
    port = int(read_state()["url"].rpartition(":")[2])
    return emulators.port_is_taken(port)


def write_state(emulator: Emulator, outputs: dict[str, Any]) -> None:
    """Save what `make down` and `make env` read."""
    STATE.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "url": emulator.url,
        "backend": emulator.backend,
        "pid": emulator.pid,
        "folder": str(emulator.folder or ""),
        "outputs": outputs,
    }
    STATE.write_text(json.dumps(state, indent=2))


def read_state() -> dict[str, Any]:
    """Read what `make up` saved.

    Raises LocalCloudError if nothing is up.
    """
    if not STATE.exists():
        raise LocalCloudError("SESMail is not up: run `make up` first.")
    state: dict[str, Any] = json.loads(STATE.read_text())
    return state


def _leads_a_process_group(pid: int) -> bool:
    """Whether the process runs and leads a group of its own, as the emulator does; else another took its id."""
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False
