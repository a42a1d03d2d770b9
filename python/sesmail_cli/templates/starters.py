"""The starter templates that come with `sesmail`."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def starters_folder() -> Path:
    """Return the folder of the starters' sources: the wheel's, or the clone's own `templates`."""
    packaged = _PACKAGE / "starters"
    return packaged if packaged.is_dir() else _PACKAGE.parents[1] / "templates"


def starter_names() -> list[str]:
    return sorted(path.parent.name for path in starters_folder().glob("*/metadata.json"))
