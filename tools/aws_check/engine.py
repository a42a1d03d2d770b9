"""The deployed engine as the checks see it: send requests, read records, suppressions, events and queues."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from localcloud.wait import WaitTimeoutError, wait_for
from tools.aws_check.account import Account
from tools.aws_check.deployment import Deployment
from tools.aws_check.results import CheckFailedError

SOURCE = "sesmail.aws-check"
QUEUES = ("EmailQueue", "BulkQueue", "RetryQueue", "BulkRetryQueue", "FeedbackQueue")
DEAD_LETTER_QUEUES = (
    "EventBridgeDLQ",
    "EmailQueueDLQ",
    "BulkQueueDLQ",
    "RetryDLQ",
    "BulkRetryDLQ",
    "FeedbackProcessorDLQ",
)
FUNCTIONS = ("EmailSender", "FeedbackProcessor", "TemplateSeeder")
POLL_SECONDS = 1.0


@dataclass
class Engine:
    """The engine under check, what was sent to it, and what came back."""

    account: Account
    deployment: Deployment
    sender: str
    patience_seconds: float
    # Unix time of the first request; every wait for a status counts from it.
    sent_at: float = 0.0
    received: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = cache(self.account.client)

    @property
    def name(self) -> str:
        return self.deployment.name

    @property
    def outputs(self) -> Mapping[str, Any]:
        return self.deployment.outputs

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in this account and region."""
        return f"arn:{self.account.partition}:{service}:{self.account.region}:{self.account.id}:{resource}"

    # --- requests ----------------------------------------------------------------------------------------------

    def email_id(self, scenario: str) -> str:
        """Return the id of a scenario's email; it holds a character that SES takes in no tag."""
        return f"{self.name}:{scenario}"

    def put_requests(self, details: Iterable[Mapping[str, Any]]) -> None:
        """Put requests on the bus, at most ten at once. Raises CheckFailedError if EventBridge rejects one."""
        bus = self.outputs["event_bus_name"]
        entries = [
            {"Source": SOURCE, "DetailType": "Email Request", "EventBusName": bus, "Detail": json.dumps(detail)}
            for detail in details
        ]
        for start in range(0, len(entries), 10):
            answer = self.client("events").put_events(Entries=entries[start : start + 10])
            if answer["FailedEntryCount"]:
                errors = sorted({entry.get("ErrorCode", "") for entry in answer["Entries"]} - {""})
                raise CheckFailedError(f"EventBridge rejected {answer['FailedEntryCount']} requests: {errors}")

    # --- tables ------------------------------------------------------------------------------------------------

    def record(self, email_id: str) -> dict[str, Any] | None:
        """Read a tracking record."""
        return self._item(self.outputs["email_tracking_table_name"], {"emailId": {"S": email_id}})

    def suppression(self, address: str) -> dict[str, Any] | None:
        """Read the suppression entry of an address."""
        return self._item(self.outputs["suppression_table_name"], {"email": {"S": address}})

    def _item(self, table: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
        answer = self.client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
        deserialize = TypeDeserializer().deserialize
        return {name: deserialize(value) for name, value in answer["Item"].items()} if "Item" in answer else None

    # --- what the engine publishes -------------------------------------------------------------------------------

    def events(self, queue: str) -> list[dict[str, Any]]:
        """Return everything that one of the check's queues has received: Statuses, SesEvents or Alarms."""
        found = self.received.setdefault(queue, [])
        url, sqs = self.outputs["check_queue_urls"][queue], self.client("sqs")
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [parsed for message in messages if (parsed := _json(message["Body"])) is not None]
            handles = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
            sqs.delete_message_batch(QueueUrl=url, Entries=handles)
        return found

    def published(self, email_id: str) -> dict[str, dict[str, Any]]:
        """Return the status events of an email by status."""
        details = [event["detail"] for event in self.events("Statuses")]
        return {detail["status"]: detail for detail in details if detail["emailId"] == email_id}

    # --- queues ------------------------------------------------------------------------------------------------

    def queue_attributes(self, queue: str) -> dict[str, str]:
        """Return all attributes of one of the engine's queues by its name after `NAME-`."""
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=f"{self.name}-{queue}")["QueueUrl"]
        found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return found

    # --- waiting -----------------------------------------------------------------------------------------------

    @property
    def seconds_left(self) -> float:
        """Seconds until the patience since the first request is over; a look costs a second at least."""
        return max(1.0, self.sent_at + self.patience_seconds - time.time())

    def wait(self, look: Callable[[], Any], what: Callable[[], str], seconds: float | None = None) -> Any:
        """Wait for something true. Raises CheckFailedError after the patience that is left, or `seconds`."""
        try:
            return wait_for(look, "", self.seconds_left if seconds is None else seconds, POLL_SECONDS)
        except WaitTimeoutError:
            raise CheckFailedError(f"Not within {self.patience_seconds:.0f} s: {what()}") from None


def _json(text: str) -> dict[str, Any] | None:
    """Parse a message; None for SES's plain text about a new event destination."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
