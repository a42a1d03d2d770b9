"""What all commands share of the terminal: where answers and messages go, and how they look.

All output goes through this module: it removes what would give a terminal orders, or reverse or hide other text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment

from sesmail_layer.domain.plain_text import LINE_ENDS, escaped, printable


class SafeConsole(Console):
    """Prints no control characters but its own colours, and no hidden links."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else printable(text), style and style.update_link(None), control)


# Answers go to stdout, messages to stderr: a program reads the answer alone.
out = SafeConsole(highlight=False)
err = SafeConsole(stderr=True, highlight=False)

_GOOD = frozenset({"sent", "delivered", "opened", "clicked"})
_BAD = frozenset({"failed", "bounced", "complained", "soft_bounced"})


def print_json(value: Any) -> None:
    text = json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=False)
    print(escaped(text))  # noqa: T201 - for other programs


def print_row(cells: Iterable[str | None]) -> None:
    """Print a row for programs: whole cells, separated by tabs, whatever is in the data."""
    print("\t".join(printable(LINE_ENDS.sub(" ", cell or "-")) for cell in cells))  # noqa: T201 - for other programs


def print_line(console: Console, markup: str) -> None:
    """Print one line, whatever line ends are in the data."""
    console.print(LINE_ENDS.sub(" ", markup), soft_wrap=True)


def confirm(question: str) -> bool:
    return typer.confirm(printable(LINE_ENDS.sub(" ", question)), err=True)


def coloured(status: str) -> str:
    """Mark an email's status up with its colour."""
    colour = "green" if status in _GOOD else "red" if status in _BAD else "cyan"
    return f"[{colour}]{escape(status)}[/]"
