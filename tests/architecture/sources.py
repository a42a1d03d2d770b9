"""The project's sources as the architecture tests look at them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYER = ROOT / "python/sesmail_layer"
HANDLERS = sorted((ROOT / "functions").glob("*/handler.py"))


@dataclass(frozen=True)
class Source:
    """One module, parsed."""

    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        """The package that it stands in: `domain`, `usecases`, …"""
        return self.path.relative_to(LAYER).parts[0]

    @property
    def module(self) -> str:
        return ".".join(("sesmail_layer", *self.path.relative_to(LAYER).with_suffix("").parts))

    def imports(self) -> Iterator[str]:
        """Gives what it imports, as full names; of `from a.b import c` both `a.b` and `a.b.c`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.path}: relative import"
                yield node.module or ""
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def attributes(self) -> Iterator[str]:
        """Gives every dotted name that is looked up, such as `datetime.now`."""
        return (ast.unparse(node) for node in ast.walk(self.tree) if isinstance(node, ast.Attribute))


def layer_sources(room: str = "*") -> list[Source]:
    sources = [Source(path, ast.parse(path.read_text())) for path in sorted(LAYER.glob(f"{room}/**/*.py"))]
    assert sources, f"no modules in {room}"
    return sources
