"""What of a deployment is billed without any mail, counted from Terraform's plan."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

Resource = tuple[str, Mapping[str, Any]]
"""A planned resource's type and values."""
# Of each queue that feeds a function, while it is empty:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
POLLERS = 5
_VARIABLES = Path(__file__).resolve().parents[2] / "modules/sesmail/variables.tf"
_FUNCTIONS = ("EmailSender", "FeedbackProcessor")


class Deployed(msgspec.Struct, frozen=True, kw_only=True):
    """What is deployed with Terraform's defaults."""

    alarms: int
    alarm_metrics: int
    """Metrics that the alarms read; one that adds up several counts each."""
    dashboards: int
    polled_queues: int
    sender_gb: float
    processor_gb: float
    architecture: str
    record_days: int
    log_days: int
    tables: int
    """Encrypted by KMS's key for DynamoDB."""
    backed_up: list[str]
    """Tables with point-in-time recovery."""
    tracing: bool


def counted(resources: Iterable[Resource]) -> Deployed:
    """Count a plan with the engine's defaults."""
    by_type: dict[str, list[Mapping[str, Any]]] = {}
    for kind, values in resources:
        by_type.setdefault(kind, []).append(values)
    functions = {
        name: values
        for values in by_type["aws_lambda_function"]
        for name in _FUNCTIONS
        if values["function_name"].endswith(name)
    }
    tables = by_type["aws_dynamodb_table"]
    alarms = by_type["aws_cloudwatch_metric_alarm"]
    logs = [group for group in by_type["aws_cloudwatch_log_group"] if group["name"].endswith(_FUNCTIONS)]
    [log_days] = {group["retention_in_days"] for group in logs}
    [architecture] = {tuple(values["architectures"]) for values in functions.values()}
    return Deployed(
        alarms=len(alarms),
        alarm_metrics=sum(map(_metrics_read, alarms)),
        dashboards=len(by_type["aws_cloudwatch_dashboard"]),
        polled_queues=len(by_type["aws_lambda_event_source_mapping"]),
        sender_gb=functions["EmailSender"]["memory_size"] / 1024,
        processor_gb=functions["FeedbackProcessor"]["memory_size"] / 1024,
        architecture=" ".join(architecture),
        record_days=_default("data_retention_days"),
        log_days=log_days,
        tables=sum(any(each["enabled"] for each in table["server_side_encryption"]) for table in tables),
        backed_up=sorted(
            table["name"].partition("-")[2]
            for table in tables
            if any(each["enabled"] for each in table.get("point_in_time_recovery", []))
        ),
        tracing=any(each["mode"] == "Active" for values in functions.values() for each in values["tracing_config"]),
    )


def _metrics_read(alarm: Mapping[str, Any]) -> int:
    return sum(len(query["metric"]) for query in alarm.get("metric_query") or []) or 1


def of_plan(text: str) -> Deployed:
    """Count what `terraform show -json` shows of a plan."""
    return counted(_resources(json.loads(text)["planned_values"]["root_module"]))


def _default(variable: str) -> int:
    """Return a variable's default: the functions' environment is not known before they are created."""
    found = re.search(
        rf'^variable "{variable}" {{\n(?:  .*\n)*?  default +=( \d+)$', _VARIABLES.read_text(), re.MULTILINE
    )
    if found is None:
        raise ValueError(f"{_VARIABLES} has no {variable} with a default")
    return int(found[1])


def _resources(module: Mapping[str, Any]) -> Iterator[Resource]:
    for resource in module.get("resources", []):
        if resource["mode"] == "managed":
            yield resource["type"], resource.get("values", {})
    for child in module.get("child_modules", []):
        yield from _resources(child)
