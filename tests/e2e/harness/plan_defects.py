"""What a second plan changes, except for what the emulators are known to get wrong, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.terraform import Terraform


@dataclass(frozen=True)
class PlanDefect:
    """Attributes of a resource that an emulator does not return, so that a second plan sets them again."""

    resource: str
    attributes: frozenset[str]
    reason: str


PLAN_DEFECTS: dict[str, tuple[PlanDefect, ...]] = {
    "ministack": (
        PlanDefect(
            "aws_cloudwatch_metric_alarm",
            frozenset(
                {
                    "actions_enabled",
                    "alarm_actions",
                    "alarm_description",
                    "dimensions",
                    "ok_actions",
                    "period",
                    "statistic",
                    "treat_missing_data",
                }
            ),
            "DescribeAlarms returns the provider's alarms without these",
        ),
    ),
    "localstack": (
        PlanDefect(
            "aws_cloudwatch_metric_alarm",
            frozenset({"tags", "tags_all"}),
            "PutMetricAlarm drops the tags of a new alarm",
        ),
    ),
}


def unexpected_changes(terraform: Terraform) -> list[str]:
    """List what a second plan changes, without the backend's known defects."""
    plan = terraform.plan()
    changes = [
        f"output {name}: {'+'.join(output['actions'])}"
        for name, output in plan.get("output_changes", {}).items()
        if output["actions"] != ["no-op"]
    ]
    return [*_resource_changes(plan, terraform.backend), *changes]


def _resource_changes(plan: Mapping[str, Any], backend: str) -> Iterator[str]:
    for resource in plan.get("resource_changes", []):
        change = resource["change"]
        if change["actions"] in (["no-op"], ["read"]):
            continue
        attributes = _changed_attributes(change)
        if change["actions"] != ["update"] or not is_known_defect(backend, resource["type"], attributes):
            yield f"{resource['address']}: {'+'.join(change['actions'])} {sorted(attributes)}"


def is_known_defect(backend: str, resource: str, changed: set[str]) -> bool:
    """Whether every changed attribute is a known defect of the backend."""
    known: set[str] = set()
    for defect in PLAN_DEFECTS[backend]:
        if defect.resource == resource:
            known |= defect.attributes
    return bool(changed) and changed <= known


def _changed_attributes(change: Mapping[str, Any]) -> set[str]:
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    named = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return named | {key for key, value in unknown.items() if value is True and key not in after}
