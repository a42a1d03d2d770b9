"""`sesmail send-test` on moto: the request that it puts on the bus, and the history that it follows."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from sesmail_cli.main import app
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from tests.cli.records import entry, record
from tests.templates.conftest import BUCKET, SOURCES, STARTERS

ID = "send-test-00000000-0000-0000-0000-000000000001"
DATA = '{"userName": "Ada", "companyName": "Northwind"}'
run = CliRunner()


class Aws:
    """The engine's bus, with a queue as its target, and its tracking table."""

    def __init__(self) -> None:
        self.sqs = boto3.client("sqs")
        self.queue = self.sqs.create_queue(QueueName="requests")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events = boto3.client("events")
        events.create_event_bus(Name="sesmailengine-EmailBus")
        pattern = json.dumps({"detail-type": ["Email Request"]})
        events.put_rule(Name="all", EventBusName="sesmailengine-EmailBus", EventPattern=pattern)
        events.put_targets(Rule="all", EventBusName="sesmailengine-EmailBus", Targets=[{"Id": "1", "Arn": arn}])
        self.table = boto3.resource("dynamodb").create_table(
            TableName="sesmailengine-EmailTracking",
            KeySchema=[{"AttributeName": "emailId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "emailId", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def requests(self) -> list[dict[str, Any]]:
        messages = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    def record(self, *history: Entry) -> None:
        tracking = TrackingTable(boto3.client("dynamodb"), "sesmailengine-EmailTracking")
        tracking.create(record(*history, email_id=ID))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("SESMAIL_NAME", raising=False)
    monkeypatch.setattr("sesmail_cli.templates.send_test.uuid.uuid4", lambda: uuid.UUID(int=1))
    with mock_aws():
        yield Aws()


def send(*options: str) -> Any:
    return run.invoke(app, ["send-test", "welcome", "--to", "ada@example.com", *options])


def test_the_request_is_put_on_the_bus_and_its_history_printed_in_order(aws: Aws) -> None:
    history = [
        entry(Status.SENDING, 1),
        entry(Status.SENT, 2, detail={"sesMessageId": "ses-1"}),
        entry(Status.DELIVERED, 3),
    ]
    aws.record(*reversed(history))
    result = send("--data", DATA, "--locale", "fr-CA")
    assert result.exit_code == 0
    (request,) = aws.requests()
    assert request["source"] == "sesmail.send-test"
    assert request["detail"] == {
        "to": "ada@example.com",
        "templateName": "welcome",
        "templateData": json.loads(DATA),
        "locale": "fr-CA",
        "emailId": ID,
    }
    lines = result.stdout.splitlines()
    assert ID in lines[0]
    assert [line.split()[1] for line in lines[1:]] == ["sending", "sent", "delivered"]
    assert "sesMessageId ses-1" in lines[2]


@pytest.mark.parametrize("status", [Status.FAILED, Status.BOUNCED, Status.COMPLAINED])
def test_an_email_that_is_not_delivered_fails_the_command_and_says_why(aws: Aws, status: Status) -> None:
    aws.record(entry(status, detail={"errorMessage": "Template 'welcome' not found"}))
    result = send("--data", DATA)
    assert result.exit_code == 1
    assert "errorMessage Template 'welcome' not found" in result.stdout


def test_an_email_without_a_final_status_ends_the_command_in_time(aws: Aws) -> None:
    aws.record(entry(Status.SENT))
    result = send("--data", DATA, "--timeout", "0.1")
    assert result.exit_code == 3
    assert "No final status within 0.1 s" in result.stderr


def test_without_data_the_sample_is_sent(aws: Aws) -> None:
    aws.record(entry(Status.DELIVERED))
    assert send("--templates", str(SOURCES)).exit_code == 0
    data = aws.requests()[0]["detail"]["templateData"]
    assert data["companyName"] == "Northwind Books"
    # Its domain is an example, which SES rejects.
    assert "senderEmail" not in data


@pytest.mark.parametrize("data", ["{", "[1]", "nowhere.json"])
def test_invalid_data_is_rejected_before_anything_is_sent(aws: Aws, data: str) -> None:
    assert send("--data", data).exit_code == 2
    assert aws.requests() == []


def test_without_a_folder_of_templates_the_starters_sample_is_sent(aws: Aws, tmp_path: Path) -> None:
    aws.record(entry(Status.DELIVERED))
    assert send("--templates", str(tmp_path)).exit_code == 0
    assert aws.requests()[0]["detail"]["templateData"]["companyName"] == "Northwind Books"


def test_a_missing_sample_needs_data(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "welcome").mkdir()
    for template in ("welcome", "no-starter"):
        result = run.invoke(app, ["send-test", template, "--to", "ada@example.com", "--templates", str(tmp_path)])
        assert result.exit_code == 2
        assert "--data" in result.stderr


def test_the_answer_for_programs_is_the_id_and_the_last_status(aws: Aws) -> None:
    aws.record(entry(Status.DELIVERED))
    result = send("--data", DATA, "--json")
    assert json.loads(result.stdout) == {"emailId": ID, "status": "delivered"}


def test_a_dry_run_shows_the_message_and_sends_nothing(aws: Aws) -> None:
    result = send("--templates", str(SOURCES), "--dry-run")
    assert result.exit_code == 0
    assert "Nothing was sent" in result.stdout
    assert "Subject: 👋 Welcome to Northwind Books" in result.stdout
    assert "To: ada@example.com" in result.stdout
    assert "Welcome, Ada!" in result.stdout
    assert aws.requests() == []


def test_data_of_one_s_own_gets_the_brand_of_the_folder_too(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "brand.json").write_text('{"companyName": "Fjord Coffee", "brandColor": "#e0562b"}')
    install()
    aws.record(entry(Status.DELIVERED))
    send("--templates", str(tmp_path), "--data", '{"userName": "Ada", "brandColor": "#000000"}')
    [request] = aws.requests()
    assert request["detail"]["templateData"] == {
        "userName": "Ada",
        "companyName": "Fjord Coffee",
        "brandColor": "#000000",
    }


def test_a_dry_run_shows_the_error_of_the_sender(aws: Aws) -> None:
    result = send("--templates", str(SOURCES), "--dry-run", "--data", '{"userName": "Ada"}')
    assert result.exit_code == 1
    assert "template_render_error" in result.stderr
    assert "Missing required variables: ['companyName']" in result.stderr


def install(file: str | None = None, content: bytes = b"") -> None:
    """Install the welcome starter, with other content in one file."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for name, ours in STARTERS["welcome"].files.items():
        if not name.startswith("sample"):
            body = content if name == file else ours
            s3.put_object(Bucket=BUCKET, Key=f"templates/welcome/{name}", Body=body)


def test_a_template_that_is_not_installed_as_it_is_in_the_folder_is_warned_of(aws: Aws) -> None:
    aws.record(entry(Status.DELIVERED))
    install("template.txt", b"old")
    result = send("--templates", str(SOURCES))
    assert result.exit_code == 0
    assert f"The installed template is not that of {SOURCES} (template.txt)" in result.stderr
    assert len(aws.requests()) == 1


def test_a_template_that_is_installed_as_it_is_in_the_folder_has_no_warning(aws: Aws) -> None:
    aws.record(entry(Status.DELIVERED))
    install()
    # Samples are not compared: the sender reads none.
    assert send("--templates", str(SOURCES)).stderr == ""


def test_without_the_right_to_read_the_bucket_the_email_is_sent_all_the_same(aws: Aws) -> None:
    aws.record(entry(Status.DELIVERED))
    result = send("--templates", str(SOURCES))
    assert result.exit_code == 0
    assert "is not known" in result.stderr


def test_a_dry_run_without_a_folder_renders_the_installed_template(aws: Aws, tmp_path: Path) -> None:
    install()
    result = send("--templates", str(tmp_path), "--dry-run", "--data", DATA)
    assert result.exit_code == 0
    assert f"The email from s3://{BUCKET}/templates/welcome" in result.stdout
