"""The starter templates that come with `sesmail`."""

from __future__ import annotations

from pathlib import Path

from sesmail_layer.domain.template.starters import NO_VERSION, precedence

NEVER_REPLACED = "1000.0.0"
"""A version that no starter will reach (docs/templates.md)."""
_PACKAGE = Path(__file__).parents[1]


def starters_folder() -> Path:
    """Return the folder of the starters' sources: the wheel's, or the clone's own `templates`."""
    packaged = _PACKAGE / "starters"
    return packaged if packaged.is_dir() else _PACKAGE.parents[1] / "templates"


def starter_names() -> list[str]:
    return sorted(path.parent.name for path in starters_folder().glob("*/metadata.json"))


def is_replaced_by_starter(name: str, version: str | None) -> bool:
    """Return True where the seeder would replace a template of that name by a newer version of the starter."""
    if name not in starter_names():
        return False
    try:
        return precedence(version or NO_VERSION) < precedence(NEVER_REPLACED)
    except ValueError:
        return True
