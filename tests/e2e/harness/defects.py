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


# Test files that a backend cannot run. A file that is not named here runs everywhere.
LEFT_OUT: dict[str, dict[str, str]] = {
    "ministack": {},
    "localstack": {
        "test_launcher.py": "tests the embedded emulator itself",
        "test_mixed_run.py": "needs the mailbox simulator; event source mappings take one batch a second",
        "test_simulator.py": "needs the mailbox simulator",
        "test_breaker.py": "its statuses come from SES v2's events, which LocalStack does not have",
        "test_ses_faults.py": "LocalStack's SES cannot be made to fail",
        "test_chaos.py": "kills the embedded emulator's function processes",
        "test_rights.py": "LocalStack's community edition does not enforce IAM",
        "test_docs.py": "its statuses come from SES v2's events, which LocalStack does not have",
        "test_producers.py": "its statuses come from SES v2's events, which LocalStack does not have",
        "test_starters.py": "its statuses come from SES v2's events, which LocalStack does not have",
        "test_whole_request.py": "its statuses come from SES v2's events, which LocalStack does not have",
        "test_readme_commands.py": "its stacks are of their own; LocalStack runs once, for the tests' one",
        "test_templates_page.py": "has nothing to do with the backend",
    },
}


def excused(backend: str, resource: str, changed: set[str]) -> bool:
    """Whether every changed attribute is a known defect of the backend."""
    known: set[str] = set()
    for defect in PLAN_DEFECTS[backend]:
        if defect.resource == resource:
            known |= defect.attributes
    return bool(changed) and changed <= known
