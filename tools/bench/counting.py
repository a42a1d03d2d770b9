"""Count what AWS would bill: the requests of the engine's real code on moto, and the write units in DynamoDB."""

from __future__ import annotations

import json
import math
import os
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws

from sesmail_layer.aws import clients
from sesmail_layer.composition.email_sender import EmailSender
from sesmail_layer.composition.feedback_processor import FeedbackProcessor
from sesmail_layer.domain.ses.tags import encode_tags
from sesmail_layer.runtime.settings import Settings
from tools.simulation.environment import ACCOUNT, NAME, REGION, environment

_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_LAMBDA_FUNCTION_NAME": f"{NAME}-EmailSender",
}
SENDER = "no-reply@example.com"
_BUCKET = f"{NAME}-templates-{ACCOUNT}"
_KEYS = {"EmailTracking": "emailId", "Suppression": "email", "Control": "pk", "Pending": "emailId"}
# Each index with its keys and its attributes; None for all attributes.
_INDEXES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...] | None]] = {
    "to-email-timestamp-index": (("toEmail", "timestamp"), None),
    "ses-message-id-index": (("sesMessageId",), None),
    "date-partition-index": (("datePartition", "timestamp"), ("emailId", "datePartition", "timestamp", "status")),
    "original-email-id-index": (("originalEmailId",), None),
}
_TEMPLATE = {
    "template.html": "<p>Hello {{ userName }}</p>",
    "template.txt": "Hello {{ userName }}",
    "metadata.json": json.dumps({"subject": "Welcome", "requiredVariables": ["userName"]}),
}


class Meter:
    """Counts API calls, and write units of the tracking table, since the last reading."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.write_units = 0
        # The sender's threads call `note` at the same time.
        self._lock = threading.Lock()

    def note(self, model: Any, params: Any, **_: Any) -> None:
        with self._lock:
            self.calls[f"{model.service_model.service_name}:{model.name}"] += 1
            if model.name == "PutItem":
                body = json.loads(params["body"])
                if body["TableName"] == f"{NAME}-EmailTracking":
                    self.write_units += write_units(body["Item"])

    def read(self) -> tuple[Counter[str], int]:
        found = self.calls, self.write_units
        self.calls, self.write_units = Counter(), 0
        return found


def write_units(item: Mapping[str, Any]) -> int:
    """Return the cost of a write: one unit for each KB, in the table and in each index that has the item."""
    units = _kilobytes(item)
    for keys, projected in _INDEXES.values():
        if all(key in item for key in keys):
            units += _kilobytes(item if projected is None else {name: item[name] for name in projected if name in item})
    return units


def _kilobytes(item: Mapping[str, Any]) -> int:
    """Return the item's size, rounded up. DynamoDB counts names and values without type letters; so does plain JSON."""
    return math.ceil(len(json.dumps(_plain(item), separators=(",", ":"))) / 1024)


def _plain(value: Any) -> Any:
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("S", "N", "BOOL", "L", "M", "NULL"):
        return _plain(next(iter(value.values())))
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


@contextmanager
def engine() -> Iterator[tuple[EmailSender, FeedbackProcessor, Meter]]:
    """Compose both functions as in Lambda, with moto as AWS."""
    with mock_aws(), patch.dict(os.environ, _CREDENTIALS | environment(SESMAIL_MAX_SEND_RATE="500")):
        boto3.setup_default_session()
        _make_stack()
        meter = Meter()
        clients.session.cache_clear()
        clients.session().register("before-call.*", meter.note)
        settings = Settings.from_env()
        yield EmailSender(settings), FeedbackProcessor(settings), meter
    boto3.setup_default_session()
    clients.session.cache_clear()


def request_bodies(count: int) -> list[str]:
    """Return queue messages with one request each."""
    return [
        json.dumps(
            {
                "id": str(uuid.uuid4()),
                "source": "shop.orders",
                "detail-type": "Email Request",
                "detail": {
                    "emailId": f"order-{uuid.uuid4()}",
                    "to": f"reader-{uuid.uuid4()}@example.com",
                    "templateName": "welcome",
                    "templateData": {"userName": "John"},
                },
            }
        )
        for _ in range(count)
    ]


def ses_event_bodies(kind: str, records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return queue messages with one SES event for each of these emails."""
    return [
        json.dumps(
            {
                "eventType": kind.title(),
                "mail": {
                    "messageId": record["sesMessageId"],
                    "timestamp": record["sentAt"],
                    "destination": [record["toEmail"]],
                    "tags": {"emailId": [_tag(record["emailId"])], "attempt": [_tag("1")]},
                },
                kind: {"timestamp": record["sentAt"]}
                | ({"recipients": [record["toEmail"]]} if kind == "delivery" else {}),
            }
        )
        for record in records
    ]


def sqs_event(bodies: Sequence[str]) -> dict[str, Any]:
    return {"Records": [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]}


def records() -> list[dict[str, Any]]:
    return [dict(item) for item in boto3.resource("dynamodb").Table(f"{NAME}-EmailTracking").scan()["Items"]]


def _tag(text: str) -> str:
    return encode_tags(text, 1, "", "")["emailId"]


def _make_stack() -> None:
    dynamodb: Any = boto3.client("dynamodb")
    for table, key in _KEYS.items():
        indexes = _INDEXES if table == "EmailTracking" else {}
        names = {key} | {name for keys, _ in indexes.values() for name in keys}
        more: dict[str, Any] = {
            "GlobalSecondaryIndexes": [
                {"IndexName": index, "KeySchema": _schema(*keys), "Projection": {"ProjectionType": "ALL"}}
                for index, (keys, _) in indexes.items()
            ]
        }
        dynamodb.create_table(
            TableName=f"{NAME}-{table}",
            KeySchema=_schema(key),
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in sorted(names)],
            BillingMode="PAY_PER_REQUEST",
            **(more if indexes else {}),
        )
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for file, content in _TEMPLATE.items():
        s3.put_object(Bucket=_BUCKET, Key=f"templates/welcome/{file}", Body=content.encode())
    boto3.client("ses").verify_domain_identity(Domain="example.com")
    boto3.client("events").create_event_bus(Name=f"{NAME}-EmailBus")
    for queue in ("EmailQueue", "BulkQueue", "RetryQueue", "BulkRetryQueue", "FeedbackQueue", "FeedbackProcessorDLQ"):
        boto3.client("sqs").create_queue(QueueName=f"{NAME}-{queue}")


def _schema(*keys: str) -> list[Any]:
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]
