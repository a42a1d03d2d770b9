"""A second plan that changes anything fails; on an emulator, only its known gaps are left out."""

from __future__ import annotations

from typing import Any

import pytest

from tools.aws_check.applying import check_second_plan
from tools.aws_check.engine import Engine
from tools.aws_check.results import CheckFailedError, NotPossibleError

ALARM = "module.sesmail.module.alarms.aws_cloudwatch_metric_alarm.throttles"
QUEUE = "module.sesmail.module.email_queue.aws_sqs_queue.this"


def planning(engine: Engine, monkeypatch: pytest.MonkeyPatch, *changes: dict[str, Any]) -> Engine:
    """Let a second plan have these changes."""

    def plan_again() -> None:
        engine.deployment.second_plan = {"resource_changes": list(changes)}

    monkeypatch.setattr(engine.deployment, "plan_again", plan_again)
    return engine


def update(address: str, attribute: str) -> dict[str, Any]:
    before, after = {attribute: None, "name": "x"}, {attribute: "new", "name": "x"}
    return {"address": address, "type": "t", "change": {"actions": ["update"], "before": before, "after": after}}


def test_an_unchanged_resource_is_no_change(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    unchanged = update(QUEUE, "policy")
    unchanged["change"]["actions"] = ["no-op"]
    assert check_second_plan(planning(engine, monkeypatch, unchanged)) == {"changes": 0}


@pytest.mark.parametrize("change", [update(QUEUE, "policy"), update(ALARM, "alarm_actions")])
def test_a_change_on_aws_fails_and_is_named(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with pytest.raises(CheckFailedError, match=change["address"]):
        check_second_plan(planning(engine, monkeypatch, change))


def test_on_an_emulator_alarms_alone_are_left_out(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    gap = update(ALARM, "alarm_actions")
    with pytest.raises(NotPossibleError, match="1 alarms; nothing else differs"):
        check_second_plan(planning(engine, monkeypatch, gap))
    with pytest.raises(CheckFailedError, match="aws_sqs_queue"):
        check_second_plan(planning(engine, monkeypatch, gap, update(QUEUE, "policy")))
    with pytest.raises(CheckFailedError, match=r"throttles: \['threshold'\]"):
        check_second_plan(planning(engine, monkeypatch, update(ALARM, "threshold")))
