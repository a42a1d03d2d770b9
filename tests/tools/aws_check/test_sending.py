"""The requests of the scenarios are at the limits that they are meant to be at."""

from __future__ import annotations

import json

import pytest

from sesmail_layer.domain.mime import EOL, address_line
from tools.aws_check.engine import Engine
from tools.aws_check.sending import BY_NAME, SCENARIOS, longest_name


@pytest.mark.parametrize("sender", ["no-reply@example.com", f"{'a' * 60}@{'b' * 60}.example.com"])
def test_the_longest_name_fills_the_from_line(sender: str) -> None:
    def length(name: str) -> int:
        return len(address_line("From", [sender], name).replace(EOL, ""))

    name = longest_name(sender)
    assert length(name) == 320
    assert length(name + "x") == 321


def test_each_scenario_has_an_id_and_a_recipient_of_its_own_run(engine: Engine) -> None:
    requests = [scenario.request(engine) for scenario in SCENARIOS]
    assert len({request["emailId"] for request in requests}) == len(SCENARIOS)
    assert all("+0a1b2c3d@simulator.amazonses.com" in request["to"] for request in requests)
    assert json.dumps(requests)


def test_the_invalid_request_lacks_its_template(engine: Engine) -> None:
    assert "templateName" not in BY_NAME["invalid"].request(engine)
