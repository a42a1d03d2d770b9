"""The inbox's process; `process.py` starts it, with what it needs to know as one line of JSON on standard input."""

from __future__ import annotations

import json
import os
import sys
import threading
import time

from localcloud.emulator import Emulator
from localcloud.inbox.app import make_server


def _stop_with(parent: int) -> None:
    """End this process once its parent is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    settings = json.loads(sys.stdin.readline())
    if settings["parent"]:
        _stop_with(settings["parent"])
    emulator = Emulator(settings["url"], settings["backend"])
    server = make_server(emulator, settings["tracking_table"], settings["token"])
    print(server.url, flush=True)
    # Whoever started it reads no more.
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    server.serve_forever()


if __name__ == "__main__":
    main()
