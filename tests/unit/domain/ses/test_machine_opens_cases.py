"""User agents of people and of machines (tests/cases/user_agents.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sesmail_layer.domain.ses.machine_opens import is_machine

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[3] / "cases/user_agents.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_user_agent_is_a_persons_or_a_machines(case: dict[str, Any]) -> None:
    assert is_machine(case["userAgent"]) is case["expect"]


def test_the_cases_have_people_and_machines() -> None:
    assert min(sum(case["expect"] is kind for case in CASES) for kind in (True, False)) >= 20
