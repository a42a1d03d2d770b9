"""The function's log: lines of JSON."""

from __future__ import annotations

import json
import sys


def log(level: str, event: str, **keys: object) -> None:
    """Write a line of JSON. Neither URL, body nor answer is in it: they may contain addresses and secrets."""
    sys.stdout.write(json.dumps({"level": level, "event": event, "function": "StatusWebhook", **keys}) + "\n")
