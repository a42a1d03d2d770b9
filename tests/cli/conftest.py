"""An engine's tables and queues on moto, and `sesmail` run against them."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from sesmail_cli.main import app
from sesmail_layer.aws.daily_figures import DailyFigures
from sesmail_layer.aws.dynamodb_items import to_item
from sesmail_layer.aws.secret_keys import SecretKeys
from sesmail_layer.aws.suppression_table import SuppressionTable
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.figures import Reached
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.guards.suppression import SUPPRESSION_TYPES, Suppression, SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, RecipientState, TrackingRecord, fold
from sesmail_layer.domain.times import utc_text
from sesmail_layer.runtime.clock import SystemClock
from tests.cli.ses_v2 import SesV2
from tools.simulation.tables import tables

NAME = "sesmailengine"
REGION = "eu-west-1"
ACCOUNT_ID = "123456789012"
ADA = "ada@example.com"
SOURCE = "my.application"
T0 = "2026-11-24T10:31:00.000Z"

QUEUES = ("EmailQueue", "BulkQueue", "RetryQueue", "BulkRetryQueue", "FeedbackQueue")
DEAD_LETTER_QUEUES = (
    "EventBridgeDLQ",
    "EmailQueueDLQ",
    "BulkQueueDLQ",
    "RetryDLQ",
    "BulkRetryDLQ",
    "FeedbackProcessorDLQ",
)


class MotoEngine:
    """An engine's tables, queues, bus and logs on moto, and what the functions would write there."""

    def __init__(self) -> None:
        self.dynamodb: Any = boto3.client("dynamodb")
        self.sqs: Any = boto3.client("sqs")
        self.logs: Any = boto3.client("logs")
        self.events: Any = boto3.client("events")
        self.ssm: Any = boto3.client("ssm")
        self.s3: Any = boto3.client("s3")
        self.keys().create()
        self.events.create_event_bus(Name=f"{NAME}-EmailBus")
        for name, table in tables().items():
            self.dynamodb.create_table(**table.creation(f"{NAME}-{name}"))
        self.urls = {
            queue: self.sqs.create_queue(QueueName=f"{NAME}-{queue}")["QueueUrl"]
            for queue in (*QUEUES, *DEAD_LETTER_QUEUES)
        }

    def keys(self) -> SecretKeys:
        return SecretKeys(self.ssm, NAME, SystemClock())

    def suppress(self, reason: SuppressionReason = SuppressionReason.HARD_BOUNCE, **given: Any) -> Suppression:
        facts: dict[str, Any] = {
            "email": ADA,
            "suppression_type": SUPPRESSION_TYPES[reason],
            "reason": reason,
            "added_to_suppression_date": T0,
        }
        entry = Suppression(**facts | given)
        SuppressionTable(self.dynamodb, f"{NAME}-Suppression", SystemClock()).add(entry)
        return entry

    def record(self, *history: Entry, email_id: str = "order-1", **given: Any) -> TrackingRecord:
        facts: dict[str, Any] = {
            "email_id": email_id,
            "status": Status.SENDING,
            "attempt": 1,
            "timestamp": T0,
            "date_partition": T0[:10],
            "ttl": 1_800_000_000,
            "to_email": ADA,
            "template_name": "welcome",
            "subject": "Welcome",
            "original_source": SOURCE,
        }
        record, _ = fold(TrackingRecord(**facts | given), history)
        assert TrackingTable(self.dynamodb, f"{NAME}-EmailTracking").create(record) is None
        return record

    def keep_request(self, email_id: str, *, seconds: float = 3600) -> None:
        item = {"emailId": {"S": email_id}, "ttl": {"N": str(int(time.time() + seconds))}, "request": {"B": b"x"}}
        self.dynamodb.put_item(TableName=f"{NAME}-Pending", Item=item)

    def item(self, table: str, key: str) -> dict[str, Any]:
        name = tables()[table].key
        answer = self.dynamodb.get_item(TableName=f"{NAME}-{table}", Key={name: {"S": key}})
        return dict(answer.get("Item", {}))

    def items(self, table: str) -> list[dict[str, Any]]:
        return list(self.dynamodb.scan(TableName=f"{NAME}-{table}")["Items"])

    def list_producer(self, source: str = SOURCE) -> None:
        """Write a policy as Terraform does for a producer that it lists."""
        self.dynamodb.put_item(TableName=f"{NAME}-Control", Item={"pk": {"S": f"producer#{source}"}})

    def put_state(self, source: str, **state: Any) -> None:
        """Write a state as the breaker does."""
        item = {"pk": {"S": f"state#{source}"}} | to_item(SendingState(**state), {})
        self.dynamodb.put_item(TableName=f"{NAME}-Control", Item=item)

    def count(self, *reached: Reached, source: str = SOURCE, now: float) -> None:
        """Count emails as a function does, of a producer with a policy."""
        self.dynamodb.put_item(TableName=f"{NAME}-Control", Item={"pk": {"S": f"producer#{source}"}})
        DailyFigures(self.dynamodb, f"{NAME}-Control").add(reached, 0, now)

    def put(self, queue: str, body: object, **attributes: str) -> str:
        text = body if isinstance(body, str) else json.dumps(body)
        given = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        answer = self.sqs.send_message(QueueUrl=self.urls[queue], MessageBody=text, MessageAttributes=given)
        return str(answer["MessageId"])

    def configure(self, **variables: str) -> None:
        """Create the sender's function with the environment that Terraform sets."""
        policy = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}]}
        role = boto3.client("iam").create_role(RoleName="sender", AssumeRolePolicyDocument=json.dumps(policy))
        content = io.BytesIO()
        zipfile.ZipFile(content, "w").close()
        boto3.client("lambda").create_function(
            FunctionName=f"{NAME}-EmailSender",
            Runtime="python3.13",
            Role=role["Role"]["Arn"],
            Handler="handler.handler",
            Code={"ZipFile": content.getvalue()},
            Environment={"Variables": variables},
        )

    def subscribe(self) -> None:
        """Deliver all later events of the bus to the queue `published`."""
        url = self.sqs.create_queue(QueueName=f"{NAME}-published")["QueueUrl"]
        self.urls["published"] = url
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        given = {"EventBusName": f"{NAME}-EmailBus"}
        self.events.put_rule(Name="all", EventPattern=json.dumps({"account": [ACCOUNT_ID]}), **given)
        self.events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}], **given)

    def log(self, function: str, line: str) -> None:
        """Write a log line as Lambda does."""
        group: Any = {"logGroupName": f"/aws/lambda/{NAME}-{function}"}
        if not self.logs.describe_log_groups(logGroupNamePrefix=group["logGroupName"])["logGroups"]:
            self.logs.create_log_group(**group)
            self.logs.create_log_stream(**group, logStreamName="s")
        event = {"timestamp": int(time.time() * 1000), "message": line}
        self.logs.put_log_events(**group, logStreamName="s", logEvents=[event])

    def bodies(self, queue: str) -> list[str]:
        """Receive all visible messages of a queue, which hides them."""
        found: list[str] = []
        while messages := self.sqs.receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10).get("Messages"):
            found += [message["Body"] for message in messages]
        return found


@pytest.fixture(scope="session")
def ses_v2_server() -> Iterator[SesV2]:
    started = SesV2()
    yield started
    started.stop()


@pytest.fixture
def ses_v2(monkeypatch: pytest.MonkeyPatch, ses_v2_server: SesV2) -> SesV2:
    ses_v2_server.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", ses_v2_server.url)
    return ses_v2_server


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, ses_v2: SesV2, tmp_path: Path) -> Iterator[MotoEngine]:
    monkeypatch.setenv("SESMAIL_LOG_DIR", str(tmp_path / "log"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "SESMAIL_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sesmail_cli.operator.dead_letter_queue._WAIT_SECONDS", 0)
    # Wide enough for all tables.
    monkeypatch.setenv("COLUMNS", "400")
    with mock_aws():
        yield MotoEngine()


def sesmail(*arguments: str, answer: str | None = None) -> Result:
    """Run the command without a terminal, as a program does."""
    result = CliRunner().invoke(app, list(arguments), input=answer)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def sesmail_json(*arguments: str, exit_code: int = 0) -> Any:
    """Run the command with --json, and parse its answer."""
    result = sesmail(*arguments, "--json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def ago(seconds: float) -> str:
    return utc_text(time.time() - seconds)


def copies(**kinds: str) -> dict[str, RecipientState]:
    """Build the cc and bcc of a record: `copies(cc="a@b.example")`."""
    return {address: RecipientState(status=Status.SENDING, type=kind) for kind, address in kinds.items()}


@pytest.fixture
def past_noon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set this machine's time zone to one in which it is after noon and before 13:00."""
    hours = 12 - time.gmtime().tm_hour
    monkeypatch.setenv("TZ", f"NOON{-hours:+d}")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
