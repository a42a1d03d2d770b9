"""Terraform's part: everything is created, a second plan is empty, the outputs are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.paths import REPOSITORY
from tools.aws_check.engine import Engine
from tools.aws_check.results import Check, Evidence, NotPossibleError, require

# MiniStack's DescribeAlarms in the provider's protocol lacks these; the SDK's protocol has them.
NOT_RETURNED = {
    *("actions_enabled", "alarm_actions", "alarm_description", "dimensions", "ok_actions", "period", "statistic"),
    "treat_missing_data",
}


def check_apply(engine: Engine) -> Evidence:
    """Apply into an empty state."""
    engine.deployment.apply()
    return {"resources": len(engine.deployment.terraform.resources())}


def check_second_plan(engine: Engine) -> Evidence:
    """Nothing differs from what was applied."""
    engine.deployment.plan_again()
    changes = dict(_changes(engine.deployment.second_plan))
    gaps = {address for address, change in changes.items() if _is_not_returned(address, change)}
    other = sorted(f"{address}: {sorted(change)}" for address, change in changes.items() if address not in gaps)
    if engine.account.is_emulated and gaps and not other:
        raise NotPossibleError(
            f"The emulator does not return all attributes of {len(gaps)} alarms; nothing else differs."
        )
    every = other + [f"{address}: {sorted(changes[address])}" for address in sorted(gaps)]
    require(not other and (engine.account.is_emulated or not gaps), f"A second plan changes {every}")
    return {"changes": 0}


def _changes(plan: Mapping[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Yield each resource and output that the plan changes, with the names of its changed attributes."""
    for resource in plan.get("resource_changes", []):
        change = resource["change"]
        if change["actions"] in (["no-op"], ["read"]):
            continue
        before, after = change.get("before") or {}, change.get("after") or {}
        yield resource["address"], {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    for name, output in plan.get("output_changes", {}).items():
        if output["actions"] != ["no-op"]:
            yield f"output.{name}", set()


def _is_not_returned(address: str, change: set[str]) -> bool:
    return "aws_cloudwatch_metric_alarm." in address and bool(change) and change <= NOT_RETURNED


# The engine that is checked has no unsubscribe page.
WITHOUT_VALUE = {"unsubscribe_url", "unsubscribe_api_id"}


def check_outputs(engine: Engine) -> Evidence:
    """Each output that the root declares has a value, but for those of features that the checked engine has not."""
    declared = {
        line.split('"')[1]
        for line in (REPOSITORY / "terraform" / "outputs.tf").read_text().splitlines()
        if line.startswith("output ")
    } - WITHOUT_VALUE
    missing = sorted(name for name in declared if engine.outputs.get(name) in (None, ""))
    require(not missing, f"Outputs without a value: {missing}")
    return {"outputs": len(declared)}


APPLY = Check(
    "Terraform applies the engine",
    check_apply,
    "Read Terraform's error; where a right is missing, CONTRIBUTING.md says which the caller needs.",
)
CHECKS = (
    Check("A second plan is empty", check_second_plan, "Report it with this file: an apply would change it each time."),
    Check("Every output has a value", check_outputs, "Report it with this file."),
)
