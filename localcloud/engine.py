"""A deployed engine as its users see it: send requests, read records, status events, emails and queue depths."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from boto3.dynamodb.types import TypeDeserializer

from localcloud.clients import client
from localcloud.emulator import Emulator
from localcloud.mailbox import Mail, mails
from localcloud.paths import LocalCloudError
from localcloud.subscriber import StatusSubscriber
from localcloud.wait import WaitTimeoutError, wait_for

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ses import SESClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

DEFAULT_NAME = "sesmailengine"
SENDER_DOMAIN = "example.com"
# PutEvents takes at most ten entries.
MAX_PUT_EVENTS_ENTRIES = 10
QUEUES = ("EmailQueue", "BulkQueue", "RetryQueue", "BulkRetryQueue", "FeedbackQueue")
DEAD_LETTER_QUEUES = (
    "EventBridgeDLQ",
    "EmailQueueDLQ",
    "BulkQueueDLQ",
    "RetryDLQ",
    "BulkRetryDLQ",
    "FeedbackProcessorDLQ",
)
DEPTH_ATTRIBUTES = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass
class Engine:
    """A deployed engine: its clients, its Terraform outputs and what a user does with it."""

    emulator: Emulator
    outputs: Mapping[str, Any]
    name: str = DEFAULT_NAME
    source: str = "my.application"

    # --- clients -----------------------------------------------------------------------------------------------

    @cached_property
    def events(self) -> EventBridgeClient:
        return cast("EventBridgeClient", client(self.emulator, "events"))

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return cast("DynamoDBClient", client(self.emulator, "dynamodb"))

    @cached_property
    def sqs(self) -> SQSClient:
        return cast("SQSClient", client(self.emulator, "sqs"))

    @cached_property
    def sns(self) -> SNSClient:
        return cast("SNSClient", client(self.emulator, "sns"))

    @cached_property
    def s3(self) -> S3Client:
        return cast("S3Client", client(self.emulator, "s3"))

    @cached_property
    def ses(self) -> SESClient:
        return cast("SESClient", client(self.emulator, "ses"))

    @cached_property
    def functions(self) -> LambdaClient:
        return cast("LambdaClient", client(self.emulator, "lambda"))

    @cached_property
    def subscriber(self) -> StatusSubscriber:
        """The subscriber to status events; made at its first use, it receives nothing published earlier."""
        name = f"{self.name}-subscriber-{uuid.uuid4().hex[:8]}"
        return StatusSubscriber(self.events, self.sqs, self.outputs["event_bus_name"], DEFAULT_NAME, name)

    # --- requests ----------------------------------------------------------------------------------------------

    def verify_sender(self) -> None:
        """Verify the sender's domain, as SES requires of every sender."""
        self.ses.verify_domain_identity(Domain=SENDER_DOMAIN)

    def confirm_alarms(self) -> None:
        """Confirm the alarms' subscription, as the administrator does by the link in SNS's mail."""
        if self.emulator.has_full_ses:
            self.emulator.request("POST", "_sesmail/confirmations")

    def put_email_requests(self, details: Iterable[Mapping[str, Any]], source: str | None = None) -> list[str]:
        """Put requests on the bus; return their event ids, in order.

        Raises LocalCloudError if EventBridge rejects one.
        """
        entries = [
            {
                "Source": source or self.source,
                "DetailType": "Email Request",
                "EventBusName": self.outputs["event_bus_name"],
                "Detail": json.dumps(detail),
            }
            for detail in details
        ]
        ids: list[str] = []
        for start in range(0, len(entries), MAX_PUT_EVENTS_ENTRIES):
            batch = entries[start : start + MAX_PUT_EVENTS_ENTRIES]
            answer = self.events.put_events(Entries=cast("Any", batch))
            if answer["FailedEntryCount"]:
                raise LocalCloudError(f"EventBridge rejected email requests: {answer['Entries']}")
            ids += [entry["EventId"] for entry in answer["Entries"]]
        return ids

    def put_email_request(self, to: str, source: str | None = None, **fields: Any) -> str:
        """Put one request on the bus; return its emailId."""
        detail = {
            "to": to,
            "templateName": "welcome",
            "templateData": {"userName": "John", "companyName": "My Company"},
        } | fields
        [event_id] = self.put_email_requests([detail], source)
        return str(detail.get("emailId") or f"email-{event_id}")

    # --- records, status events, emails ------------------------------------------------------------------------

    def record(self, email_id: str) -> dict[str, Any] | None:
        """Read a tracking record."""
        return self._item(self.outputs["email_tracking_table_name"], {"emailId": email_id})

    def suppression(self, email: str) -> dict[str, Any] | None:
        """Read the suppression entry of an address."""
        return self._item(self.outputs["suppression_table_name"], {"email": email})

    def records(self) -> list[dict[str, Any]]:
        """Read all tracking records."""
        return self.scan(self.outputs["email_tracking_table_name"])

    def scan(self, table: str) -> list[dict[str, Any]]:
        """Read all items of a table."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return [plain(item) for page in pages for item in page["Items"]]

    def wait_for_status(self, email_id: str, *statuses: str, seconds: float = 30.0) -> dict[str, Any]:
        """Wait until the record has one of the statuses; return the record."""

        def look() -> dict[str, Any] | None:
            found = self.record(email_id)
            return found if found and found.get("status") in statuses else None

        try:
            return wait_for(look, f"{email_id} to become {' or '.join(statuses)}", seconds)
        except WaitTimeoutError as late:
            raise WaitTimeoutError(f"{late}; its record: {self.record(email_id)}") from None

    def statuses_of(self, email_id: str) -> list[str]:
        """List the statuses that were published, in no certain order; an event id published twice counts once."""
        return list({detail["eventId"]: detail["status"] for detail in self.subscriber.details_of(email_id)}.values())

    def mails(self) -> list[Mail]:
        """List everything that SES accepted."""
        return mails(self.emulator)

    def mails_to(self, address: str) -> list[Mail]:
        """List what SES accepted for one address."""
        return [mail for mail in self.mails() if address in mail.destinations]

    # --- queues ------------------------------------------------------------------------------------------------

    def queue_url(self, queue: str) -> str:
        """Return the URL of one of the engine's queues by its name after `NAME-`."""
        return self.sqs.get_queue_url(QueueName=f"{self.name}-{queue}")["QueueUrl"]

    def depth(self, queue: str) -> int:
        """Count a queue's messages: visible, in flight and delayed."""
        url = self.queue_url(queue)
        asked = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=cast("Any", DEPTH_ATTRIBUTES))
        found: Mapping[str, str] = dict(asked["Attributes"].items())
        return sum(int(found[name]) for name in DEPTH_ATTRIBUTES)

    def depths(self, queues: Iterable[str]) -> dict[str, int]:
        """Count the messages of each queue that is not empty."""
        return {queue: depth for queue in queues if (depth := self.depth(queue))}

    def wait_until_idle(self, seconds: float = 120.0, queues: Iterable[str] = QUEUES) -> None:
        """Wait until the queues are empty twice in a row: between two queues, a message is in neither."""
        names = tuple(queues)
        deadline = time.monotonic() + seconds
        in_a_row = 0
        while in_a_row < 2:
            left = self.depths(names)
            in_a_row = 0 if left else in_a_row + 1
            if time.monotonic() > deadline:
                raise WaitTimeoutError(f"Queues still hold messages after {seconds:.0f} s: {left}")
            time.sleep(0.5)

    def _item(self, table: str, key: Mapping[str, str]) -> dict[str, Any] | None:
        wire_key = {name: {"S": value} for name, value in key.items()}
        answer = self.dynamodb.get_item(TableName=table, Key=cast("Any", wire_key), ConsistentRead=True)
        return plain(answer["Item"]) if "Item" in answer else None


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a DynamoDB item into what JSON would hold: numbers become int or float."""
    deserialize = TypeDeserializer().deserialize
    return {name: _plain(deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
