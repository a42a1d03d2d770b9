"""No tracked file names a machine's paths or a package registry."""

from __future__ import annotations

import re

import pytest

from tests.architecture.sources import tracked_texts

# Split, so that this file passes its own test.
_FOLDERS = "|".join(("roo" + "t", "wor" + "k", "hom" + "e/[a-z]", "User" + "s/[A-Za-z]"))
_MACHINE_PATH = re.compile(rf"(?<![\w.$}}~*)/-])/(?:{_FOLDERS})(?:/|\b)")
_PACKAGE_REGISTRY = re.compile(
    "|".join((r"\bpyp" + r"i\.org", "python" + "hosted", "npm" + r"js\.(?:org|com)", r"--(?:extra-)?index" + "-url")),
    re.IGNORECASE,
)


@pytest.mark.parametrize("pattern", [_MACHINE_PATH, _PACKAGE_REGISTRY], ids=["machine path", "registry"])
def test_no_tracked_file_names_a(pattern: re.Pattern[str]) -> None:
    found = [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in tracked_texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)
