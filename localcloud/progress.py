"""Show Terraform's progress: one line that is rewritten in a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any, TextIO

# Seconds between two lines where the output is no terminal.
_INTERVAL = 5


class Progress:
    """Counts the resources of `terraform apply -json` and collects its errors."""

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self.title = title
        self.stream = stream or sys.stderr
        self.total = 0
        self.done = 0
        self.errors: list[str] = []
        self._started = time.monotonic()
        self._last_shown = 0.0

    def event(self, event: dict[str, Any]) -> None:
        """Read one line of Terraform's machine-readable output."""
        kind = event.get("type")
        hook = event.get("hook", {})
        if kind == "change_summary" and event["changes"].get("operation") == "plan":
            changes = event["changes"]
            self.total = changes["add"] + changes["change"] + changes["remove"]
            self._show(f"{self.total} resources", force=True)
        elif kind == "apply_complete" and hook.get("action") != "read":
            self.done += 1
            self._show(hook["resource"]["addr"])
        elif kind == "diagnostic" and event["diagnostic"]["severity"] == "error":
            diagnostic = event["diagnostic"]
            where = f"{diagnostic['address']}: " if diagnostic.get("address") else ""
            detail = f" {diagnostic['detail']}" if diagnostic.get("detail") else ""
            self.errors.append(f"{where}{diagnostic['summary']}{detail}")

    def finish(self) -> None:
        """Print the last line."""
        self._show("done" if not self.errors else "failed", force=True)
        if self.stream.isatty():
            self.stream.write("\n")

    def _show(self, step: str, *, force: bool = False) -> None:
        """Rewrite the line in a terminal; print one elsewhere if the interval is over, or at once with `force`."""
        now = time.monotonic()
        line = f"{self.title}: {self.done}/{self.total} · {now - self._started:.0f} s · {step}"
        if self.stream.isatty():
            self.stream.write(f"\r\x1b[2K{line[:110]}")
        elif force or now - self._last_shown >= _INTERVAL:
            self.stream.write(f"{line}\n")
        else:
            return
        self._last_shown = now
        self.stream.flush()
