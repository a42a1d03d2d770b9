"""Where things are, and the one exception that a user sees as a sentence."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
BUILD = REPOSITORY / "build"
EMULATOR_PYTHON = REPOSITORY / ".venv-emulator" / "bin" / "python"


class LocalCloudError(Exception):
    """A failure that its message explains, and says how to fix where the user can."""
