"""The site's sources: every Markdown page of the project, with its links changed to what they are on a site."""

from __future__ import annotations

import posixpath
import re
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path

from tools.site.navigation import Section

REPOSITORY = "https://github.com/sesmail/sesmail"
HOME = "README.md"
# Not for readers of the site: templates of issues, a test's own page.
_LEFT_OUT = re.compile(r"^(\.github|tests|templates|python|localcloud)/")
_FENCE = re.compile(r"^ *(```|~~~)")
# Also an image's; not a link in inline code, which MyST keeps as it is.
_LINK = re.compile(r"(`[^`]*`)|(\]\()([^)\s#]*)(#[^)\s]*)?(\))")
_EXTERNAL = re.compile(r"^[a-z][a-z+.-]*:")


def page_names(root: Path) -> list[str]:
    """List the pages as paths from `root`: tracked ones and new ones."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    names = sorted(set(filter(None, listed.split("\0"))))
    return [name for name in names if not _LEFT_OUT.match(name) and (root / name).is_file()]


def site_page(name: str) -> str:
    """Return a page's path on the site: the README of the project is its first page."""
    return "index.md" if name == HOME else name


def with_links_of_the_site(text: str, name: str, root: Path, pages: Collection[str]) -> str:
    """Change the page's links: to pages as the site has them, to any other file in the repository."""
    lines, in_code = [], False
    for line in text.splitlines(keepends=True):
        if _FENCE.match(line):
            in_code = not in_code
        lines.append(line if in_code else _LINK.sub(lambda match: _link(match, name, root, pages), line))
    return "".join(lines)


def _link(match: re.Match[str], name: str, root: Path, pages: Collection[str]) -> str:
    code, opening, target, anchor, closing = match.groups()
    if code or not target or _EXTERNAL.match(target):
        return match[0]
    folder = posixpath.dirname(name)
    path = posixpath.normpath(posixpath.join(folder, target))
    if (root / path).is_dir() and f"{path}/{HOME}" in pages:
        path = f"{path}/{HOME}"
    if path in pages:
        found = posixpath.relpath(site_page(path), folder or ".")
    elif path.endswith((".svg", ".png")):
        return match[0]
    else:
        kind = "tree" if (root / path).is_dir() else "blob"
        found = f"{REPOSITORY}/{kind}/main/{path}"
    return f"{opening}{found}{anchor or ''}{closing}"


def navigation_blocks(sections: Iterable[Section]) -> str:
    """Return the sections as MyST's toctrees, for the first page."""
    blocks = [_toctree("", ["All pages <docs/README>"])]
    for section in sections:
        entries = [f"{entry.title} <{site_page(entry.path).removesuffix('.md')}>" for entry in section.entries]
        blocks.append(_toctree(f":caption: {section.title}\n", entries))
    return "\n".join(blocks)


def siblings_block(name: str, pages: Iterable[str]) -> str:
    """Return a toctree of the other pages in an index page's folder: the decisions, the pages for assistants."""
    folder = posixpath.dirname(name)
    others = [posixpath.basename(page).removesuffix(".md") for page in pages if posixpath.dirname(page) == folder]
    return "\n" + _toctree("", [other for other in others if f"{other}.md" != HOME])


def _toctree(options: str, entries: Iterable[str]) -> str:
    lines = "\n".join(entries)
    return f"```{{toctree}}\n:hidden:\n:titlesonly:\n{options}\n{lines}\n```\n"
