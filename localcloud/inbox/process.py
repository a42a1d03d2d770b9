"""Start and stop the inbox: a process of its own, so that it outlives `make up` as the emulator does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from localcloud.emulator import Emulator, kill_process_group
from localcloud.paths import REPOSITORY, LocalCloudError
from sesmail_cli.web.server import new_token


@dataclass
class Inbox:
    """A running inbox."""

    url: str
    """Of its first page, with the token."""
    pid: int
    wait: Callable[[], object] | None = field(default=None, repr=False)

    def stop(self) -> None:
        """Stop it."""
        kill_process_group(self.pid)
        if self.wait:
            self.wait()


def start(emulator: Emulator, tracking_table: str, *, stop_with_this_process: bool = True) -> Inbox:
    """Start the inbox of an emulator, on a free port.

    `stop_with_this_process`: it stops when this process ends, even if this process is killed.
    """
    settings = {
        "url": emulator.url,
        "backend": emulator.backend,
        "tracking_table": tracking_table,
        # Not an argument of the command, which every user of this machine can list.
        "token": new_token(),
        "parent": os.getpid() if stop_with_this_process else 0,
    }
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(REPOSITORY), str(REPOSITORY / "python")))}
    process = subprocess.Popen(
        [sys.executable, "-m", "localcloud.inbox"],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    if process.stdin is None or process.stdout is None:
        raise LocalCloudError("The inbox did not start.")
    with process.stdin, process.stdout:
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
        url = process.stdout.readline().strip()
    if not url:
        process.wait()
        raise LocalCloudError("The inbox did not start: `python -m localcloud.inbox` ended at once.")
    return Inbox(url, process.pid, process.wait)
