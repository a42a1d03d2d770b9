"""What all commands share of the terminal: where answers and messages go, and how they look."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from rich.console import Console

# Answers go to stdout, messages to stderr: a program reads the answer alone.
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

_GOOD = frozenset({"sent", "delivered", "opened", "clicked"})
_BAD = frozenset({"failed", "bounced", "complained", "soft_bounced"})


def print_json(value: Any) -> None:
    print(json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=False))  # noqa: T201 - for other programs


def coloured(status: str) -> str:
    """Mark an email's status up with its colour."""
    colour = "green" if status in _GOOD else "red" if status in _BAD else "cyan"
    return f"[{colour}]{status}[/]"
