"""List the resources of the emulated account, to check that destroy leaves none."""

from __future__ import annotations

from typing import Any

from localcloud.clients import client
from localcloud.emulator import Emulator

# (service, operation, the answer's list, the key of its name; "" where the list holds names)
LISTS = (
    ("dynamodb", "list_tables", "TableNames", ""),
    ("sqs", "list_queues", "QueueUrls", ""),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("events", "list_event_buses", "EventBuses", "Name"),
    ("lambda", "list_functions", "Functions", "FunctionName"),
    ("lambda", "list_layers", "Layers", "LayerName"),
    ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    ("ssm", "describe_parameters", "Parameters", "Name"),
    ("ses", "list_configuration_sets", "ConfigurationSets", "Name"),
)


def inventory(emulator: Emulator) -> set[str]:
    """Return `service list: name` of every resource."""
    found: set[str] = set()
    for service, operation, key, name in LISTS:
        answer: dict[str, Any] = getattr(client(emulator, service), operation)()
        found |= {f"{service} {key}: {entry[name] if name else entry}" for entry in answer.get(key, [])}
    return found
