"""Count what AWS would bill: the requests of the engine's real code on moto, and DynamoDB's units."""

from __future__ import annotations

import json
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
from moto.sqs.models import sqs_backends

from sesmail_layer.aws import clients
from sesmail_layer.aws.dynamodb_items import plain_value
from sesmail_layer.composition.email_sender import EmailSender
from sesmail_layer.composition.feedback_processor import FeedbackProcessor
from sesmail_layer.domain.ses.tags import encode_tags
from sesmail_layer.domain.times import utc_seconds, utc_text
from sesmail_layer.runtime.clock import SystemClock
from sesmail_layer.runtime.settings import Settings
from tools.bench.unit_meter import UnitMeter, metered
from tools.simulation.environment import ACCOUNT, NAME, REGION, environment
from tools.simulation.tables import tables

_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_LAMBDA_FUNCTION_NAME": f"{NAME}-EmailSender",
}
# As large mailbox providers write them.
_SMTP_RESPONSE = "250 2.0.0 OK  1795516262 5b1f17b1804b1-4790b0c3e1fsi12345678f8f.123 - gsmtp"
_MAILBOX_FULL = (
    "smtp; 452 4.2.2 The recipient's inbox is out of storage space. https://support.example/mail?p=OverQuota"
)
# Some minutes after an hour and hours after midnight: a count that passes either writes to other keys.
_START = utc_seconds("2026-11-28T10:05:21.123Z")
# Seconds: SES accepts an email after its claim, and before the sender looks at the clock for `sentAt`.
_ACCEPTED_BEFORE = 0.001
SENDER = "no-reply@example.com"
_BUCKET = f"{NAME}-templates-{ACCOUNT}"
_TEMPLATE = {
    "template.html": "<p>Hello {{ userName }}</p>",
    "template.txt": "Hello {{ userName }}",
    "metadata.json": json.dumps({"subject": "Welcome", "requiredVariables": ["userName"]}),
}


class SteadyClock:
    """The functions' clock: two milliseconds pass with each look, whatever the machine needs.

    On the real one, a busy machine reads policies again in the middle of a count: they are cached for five seconds.
    """

    def __init__(self) -> None:
        self._now = _START
        self._lock = threading.Lock()

    def now(self) -> float:
        self.sleep(0.002)
        return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._now += max(0.0, seconds)


class Meter:
    """Counts API calls, and DynamoDB's units, since the last reading."""

    def __init__(self, units: UnitMeter, clock: SteadyClock) -> None:
        self.calls: Counter[str] = Counter()
        self.bodies: list[tuple[str, bytes]] = []
        """The calls with what they send."""
        self.units = units
        self.clock = clock
        # The sender's threads call `note` at the same time.
        self._lock = threading.Lock()

    def note(self, model: Any, params: Mapping[str, Any], **_: Any) -> None:
        name = f"{model.service_model.service_name}:{model.name}"
        body = params.get("body")
        with self._lock:
            self.calls[name] += 1
            self.bodies.append((name, body if isinstance(body, bytes) else b""))

    def clear(self) -> None:
        self.calls = Counter()
        self.bodies = []
        self.units.clear()

    def read(self) -> tuple[Counter[str], int]:
        """Return the calls, and the write units of all tables and indexes."""
        found = self.calls, sum(self.units.write_units().values())
        self.clear()
        return found


@contextmanager
def engine() -> Iterator[tuple[EmailSender, FeedbackProcessor, Meter]]:
    """Compose both functions as in Lambda, with moto as AWS."""
    variables = _CREDENTIALS | environment(SESMAIL_MAX_SEND_RATE="500")
    clock = SteadyClock()
    steady = patch.multiple(SystemClock, now=staticmethod(clock.now), sleep=staticmethod(clock.sleep))
    with mock_aws(), metered(NAME) as units, patch.dict(os.environ, variables), steady:
        boto3.setup_default_session()
        _make_stack()
        meter = Meter(units, clock)
        clients.session.cache_clear()
        clients.session().register("before-call.*", meter.note)
        settings = Settings.from_env()
        yield EmailSender(settings), FeedbackProcessor(settings), meter
    boto3.setup_default_session()
    clients.session.cache_clear()


def request_bodies(count: int, **given: Any) -> list[str]:
    """Return queue messages with one ordinary request each; `given` are fields in place of its own."""
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
                    "metadata": {"orderId": "order-4711", "customerId": "customer-0815", "campaign": "autumn-sale"},
                    **given,
                },
            }
        )
        for _ in range(count)
    ]


def ses_event_bodies(kind: str, records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return queue messages with one SES event for each of these emails, of its latest attempt.

    SES accepted it a moment before the sender recorded that; it was delivered soon, and opened later.
    """
    return [json.dumps(_ses_event(kind, record)) for record in records]


def _ses_event(kind: str, record: Mapping[str, Any]) -> dict[str, Any]:
    to, sent = record["toEmail"], utc_seconds(record["sentAt"])
    at = utc_text(sent + {"send": -_ACCEPTED_BEFORE, "open": 3_600}.get(kind, 1.5))
    payloads: dict[str, dict[str, Any]] = {
        "delivery": {"recipients": [to], "smtpResponse": _SMTP_RESPONSE},
        "open": {"ipAddress": "192.0.2.7", "userAgent": "Mozilla/5.0 (Windows NT 10.0) Firefox/128.0"},
        "bounce": {
            "bounceType": "Transient",
            "bounceSubType": "MailboxFull",
            "bouncedRecipients": [{"emailAddress": to, "status": "4.2.2", "diagnosticCode": _MAILBOX_FULL}],
            "feedbackId": f"0102{uuid.uuid4()}-000000",
        },
    }
    tags = {"emailId": [_tag(record["emailId"])], "attempt": [_tag(str(record["attempt"]))]}
    mail = {
        "messageId": record["sesMessageId"],
        "timestamp": utc_text(sent - _ACCEPTED_BEFORE),
        "destination": [to],
        "tags": tags,
    }
    return {"eventType": kind.title(), "mail": mail, kind: {"timestamp": at, **payloads.get(kind, {})}}


def sqs_event(bodies: Sequence[str]) -> dict[str, Any]:
    return {"Records": [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]}


def records() -> list[dict[str, Any]]:
    return [{name: plain_value(value) for name, value in item.items()} for item in stored()]


def stored() -> list[dict[str, Any]]:
    """Return the tracking records in DynamoDB's typed JSON."""
    return list(boto3.client("dynamodb").scan(TableName=f"{NAME}-EmailTracking")["Items"])


def take(queue: str) -> list[str]:
    """Empty a queue, and return its messages; moto does not deliver delayed ones early."""
    messages = sqs_backends[ACCOUNT][REGION].queues[f"{NAME}-{queue}"]._messages
    bodies = [message.body for message in messages]
    messages.clear()
    return bodies


def _tag(text: str) -> str:
    return encode_tags(text, 1, "", "")["emailId"]


def _make_stack() -> None:
    for key in ("fingerprint", "erasure", "unsubscribe"):
        boto3.client("ssm").put_parameter(Name=f"/{NAME}/keys/{key}", Value=key, Type="SecureString")
    for name, table in tables().items():
        boto3.client("dynamodb").create_table(**table.creation(f"{NAME}-{name}"))
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for file, content in _TEMPLATE.items():
        s3.put_object(Bucket=_BUCKET, Key=f"templates/welcome/{file}", Body=content.encode())
    boto3.client("ses").verify_domain_identity(Domain="example.com")
    boto3.client("events").create_event_bus(Name=f"{NAME}-EmailBus")
    for queue in ("EmailQueue", "BulkQueue", "RetryQueue", "BulkRetryQueue", "FeedbackQueue", "FeedbackProcessorDLQ"):
        boto3.client("sqs").create_queue(QueueName=f"{NAME}-{queue}")
