"""Code blocks of a Markdown page, so that the code that a reader copies is the code that runs here."""

from __future__ import annotations

import re
from pathlib import Path

from localcloud.paths import LocalCloudError

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def code_blocks(page: Path, language: str) -> list[str]:
    """List the blocks of a language, in order."""
    return [code for found, code in _BLOCK.findall(page.read_text()) if found == language]


def snippet(page: Path, language: str, containing: str) -> str:
    """Return the page's first code block in a language that contains a text. Raises LocalCloudError."""
    for code in code_blocks(page, language):
        if containing in code:
            return code
    raise LocalCloudError(f"{page.name} has no {language} block with {containing!r}.")
