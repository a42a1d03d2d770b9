"""`make up` and `make down`: an engine on a local cloud that keeps running after the command has ended."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from localcloud import emulator as emulators
from localcloud.deployment import change, deploy
from localcloud.emulator import Emulator
from localcloud.inbox import process as inboxes
from localcloud.inbox.process import Inbox
from localcloud.paths import BUILD, LocalCloudError
from sesmail_cli.templates.brand import BrandError, parse_brand

DEFAULT_PORT = 4566
WORK = "up"
STATE = BUILD / WORK / "running.json"


def up(port: int, console: Console, brand: Path | None = None) -> None:
    """Start the local cloud and deploy the engine to it, unless both are running; `brand`: a brand.json for it."""
    variables = {"brand": _brand(brand)} if brand else {}
    if is_running():
        console.print(f"SESMail is already up at {read_state()['url']}.")
        if brand:
            change(_emulator(read_state()), WORK, variables)
            console.print(f"Its brand is now that of {brand}.", highlight=False)
        print_next_steps(running_inbox(), console)
        return
    # One may be left of a local cloud that ended without `make down`.
    _stop_inbox()
    if emulators.port_is_taken(port):
        free = emulators.free_port()
        console.print(f"Port {port} is taken; using {free}.")
        port = free
    emulator = emulators.start(port=port, stop_with_this_process=False)
    try:
        deployment = deploy(emulator, WORK, variables=variables)
        inbox = _start_inbox(emulator, deployment.engine.outputs)
    except BaseException:
        emulator.stop()
        raise
    write_state(emulator, dict(deployment.engine.outputs), inbox)
    console.print(f"[green]SESMail is up[/] at {emulator.url}.")
    console.print("Delivery mode: live, but SES is emulated too: no email leaves this machine.")
    print_next_steps(inbox, console)


def _brand(path: Path) -> dict[str, str]:
    """Read a brand.json. Raises LocalCloudError."""
    try:
        return parse_brand(path.read_bytes())
    except (OSError, BrandError) as error:
        raise LocalCloudError(f"BRAND={path}: {error}") from error


def running_inbox() -> Inbox:
    """Return the inbox of what is up; start another one if it has ended."""
    state = read_state()
    inbox = _inbox(state)
    if not _leads_a_process_group(inbox.pid):
        emulator = _emulator(state)
        inbox = _start_inbox(emulator, state["outputs"])
        write_state(emulator, state["outputs"], inbox)
    return inbox


def _start_inbox(emulator: Emulator, outputs: Mapping[str, Any]) -> Inbox:
    return inboxes.start(emulator, outputs["email_tracking_table_name"], stop_with_this_process=False)


def _stop_inbox() -> None:
    if STATE.exists() and _leads_a_process_group(_inbox(read_state()).pid):
        _inbox(read_state()).stop()


def _inbox(state: Mapping[str, Any]) -> Inbox:
    # An earlier version started none.
    return Inbox(**state.get("inbox", {"url": "", "pid": 0}))


def print_next_steps(inbox: Inbox, console: Console) -> None:
    # Whole, also where the terminal is narrow: it is copied.
    console.print(f"  Inbox: {inbox.url}", highlight=False, soft_wrap=True)
    console.print('  eval "$(make -s env)"   points this shell, and its aws command, at it', highlight=False)
    console.print("  sesmail console         then opens the operators' console on it", highlight=False)
    console.print("  make down               stops it", highlight=False)


def down(console: Console) -> None:
    """Stop the local cloud and discard everything in it."""
    if not STATE.exists():
        console.print("SESMail is not up.")
        return
    state = read_state()
    stopped = _emulator(state)
    if not _leads_a_process_group(stopped.pid):
        stopped.pid = 0
    if state["backend"] == "localstack" and not os.environ.get("LOCALSTACK_URL"):
        stopped.on_stop = emulators.compose_down
    _stop_inbox()
    stopped.stop()
    STATE.unlink()
    console.print("SESMail is down.")


def _emulator(state: Mapping[str, Any]) -> Emulator:
    folder = Path(state["folder"]) if state["folder"] else None
    return Emulator(state["url"], state["backend"], state["pid"], folder)


def is_running() -> bool:
    """Whether the state file names a local cloud that still answers."""
    if not STATE.exists():
        return False
    port = int(read_state()["url"].rpartition(":")[2])
    return emulators.port_is_taken(port)


def write_state(emulator: Emulator, outputs: Mapping[str, Any], inbox: Inbox) -> None:
    """Save what `make down` and `make env` read; for this user only, since the inbox's URL opens it."""
    STATE.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "url": emulator.url,
        "backend": emulator.backend,
        "pid": emulator.pid,
        "folder": str(emulator.folder or ""),
        "outputs": outputs,
        "inbox": {"url": inbox.url, "pid": inbox.pid},
    }
    STATE.unlink(missing_ok=True)
    STATE.touch(mode=0o600)
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
    """Whether the process runs and leads a group of its own, as ours do; else another took its id, or it has none."""
    try:
        return pid > 0 and os.getpgid(pid) == pid
    except ProcessLookupError:
        return False
