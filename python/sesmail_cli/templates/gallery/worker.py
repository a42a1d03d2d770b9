"""Render the preview in a process of its own: no time limit ends a thread of this one.

The server starts it with the place of the templates, and writes one request a line to it: the name of a method of
Renderer, and its arguments, in JSON. Each answer is one line, too.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any

from sesmail_cli.templates.gallery.renderer import Renderer

# The process has the sender's limits itself. This one is for what they do not end; it includes a lint of all templates.
ANSWER_SECONDS = 60.0


class WorkerError(Exception):
    """The process gave no answer, or not in time."""


class Worker:
    """A process that answers one request at a time; it is started with the first one, and again after it was ended."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def ask(self, method: str, *arguments: object) -> Any:
        """Return the answer of a method of Renderer. Raises WorkerError."""
        with self._lock:
            answer = self._answer(json.dumps([method, arguments]))
            if not answer:
                self._end()
                raise WorkerError
            return json.loads(answer)

    def close(self) -> None:
        with self._lock:
            self._end()

    def _answer(self, request: str) -> str:
        process = self._process = self._process or self._start()
        if process.stdin is None or process.stdout is None:
            return ""
        timer = threading.Timer(ANSWER_SECONDS, process.kill)
        timer.start()
        try:
            process.stdin.write(request + "\n")
            process.stdin.flush()
            return process.stdout.readline()
        except OSError:
            return ""
        finally:
            timer.cancel()

    def _start(self) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"}
        return subprocess.Popen(  # noqa: S603 - this module, with the folder as its argument
            [sys.executable, "-m", __name__, self._where],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=environment,
        )

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def main(where: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which ends this process.
    renderer = Renderer(where)
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        method, arguments = json.loads(line)
        print(json.dumps(getattr(renderer, method)(*arguments)), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
