"""What the emulators cannot do, by name and reason. The one place; nothing else excuses a difference."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlanDefect:
    """Attributes of a resource that an emulator does not give back, so that a second plan wants to set them again."""

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
            "alarms that the provider writes come back without these",
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


def excused(backend: str, resource: str, changed: set[str]) -> bool:
    """Whether every changed attribute is a known defect of the backend."""
    known: set[str] = set()
    for defect in PLAN_DEFECTS[backend]:
        if defect.resource == resource:
            known |= defect.attributes
    return bool(changed) and changed <= known
