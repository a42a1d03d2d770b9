"""No file of the project ties it to one machine, or to where one installation got its packages from."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.architecture.sources import ROOT

# Written in pieces, so that this file passes its own test.
_FOLDERS = "|".join(("roo" + "t", "wor" + "k", "hom" + "e/[a-z]", "User" + "s/[A-Za-z]"))
_A_MACHINE_S_PATH = re.compile(rf"(?<![\w.$}}~*)/-])/(?:{_FOLDERS})(?:/|\b)")
_PACKAGE_REGISTRY = re.compile(
    "|".join((r"\bpyp" + r"i\.org", "python" + "hosted", "npm" + r"js\.(?:org|com)", r"--(?:extra-)?index" + "-url")),
    re.IGNORECASE,
)


def texts() -> dict[str, str]:
    """Gives the tracked files that are text, by their path."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = {}
    for name in filter(None, listed.split("\0")):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" not in content:
            found[name] = content.decode(errors="replace")
    assert found
    return found


@pytest.mark.parametrize("pattern", [_A_MACHINE_S_PATH, _PACKAGE_REGISTRY], ids=["path of a machine", "registry"])
def test_no_tracked_file_has_a(pattern: re.Pattern[str]) -> None:
    found = [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)
