"""Render the local pages: Jinja2 with the shared design, where no value can become markup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sesmail_cli.web.text import shorten, visible

DESIGN = Path(__file__).parent / "design"


def environment(*folders: Path) -> Environment:
    """Return an environment for the templates of folders; `shell.html` and `parts.html` are the design's."""
    made = Environment(
        loader=FileSystemLoader([*folders, DESIGN]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printed,
    )
    made.filters |= {"shorten": shorten, "size": size, "number": number}
    return made


def _printed(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def size(count: int) -> str:
    """Describe a number of bytes: `812 bytes`, `14.2 KB`, `3.1 MB`."""
    if count < 1000:
        return f"{count} byte" + ("" if count == 1 else "s")
    return f"{count / 1000:.1f} KB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def number(count: int) -> str:
    """Write a count with separators: 1,000."""
    return f"{count:,}"
