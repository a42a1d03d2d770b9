"""`make up BRAND=…` before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from localcloud import emulator
from localcloud.paths import LocalCloudError
from localcloud.up import up


@pytest.mark.parametrize(("content", "why"), [(None, "No such file"), ('{"colour": "red"}', "unknown field `colour`")])
def test_a_brand_that_cannot_be_used_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, why: str
) -> None:
    monkeypatch.setattr(emulator, "start", lambda **_: pytest.fail("it was started"))
    path = tmp_path / "brand.json"
    if content:
        path.write_text(content)
    with pytest.raises(LocalCloudError, match=why):
        up(1, Console(), path)
