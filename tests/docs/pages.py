"""Read the project's Markdown pages."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
# What producers read, in the order in which a snippet is looked for.
PRODUCER_PAGES = tuple(
    DOCS / f"{name}.md"
    for name in (
        "send",
        "schedule-and-cancel",
        "attachments",
        "send-to-a-list",
        "unsubscribe",
        "status-events",
        "test-your-code",
        "integration",
    )
)

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<code>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_ROW = re.compile(r"^\|(.+)\|$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block of code."""

    page: Path
    language: str
    code: str
    line: int

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Return every tracked or new Markdown page of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = [ROOT / name for name in sorted(set(filter(None, listed.split("\0")))) if (ROOT / name).is_file()]
    assert found
    return found


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page, without the indentation of a list."""
    text = page.read_text()
    for match in _FENCE.finditer(text):
        indent = match["indent"]
        code = "\n".join(line.removeprefix(indent) for line in match["code"].split("\n"))
        yield Block(page, match["language"], code, text.count("\n", 0, match.start()) + 1)


def producer_snippet(language: str, containing: str) -> str:
    """Return the first block that contains a text, of the pages for producers."""
    found = (
        block.code for page in PRODUCER_PAGES if page.is_file() for block in blocks(page) if block.language == language
    )
    for code in found:
        if containing in code:
            return code
    raise AssertionError(f"no page for producers has a {language} block with {containing!r}")


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return _FENCE.sub("", page.read_text())


def links(page: Path) -> list[str]:
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub derives from a page's headings."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose(page)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
        number = next(n for n in range(len(found) + 1) if (f"{anchor}-{n}" if n else anchor) not in found)
        found.add(f"{anchor}-{number}" if number else anchor)
    return found


def rows(page: Path) -> Iterator[list[str]]:
    """Yield the cells of every row of every table, with headings and rulers."""
    for row in _ROW.findall(prose(page)):
        yield [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)]
