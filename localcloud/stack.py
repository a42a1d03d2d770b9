"""The engine as Terraform applied it, with what a user does to it: send requests, read records, statuses and mails."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import boto3
from boto3.dynamodb.types import TypeDeserializer
from botocore.config import Config

from localcloud.emulator import CREDENTIALS, REGION, Emulator
from localcloud.mailbox import Mail, mails
from localcloud.subscriber import StatusSubscriber

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ses import SESClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

Found = TypeVar("Found")
DEFAULT_NAME = "sesmailengine"
SENDER_DOMAIN = "example.com"
QUEUES = ("EmailQueue", "BulkQueue", "RetryQueue", "FeedbackQueue")
DEAD_LETTER_QUEUES = ("EventBridgeDLQ", "EmailQueueDLQ", "BulkQueueDLQ", "RetryDLQ", "FeedbackProcessorDLQ")
DEPTH_ATTRIBUTES = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def client(emulator: Emulator, service: str) -> Any:
    """A boto3 client of the emulator, with nothing from the user's own AWS settings."""
    return boto3.client(
        cast("Any", service),
        endpoint_url=emulator.url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=20),
    )


def wait_for(look: Callable[[], Found | None], what: str, seconds: float = 30.0) -> Found:
    """Look again until there is something, or fail with `what` was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain for {what}; last seen: {found!r}")
        time.sleep(0.1)


@dataclass
class Stack:
    """Clients, outputs and helpers of one applied stack."""

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
        """Made at its first use; before that nothing is received."""
        name = f"{self.name}-tests-{uuid.uuid4().hex[:8]}"
        return StatusSubscriber(self.events, self.sqs, self.outputs["event_bus_name"], DEFAULT_NAME, name)

    @property
    def settled_status(self) -> str:
        """Where an ordinary email's status comes to rest: without SES's events nobody tells of the delivery."""
        return "delivered" if self.emulator.has_full_ses else "sent"

    # --- what a user does --------------------------------------------------------------------------------------

    def verify_sender(self) -> None:
        """As everybody must who sends with SES: the sender's domain is a verified identity."""
        self.ses.verify_domain_identity(Domain=SENDER_DOMAIN)

    def put_email_requests(self, details: Iterable[Mapping[str, Any]], source: str | None = None) -> list[str]:
        """PutEvents in entries of ten; returns the event ids in the order of the requests."""
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
        for start in range(0, len(entries), 10):
            answer = self.events.put_events(Entries=cast("Any", entries[start : start + 10]))
            assert answer["FailedEntryCount"] == 0, answer
            ids += [entry["EventId"] for entry in answer["Entries"]]
        return ids

    def put_email_request(self, to: str, source: str | None = None, **fields: Any) -> str:
        """One request; its emailId."""
        detail = {
            "to": to,
            "templateName": "welcome",
            "templateData": {"userName": "John", "companyName": "My Company"},
        } | fields
        [event_id] = self.put_email_requests([detail], source)
        return str(detail.get("emailId") or f"email-{event_id}")

    def put_email_request_and_wait(self, to: str, status: str = "", **fields: Any) -> dict[str, Any]:
        """One request, until its record has the status, or the one that an ordinary email comes to rest in."""
        return self.wait_for_status(self.put_email_request(to, **fields), status or self.settled_status)

    # --- what a user reads -------------------------------------------------------------------------------------

    def record(self, email_id: str) -> dict[str, Any] | None:
        """The tracking record."""
        return self._item(self.outputs["email_tracking_table_name"], {"emailId": email_id})

    def suppression(self, email: str) -> dict[str, Any] | None:
        """The suppression entry of an address."""
        return self._item(self.outputs["suppression_table_name"], {"email": email})

    def records(self) -> list[dict[str, Any]]:
        """All tracking records."""
        return self.scan(self.outputs["email_tracking_table_name"])

    def scan(self, table: str) -> list[dict[str, Any]]:
        """All items of a table."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return [plain(item) for page in pages for item in page["Items"]]

    def wait_for_status(self, email_id: str, *statuses: str, seconds: float = 30.0) -> dict[str, Any]:
        """The record once it has one of the statuses."""

        def look() -> dict[str, Any] | None:
            found = self.record(email_id)
            return found if found and found.get("status") in statuses else None

        try:
            return wait_for(look, f"{email_id} to become {' or '.join(statuses)}", seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}; its record: {self.record(email_id)}") from None

    def statuses_of(self, email_id: str) -> list[str]:
        """The statuses that the subscriber was told of, in no certain order.

        What was published twice under one event id counts once, as for a subscriber who heeds it.
        """
        return list({detail["eventId"]: detail["status"] for detail in self.subscriber.details_of(email_id)}.values())

    def mails(self) -> list[Mail]:
        """Everything that SES accepted."""
        return mails(self.emulator)

    def mails_to(self, address: str) -> list[Mail]:
        """What SES accepted for one address."""
        return [mail for mail in self.mails() if address in mail.destinations]

    # --- queues ------------------------------------------------------------------------------------------------

    def queue_url(self, queue: str) -> str:
        """URL of one of the stack's queues by its name after `NAME-`."""
        return self.sqs.get_queue_url(QueueName=f"{self.name}-{queue}")["QueueUrl"]

    def depth(self, queue: str) -> int:
        """Messages in a queue: waiting, in flight and delayed."""
        url = self.queue_url(queue)
        asked = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=cast("Any", DEPTH_ATTRIBUTES))
        found: Mapping[str, str] = dict(asked["Attributes"].items())
        return sum(int(found[name]) for name in DEPTH_ATTRIBUTES)

    def depths(self, queues: Iterable[str]) -> dict[str, int]:
        """Depths of the queues that hold something."""
        return {queue: depth for queue in queues if (depth := self.depth(queue))}

    def wait_until_quiet(self, seconds: float = 120.0, queues: Iterable[str] = QUEUES) -> None:
        """Until the queues have been empty twice in a row, a second apart."""
        names = tuple(queues)
        deadline = time.monotonic() + seconds
        quiet = 0
        while quiet < 2:
            left = self.depths(names)
            quiet = 0 if left else quiet + 1
            assert time.monotonic() < deadline, f"queues still hold messages after {seconds:.0f} s: {left}"
            time.sleep(0.5)

    def publish_ses_event(self, event: Mapping[str, Any] | str) -> None:
        """What SES would publish to the feedback topic: its JSON, or a plain text."""
        text = event if isinstance(event, str) else json.dumps(event)
        self.sns.publish(TopicArn=self.outputs["ses_feedback_topic_arn"], Message=text)

    def purge(self, *queues: str) -> None:
        """Empty queues, such as dead-letter queues that a test filled on purpose."""
        for queue in queues:
            self.sqs.purge_queue(QueueUrl=self.queue_url(queue))

    # --- the emulated SES --------------------------------------------------------------------------------------

    def order_fault(self, kind: str, **order: Any) -> None:
        """The emulated SES fails so at its next chance (`ses/faults.py`)."""
        self.emulator.request("POST", "_sesmail/faults", {"kind": kind, **order})

    def clear_faults(self) -> None:
        self.emulator.request("DELETE", "_sesmail/faults")

    def behave(self, **settings: Mapping[str, Any]) -> None:
        """Change the emulated SES's `quota` or `events` (`ses/desk.py`)."""
        self.emulator.request("PATCH", "_sesmail/behaviour", settings)

    def release_events(self) -> None:
        """Publish the SES events that were held back."""
        self.emulator.request("POST", "_sesmail/release", {})

    def tell(self, mail: Mail, event_type: str, detail: Mapping[str, Any]) -> None:
        """SES publishes one more event about an accepted mail, such as Open."""
        body = {"messageId": mail.message_id, "eventType": event_type, "detail": detail}
        answer = self.emulator.request("POST", "_sesmail/events", body)
        assert answer["published"], f"no event destination takes {event_type}"

    def _item(self, table: str, key: Mapping[str, str]) -> dict[str, Any] | None:
        wire_key = {name: {"S": value} for name, value in key.items()}
        answer = self.dynamodb.get_item(TableName=table, Key=cast("Any", wire_key), ConsistentRead=True)
        return plain(answer["Item"]) if "Item" in answer else None


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """A DynamoDB item as JSON would have it: numbers as int or float."""
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
