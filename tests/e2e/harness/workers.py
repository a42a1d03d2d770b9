"""Kills the processes in which the emulator runs functions: SIGKILL, in the middle of whatever they do.

Runs inside the emulator, beside `launcher.py`. MiniStack keeps one process for each execution environment, and starts
a new one for the next batch; SQS brings the dead one's messages again when their visibility is over.
"""

from __future__ import annotations

import importlib
import os
import random
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# MiniStack is not installed where types are checked, hence by name.
runtime: Any = importlib.import_module("ministack.core.lambda_runtime")

_PROC = Path("/proc")


def keep_failures_apart() -> None:
    """A process that dies while it starts fails its own batch; MiniStack ends all processes of its function then."""
    original = runtime.Worker.invoke

    def invoke(worker: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = original(worker, *arguments, **named)
        except Exception as err:
            if worker._proc is not None:
                worker._proc.kill()
                worker._proc.wait()
                worker._proc = None
            return {"status": "error", "error": f"{type(err).__name__}: {err}", "cold_start": True, "log": ""}
        return answer

    runtime.Worker.invoke = invoke


def kill_one(function: str, dice: random.Random) -> int:
    """Kills one process of a function that is at work, by chance; how many were hit (0: none is at work)."""
    at_work = sorted(_at_work(function))
    return _kill([dice.choice(at_work)]) if at_work else 0


def kill_caller(peer: tuple[str, int]) -> int:
    """Kills the process at the other end of a connection; where /proc cannot tell which one, all that are at work."""
    at_work = sorted(_at_work(""))
    if not _PROC.is_dir():
        return _kill(at_work)
    inode = _inode_of(peer[1])
    return _kill([pid for pid in at_work if inode in _sockets_of(pid)])


def _at_work(function: str) -> Iterator[int]:
    for key, workers in list(runtime._workers.items()):
        if function in key.split(":")[2]:
            for worker in list(workers):
                if worker.in_use and worker._proc is not None and worker._proc.poll() is None:
                    yield worker._proc.pid


def _kill(pids: list[int]) -> int:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return len(pids)


def _inode_of(port: int) -> str:
    """The socket with a local port, as Linux lists it."""
    for line in (_PROC / "net" / "tcp").read_text().splitlines()[1:]:
        columns = line.split()
        if columns[1].endswith(f":{port:04X}"):
            return f"socket:[{columns[9]}]"
    return ""


def _sockets_of(pid: int) -> set[str]:
    found = set()
    for entry in os.listdir(_PROC / str(pid) / "fd"):
        try:
            target = os.readlink(_PROC / str(pid) / "fd" / entry)
        except OSError:  # closed meanwhile
            continue
        if re.match(r"socket:", target):
            found.add(target)
    return found
