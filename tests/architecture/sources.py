"""The project's sources, as the architecture tests read them."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYER = ROOT / "python/sesmail_layer"
HANDLERS = sorted((ROOT / "functions").glob("*/handler.py"))


@dataclass(frozen=True)
class Source:
    """One parsed module."""

    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        """The layer's package that contains it: `domain`, `usecases`, …"""
        return self.path.relative_to(LAYER).parts[0]

    @property
    def module(self) -> str:
        """Its import path, of `python/` as seen from there."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[1:] if parts[0] == "python" else parts)

    def imports(self) -> Iterator[str]:
        """Yield the full names of its imports; for `from a.b import c` both `a.b` and `a.b.c`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.path}: relative import"
                yield node.module or ""
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def imports_at_run_time(self) -> list[str]:
        """Return the modules that it imports from, without those that only type checkers read."""
        left: list[ast.AST] = [self.tree]
        found = []
        while left:
            node = left.pop()
            if isinstance(node, ast.ImportFrom):
                found.append(node.module or "")
            elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
                left += ast.iter_child_nodes(node)
        return found

    def attributes(self) -> Iterator[str]:
        """Yield every dotted name that it uses, such as `datetime.now`."""
        return (ast.unparse(node) for node in ast.walk(self.tree) if isinstance(node, ast.Attribute))


def sources(folder: str) -> list[Source]:
    """Return the modules below a folder, such as `tools` or `python/sesmail_cli`."""
    found = [Source(path, ast.parse(path.read_text())) for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found, f"no modules in {folder}"
    return found


def layer_sources(room: str = "") -> list[Source]:
    return [source for source in sources(f"python/sesmail_layer/{room}") if source.path.parent != LAYER]


LAYER_SOURCES_BY_MODULE = {source.module: source for source in layer_sources()}


def within(name: str, packages: Iterable[str]) -> bool:
    """Whether a module is one of the packages or in one of them."""
    return any(name == package or name.startswith(package + ".") for package in packages)


@cache
def tracked_texts() -> dict[str, str]:
    """Return the tracked text files by path."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = {}
    for name in filter(None, listed.split("\0")):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" not in content:
            found[name] = content.decode(errors="replace")
    assert found
    return found
