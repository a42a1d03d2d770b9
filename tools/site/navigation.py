"""The order of the pages: docs/README.md, whose sections and links are the site's navigation and llms.txt."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

_SECTION = re.compile(r"^## (.+)$")
_ENTRY = re.compile(r"^\* \[(?P<title>[^\]]+)\]\((?P<path>[^)#]+)\): (?P<summary>.+)$")


@dataclass(frozen=True)
class Entry:
    """One page: its title, its path from the repository's root, and what it is for in one line."""

    title: str
    path: str
    summary: str


@dataclass(frozen=True)
class Section:
    title: str
    entries: tuple[Entry, ...]


class InvalidIndexError(ValueError):
    """A line of the index that is neither a heading nor an entry."""


def sections(index: str, folder: str = "docs") -> list[Section]:
    """Read the sections of an index page in `folder`.

    Raises `InvalidIndexError` for a line of a list that is not `* [Title](path): summary`.
    """
    found: list[tuple[str, list[Entry]]] = []
    for line in _joined(index):
        if heading := _SECTION.match(line):
            found.append((heading[1], []))
        elif entry := _ENTRY.match(line):
            path = posixpath.normpath(posixpath.join(folder, entry["path"]))
            found[-1][1].append(Entry(entry["title"], path, entry["summary"]))
        elif line.startswith("* "):
            raise InvalidIndexError(f"{line!r} is not an entry. Write: * [Title](path): what the page is for.")
    return [Section(title, tuple(entries)) for title, entries in found]


def _joined(text: str) -> Iterator[str]:
    """Yield lines; an entry that continues on indented lines is one."""
    line = ""
    for each in text.splitlines():
        if each.startswith("  ") and line.startswith("* "):
            line = f"{line} {each.strip()}"
            continue
        if line:
            yield line
        line = each
    if line:
        yield line
