"""The deployed EmailSender on moto: an SQS batch in; mail, records and a response out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.policy import default
from typing import Any

import pytest

from tests.functions.conftest import Package, Ran, run_handler

TEMPLATES = {
    "welcome/template.html": "<p>Hello {{ userName }}, welcome to {{ companyName }}</p>",
    "welcome/template.txt": "Hello {{ userName }}, welcome to {{ companyName }}",
    "welcome/metadata.json": json.dumps(
        {"subject": "Welcome to {{ companyName }}", "requiredVariables": ["userName", "companyName"]}
    ),
}
DETAIL: dict[str, Any] = {
    "to": "john@example.com",
    "templateName": "welcome",
    "templateData": {"userName": "Jörg <b>", "companyName": "Acme"},
}
DELETED_QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/deleted"


def message(message_id: str, body: str) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795000000000"},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:sesmailengine-EmailQueue",
    }


def request(event_id: str, detail: object) -> str:
    return json.dumps(
        {
            "version": "0",
            "id": event_id,
            "detail-type": "Email Request",
            "source": "my.application",
            "account": "123456789012",
            "time": "2026-11-24T10:31:00Z",
            "region": "eu-west-1",
            "resources": [],
            "detail": detail,
        }
    )


def send(package: Package, *messages: dict[str, Any], **given: Any) -> Ran:
    return run_handler(
        package, "email_sender", {"event": {"Records": list(messages)}, "templates": TEMPLATES, **given}, "layer"
    )


@pytest.fixture(scope="module", params=["layer", "bundled"])
def mixed(package: Package, request: pytest.FixtureRequest) -> Ran:
    """One batch of every kind."""
    return run_handler(
        package,
        "email_sender",
        {
            "templates": TEMPLATES,
            "items": {
                "suppression": [
                    {
                        "email": "gone@example.com",
                        "suppressionType": "bounce",
                        "reason": "hard-bounce",
                        "addedToSuppressionDate": "2026-01-01T00:00:00.000Z",
                    }
                ]
            },
            "event": {"Records": MIXED},
        },
        request.param,
    )


MIXED = [
    message("m-good", request("good", {**DETAIL, "emailId": "order-1"})),
    message("m-no-template", request("no-template", {**DETAIL, "templateName": "nowhere"})),
    message("m-bad-address", request("bad-address", {**DETAIL, "to": "john.example.com"})),
    message("m-suppressed", request("suppressed", {**DETAIL, "to": "Gone@Example.com"})),
    message("m-missing", request("missing", {**DETAIL, "templateData": {"userName": "x"}})),
    message("m-unreadable", "no JSON at all"),
    message("m-no-detail", request("no-detail", None)),
    message("m-again", request("again", {**DETAIL, "emailId": "order-1"})),
]


def test_only_an_unreadable_message_is_a_dead_letter_and_nothing_is_redelivered(mixed: Ran) -> None:
    assert mixed.answer == {"batchItemFailures": []}
    assert [letter["body"] for letter in mixed.queued["EmailQueueDLQ"]] == ["no JSON at all"]


def test_a_good_request_is_one_mail_and_a_sent_record(mixed: Ran) -> None:
    [mail] = mixed.mails
    assert mail["source"] == "no-reply@example.com"
    assert set(mail["destinations"]) == {"john@example.com"}
    parsed = message_from_string(mail["raw"], policy=default)
    assert parsed["Subject"] == "Welcome to Acme"
    assert parsed["From"] == "SESMailEngine <no-reply@example.com>"
    assert parsed.get_body(("plain",)).get_content() == "Hello Jörg <b>, welcome to Acme\r\n"  # type: ignore[union-attr]
    assert "Jörg &lt;b&gt;" in parsed.get_body(("html",)).get_content()  # type: ignore[union-attr]

    record = mixed.record("order-1")
    assert record["status"] == "sent"
    assert record["toEmail"] == "john@example.com"
    assert record["templateName"] == "welcome"
    assert record["originalSource"] == "my.application"
    assert record["subject"] == "Welcome to Acme"
    assert record["sesMessageId"]
    assert "templateData" not in record


@pytest.mark.parametrize(
    ("email_id", "error_type", "message"),
    [
        ("email-no-template", "template_not_found", "Template 'nowhere' not found"),
        (
            "email-bad-address",
            "validation_error",
            "Validation error: Invalid email address format: to 'j***'",
        ),
        ("email-suppressed", "suppressed", "Email not sent: recipient is suppressed (hard-bounce)"),
        (
            "email-missing",
            "template_render_error",
            "Failed to render template 'welcome': Missing required variables: ['companyName']",
        ),
        ("email-no-detail", "validation_error", "Validation error: detail must be an object, found nothing"),
    ],
)
def test_an_invalid_request_is_a_failed_record_with_the_reason(
    mixed: Ran, email_id: str, error_type: str, message: str
) -> None:
    record = mixed.record(email_id)
    assert (record["status"], record["errorType"]) == ("failed", error_type)
    assert record["errorMessage"].startswith(message)
    assert "sesMessageId" not in record


def test_every_readable_request_has_exactly_one_record(mixed: Ran) -> None:
    assert sorted(item["emailId"] for item in mixed.tables["tracking"]) == sorted(
        ["order-1", "email-no-template", "email-bad-address", "email-suppressed", "email-missing", "email-no-detail"]
    )


def test_every_transition_is_published(mixed: Ran) -> None:
    published = sorted((event["detail"]["emailId"], event["detail"]["status"]) for event in mixed.published)
    assert published == [
        ("email-bad-address", "failed"),
        ("email-missing", "failed"),
        ("email-no-detail", "failed"),
        ("email-no-template", "failed"),
        ("email-suppressed", "failed"),
        ("order-1", "sent"),
    ]
    assert {(event["source"], event["detail-type"]) for event in mixed.published} == {
        ("sesmailengine", "Email Status Changed")
    }


def test_the_log_has_each_failure_and_no_address(mixed: Ran) -> None:
    failures = [line for line in mixed.log if line.get("event") == "email.failed"]
    assert {line["level"] for line in failures} == {"ERROR"}
    assert any(line["message"] == "Template error: Template 'nowhere' not found" for line in failures)
    for secret in ("john@", "gone@", "Gone@", "Jörg", "Acme", "no-reply@", "J\\u00f6rg"):
        assert secret not in mixed.output


def test_counts_are_one_line_of_embedded_metrics_per_dimension_set(mixed: Ran) -> None:
    metrics = [line for line in mixed.log if "_aws" in line]
    counted = {name: value for line in metrics for name, value in line.items() if name != "_aws"}
    # The second request with an id that is being sent is a duplicate, or waits while the first one's claim is active.
    waits = bool(mixed.queued["RetryQueue"])
    assert counted == {
        "Name": "sesmailengine",
        "FunctionName": "sesmailengine-email_sender",
        "EmailSent": 1,
        "EmailFailed": 5,
        **({} if waits else {"EmailDuplicate": 1}),
        "RecordFailed": 1,
        "DailyQuotaUsed": 0.0,
        "BulkEmailSent": 0,
        "FeedbackRecorded": 0,
        "SendingPaused": 0.0,
    }


def test_a_redelivered_batch_sends_nothing_again(package: Package) -> None:
    once = message("m-1", request("e-1", DETAIL))
    ran = send(package, once, {**once, "messageId": "m-2"}, {**once, "messageId": "m-3"})
    assert len(ran.mails) == 1
    assert ran.answer == {"batchItemFailures": []}
    assert ran.record("email-e-1")["status"] == "sent"
    assert {event["detail"]["eventId"] for event in ran.published} == {ran.published[0]["detail"]["eventId"]}


def test_a_scheduled_email_waits_on_the_retry_queue(package: Package) -> None:
    send_at = datetime.now(UTC) + timedelta(hours=1)
    ran = send(package, message("m-1", request("e-1", {**DETAIL, "sendAt": send_at.isoformat()})))

    assert ran.answer == {"batchItemFailures": []}
    assert ran.mails == []
    [waiting] = ran.queued["RetryQueue"]
    assert waiting["body"]["id"] == "e-1"
    assert waiting["body"]["detail"]["to"] == "john@example.com"
    assert 880 < waiting["delay_seconds"] <= 900, "SQS's longest delay"
    record = ran.record("email-e-1")
    assert (record["status"], record["deferReason"]) == ("deferred", "scheduled")


def test_a_retry_queue_that_cannot_be_written_is_logged_by_its_code_and_the_message_redelivered(
    package: Package,
) -> None:
    send_at = datetime.now(UTC) + timedelta(hours=1)
    ran = send(
        package,
        message("m-1", request("e-1", {**DETAIL, "sendAt": send_at.isoformat()})),
        environment={"SESMAIL_RETRY_QUEUE_URL": DELETED_QUEUE},
    )
    assert ran.answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert ran.mails == []
    [line] = [line for line in ran.log if line.get("code") == "QUE001"]
    assert line["message"].startswith("Failed to put the email on the retry queue: ")


def test_where_the_bulk_queue_cannot_be_written_the_email_waits_on_the_bulk_retry_queue(package: Package) -> None:
    ran = send(
        package,
        message("m-1", request("e-1", DETAIL)),
        items={"control": [{"pk": "producer#my.application", "priority": "bulk"}]},
        environment={"SESMAIL_BULK_QUEUE_URL": DELETED_QUEUE},
    )
    assert ran.answer == {"batchItemFailures": []}
    assert ran.mails == []
    [line] = [line for line in ran.log if line.get("code") == "QUE002"]
    assert line["message"].startswith("Failed to forward the email to the bulk queue: ")
    assert [waiting["body"]["id"] for waiting in ran.queued["BulkRetryQueue"]] == ["e-1"]


def test_a_missing_variable_ends_the_invocation_and_is_named(package: Package) -> None:
    with pytest.raises(AssertionError, match="Missing required environment variable: SESMAIL_CONTROL_TABLE"):
        send(package, message("m-1", request("e-1", DETAIL)), environment={"SESMAIL_CONTROL_TABLE": ""})
