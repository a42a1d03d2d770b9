"""A stack that keeps running after its command has ended: `up`, `down` and the exports for a shell."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

from rich.console import Console

from localcloud import emulator as emulators
from localcloud.deployment import deploy
from localcloud.emulator import Emulator
from localcloud.paths import BUILD, REPOSITORY, LocalCloudError

DEFAULT_PORT = 4566
WORK = "up"
STATE = BUILD / WORK / "running.json"
# A profile or a session of the user's own would win over the keys below.
UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_EVENTS")


def up(port: int, console: Console) -> None:
    """Start the local cloud and apply the stack, or say that both are there."""
    if is_running():
        console.print(f"SESMail is up already at {read_state()['url']}.")
        tell_how_to_use(console)
        return
    if emulators.port_is_taken(port):
        free = emulators.free_port()
        console.print(f"Port {port} is taken; using {free}.")
        port = free
    emulator = emulators.start(port=port, guard=False)
    try:
        deployment = deploy(emulator, WORK)
    except BaseException:
        emulator.stop()
        raise
    write_state(emulator, dict(deployment.stack.outputs))
    console.print(f"[green]SESMail is up[/] at {emulator.url}.")
    tell_how_to_use(console)


def tell_how_to_use(console: Console) -> None:
    console.print('  eval "$(make -s env)"   points this shell at it', highlight=False)
    console.print("  make down               ends it", highlight=False)


def down(console: Console) -> None:
    """End the local cloud; all that was in it is gone."""
    if not STATE.exists():
        console.print("SESMail is not up.")
        return
    state = read_state()
    stopped = Emulator(state["url"], state["backend"], folder=Path(state["folder"]) if state["folder"] else None)
    if state["pid"] and _is_ours(state["pid"]):
        stopped.pid = state["pid"]
    if state["backend"] == "localstack" and not os.environ.get("LOCALSTACK_URL"):
        stopped.on_stop = emulators.compose_down
    stopped.stop()
    STATE.unlink()
    console.print("SESMail is down.")


def is_running() -> bool:
    """Whether the state file tells of a local cloud that still answers."""
    if not STATE.exists():
        return False
    port = int(read_state()["url"].rpartition(":")[2])
    return emulators.port_is_taken(port)


def write_state(emulator: Emulator, outputs: dict[str, Any]) -> None:
    """What `down` and `env` need to know."""
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
    if not STATE.exists():
        raise LocalCloudError("SESMail is not up: run `make up` first.")
    state: dict[str, Any] = json.loads(STATE.read_text())
    return state


def exports(state: dict[str, Any]) -> str:
    """Shell lines in which the README's snippets work as they stand."""
    values = emulators.aws_environment(state["url"]) | {"AWS_PAGER": ""}
    lines = [f"unset {' '.join(UNSET)}"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    # boto3 and the AWS CLI of the project's environment.
    lines.append(f'export PATH={shlex.quote(str(REPOSITORY / ".venv" / "bin"))}:"$PATH"')
    # Version 1 of the CLI passes AWS_ENDPOINT_URL over for SQS, and would ask the real one.
    lines.append('aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }')
    return "\n".join(lines)


def _is_ours(pid: int) -> bool:
    """Whether the process still runs, and leads a group of its own as the emulator does."""
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False
