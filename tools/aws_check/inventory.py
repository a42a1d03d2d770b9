"""List what an account has under a name, to see that the name is free and that destroy left nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tools.aws_check.account import Account


class Listing(NamedTuple):
    """One call that lists resources. Subscriptions are not listed: SNS itself forgets those of a deleted topic."""

    service: str
    operation: str
    key: str
    name: str = ""  # empty where the list holds names


LISTINGS = (
    Listing("dynamodb", "list_tables", "TableNames"),
    Listing("sqs", "list_queues", "QueueUrls"),
    Listing("sns", "list_topics", "Topics", "TopicArn"),
    Listing("s3", "list_buckets", "Buckets", "Name"),
    Listing("events", "list_event_buses", "EventBuses", "Name"),
    Listing("lambda", "list_functions", "Functions", "FunctionName"),
    Listing("lambda", "list_layers", "Layers", "LayerName"),
    Listing("lambda", "list_event_source_mappings", "EventSourceMappings", "FunctionArn"),
    Listing("logs", "describe_log_groups", "logGroups", "logGroupName"),
    Listing("iam", "list_roles", "Roles", "RoleName"),
    Listing("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    Listing("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    Listing("ssm", "describe_parameters", "Parameters", "Name"),
    Listing("sesv2", "list_configuration_sets", "ConfigurationSets"),
)


def inventory(account: Account, name: str) -> set[str]:
    """Return `service: resource` of everything with the name in its own."""
    return {
        f"{listing.service}: {found}" for listing in LISTINGS for found in _names(account, listing) if name in found
    }


def _names(account: Account, listing: Listing) -> Iterator[str]:
    client = account.client(listing.service)
    for page in pages(client, listing.operation):
        for entry in page.get(listing.key, ()):
            yield entry[listing.name] if listing.name else entry


def pages(client: Any, operation: str) -> Iterator[dict[str, Any]]:
    """Yield every page, also of SES v2's operations, which botocore cannot page."""
    if client.can_paginate(operation):
        yield from client.get_paginator(operation).paginate()
        return
    token: dict[str, str] = {}
    while True:
        page: dict[str, Any] = getattr(client, operation)(**token)
        yield page
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}
