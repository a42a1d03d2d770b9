"""Kill the processes in which the emulator runs functions, by SIGKILL and at any point of their work.

Part of the emulator's process (`launcher.py`). MiniStack keeps one process for each execution environment, and starts
a new one for the next batch; SQS redelivers the killed one's messages after their visibility timeout. That is ten
minutes at the sender's queues, so it can be shortened for batches that have ended.
"""

from __future__ import annotations

import importlib
import os
import random
import re
import signal
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# By name: MiniStack is not installed where types are checked.
runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
lambda_svc: Any = importlib.import_module("ministack.services.lambda_svc")
sqs: Any = importlib.import_module("ministack.services.sqs")

_PROC = Path("/proc")


def isolate_start_failures() -> None:
    """Let a process that dies at its start fail its own batch only; MiniStack would end the function's others too."""
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


class Redelivery:
    """Seconds until SQS redelivers what an ended batch did not delete; None: the queue's visibility timeout."""

    def __init__(self) -> None:
        self.seconds: float | None = None
        self._ended: deque[tuple[set[str], Any]] = deque(maxlen=1_000)

    def change(self, seconds: float | None) -> None:
        """Set the seconds, also for what the last thousand batches left."""
        self.seconds = seconds
        if seconds is not None:
            for receipt_handles, batch in list(self._ended):
                self._shorten(receipt_handles, batch, seconds)

    def install(self) -> None:
        original = lambda_svc._run_sqs_batch

        def run(esm: Any, function: Any, event: Any, batch: Any, queue_url: str, queue_name: str) -> None:
            original(esm, function, event, batch, queue_url, queue_name)
            receipt_handles = {record["receiptHandle"] for record in event["Records"]}
            self._ended.append((receipt_handles, batch))
            if self.seconds is not None:
                self._shorten(receipt_handles, batch, self.seconds)

        lambda_svc._run_sqs_batch = run

    def _shorten(self, receipt_handles: set[str], batch: Any, seconds: float) -> None:
        with sqs._queues_lock:
            for message in batch:
                # With another handle, the message has been received again since.
                if message.get("receipt_handle") in receipt_handles:
                    message["visible_at"] = min(message["visible_at"], time.time() + seconds)


redelivery = Redelivery()


def kill_busy_process(function: str, rng: random.Random) -> int:
    """Kill a random busy process of a function; return how many were killed (0: none was busy)."""
    busy = sorted(_busy_process_ids(function))
    return _kill([rng.choice(busy)]) if busy else 0


def kill_caller(peer: tuple[str, int]) -> int:
    """Kill the process at the other end of a connection; without /proc to find it, all busy ones."""
    busy = sorted(_busy_process_ids(""))
    if not _PROC.is_dir():
        return _kill(busy)
    inode = _inode_of(peer[1])
    return _kill([pid for pid in busy if inode in _sockets_of(pid)])


def _busy_process_ids(name_part: str) -> Iterator[int]:
    """Yield the ids of the busy processes of all functions with `name_part` in their name."""
    for key, workers in list(runtime._workers.items()):
        # MiniStack's key is `account:region:function:qualifier`.
        if name_part in key.split(":")[2]:
            for worker in list(workers):
                if worker.in_use and worker._proc is not None and worker._proc.poll() is None:
                    yield worker._proc.pid


def _kill(pids: list[int]) -> int:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return len(pids)


def _inode_of(port: int) -> str:
    """Find the socket with a local port, as Linux lists it."""
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
        except OSError:  # closed in the meantime
            continue
        if re.match(r"socket:", target):
            found.add(target)
    return found
