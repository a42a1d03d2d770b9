"""Templates from public bug reports, and more of their kinds, with their right results (tests/cases/templates.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.templates import Rendered, compile_template

Case = dict[str, Any]
CASES: list[Case] = json.loads((Path(__file__).parents[3] / "cases/templates.json").read_text(encoding="utf-8"))


def outcome(case: Case) -> Rendered | PermanentError:
    metadata = json.dumps({"subject": case.get("subject", "s")}).encode()
    try:
        return compile_template("t", case["html"].encode(), b"t", metadata).render(case["data"], None)
    except PermanentError as err:
        return err


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_every_template_renders_or_is_rejected_as_its_case_says(case: Case) -> None:
    found, expect = outcome(case), case["expect"]
    for part in expect.keys() & {"html", "subject"}:
        assert isinstance(found, Rendered), found
        assert getattr(found, part) == expect[part], case["why"]
    if expect.keys() & {"refused", "code", "words"}:
        assert isinstance(found, PermanentError), f"{case['why']} Rendered: {found}"
        assert found.code == expect.get("code", found.code)
        for words in expect.get("words", []):
            assert words in found.message
    for secret in expect.get("silent", []):
        assert not isinstance(found, PermanentError) or secret not in found.message, case["why"]
