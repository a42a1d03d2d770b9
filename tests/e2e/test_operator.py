"""`sesmail` as an operator uses it, against the deployed engine."""

from __future__ import annotations

import json
import uuid

import pytest

from localcloud.clients import client
from tests.e2e.harness.cli import sesmail, sesmail_json
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.ses_json import HARD, bounce, ses_event

GOOD = {"templateName": "welcome", "templateData": {"userName": "Ann", "companyName": "My Company"}}


def address(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}@example.org"


def test_a_pause_holds_a_producer_s_emails_and_resume_sends_them(engine: EngineUnderTest) -> None:
    source = f"operator.tests.{uuid.uuid4().hex[:8]}"
    to = address("held")
    # Not known yet: where the sender has read a producer's state, a pause is in force up to 15 seconds later.
    sesmail(engine, "pause", "--producer", source, "--reason", "wrong prices", "--force")
    email_id = engine.put_email_request(to, source)

    assert engine.wait_for_status(email_id, "deferred")["deferReason"] == "paused"
    assert sesmail_json(engine, "status", exit_code=1)["paused"][source]["pausedReason"] == "wrong prices"
    printed = sesmail(engine, "explain", email_id, exit_code=1)
    assert "Waiting: an operator paused sending" in printed
    assert f"Run `sesmail resume --producer {source}` to release it." in printed
    assert engine.mails_to(to) == []

    sesmail(engine, "resume", "--producer", source)

    engine.wait_for_status(email_id, engine.final_status, seconds=120)
    assert len(engine.mails_to(to)) == 1
    assert "→ deferred" in sesmail(engine, "explain", email_id)


def test_all_sending_stays_paused_while_an_alarm_on_ses_rates_fires(engine: EngineUnderTest) -> None:
    cloudwatch = client(engine.emulator, "cloudwatch")

    def set_alarm(value: str) -> None:
        name = f"{engine.name}-SES-ComplaintRate-Pause"
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=value, StateReason="a test")

    sesmail(engine, "pause", "--all", "--reason", "looking")
    try:
        set_alarm("ALARM")
        answer = sesmail_json(engine, "resume", "--all", exit_code=1)
        assert (answer["resumed"], answer["stillPaused"]["*"]["trip"]) == (False, "ses_metrics")
    finally:
        set_alarm("OK")
        try:
            engine.wait_until_idle()
        finally:
            sesmail(engine, "resume", "--all")
    engine.put_email_request_and_wait(address("afterwards"))


def test_status_shows_quota_and_queues(engine: EngineUnderTest) -> None:
    engine.wait_until_idle()

    found = sesmail_json(engine, "status")

    assert found["name"] == engine.name
    assert found["paused"] == {}
    assert found["ses"]["maxSendRate"] > 0
    assert len(found["queues"]) == 5
    assert {queue["name"]: queue["waiting"] for queue in found["deadLetterQueues"]} == dict.fromkeys(
        ("EventBridgeDLQ", "EmailQueueDLQ", "BulkQueueDLQ", "RetryDLQ", "BulkRetryDLQ", "FeedbackProcessorDLQ"), 0
    )


def test_a_suppressed_email_is_explained_and_sent_under_its_id_after_removal(engine: EngineUnderTest) -> None:
    to = address("unwanted")
    sesmail(engine, "suppression", "add", to)
    email_id = engine.put_email_request(to)
    engine.wait_for_status(email_id, "failed")

    printed = sesmail(engine, "explain", email_id, exit_code=1)
    assert "Email not sent: recipient is suppressed (manual)" in printed
    assert f"`sesmail suppression remove {to}`" in printed
    assert to in [
        entry["email"] for entry in sesmail_json(engine, "suppression", "list", "--since", "1h")["suppressions"]
    ]

    sesmail(engine, "suppression", "remove", to, "--no-ses", "--yes")
    engine.put_email_request_and_wait(to, emailId=email_id)
    assert len(engine.mails_to(to)) == 1


def test_a_bounce_is_explained_by_the_email_that_caused_the_suppression(engine: EngineUnderTest) -> None:
    to = address("bounced")
    record = engine.put_email_request_and_wait(to)
    email_id = record["emailId"]
    engine.publish_ses_event(ses_event(record, "Bounce", bounce(to, **HARD)))
    engine.wait_for_status(email_id, "bounced")

    printed = sesmail(engine, "explain", email_id, exit_code=1)

    assert [line.rpartition("→ ")[2] for line in printed.splitlines() if "→" in line] == list(
        dict.fromkeys(("sending", "sent", engine.final_status, "bounced"))
    )
    assert f"Suppressed: {to} (hard-bounce), by this email" in printed
    assert email_id in sesmail(engine, "suppression", "show", to, exit_code=1)


def test_redrive_moves_what_can_be_sent_and_leaves_what_cannot_be_parsed(engine: EngineUnderTest) -> None:
    to, event_id = address("redriven"), str(uuid.uuid4())
    request = {"id": event_id, "source": engine.source, "detail-type": "Email Request", "detail": {"to": to, **GOOD}}
    url = engine.queue_url("EmailQueueDLQ")
    for body in (json.dumps(request), "not a request"):
        engine.sqs.send_message(QueueUrl=url, MessageBody=body)

    shown = sesmail_json(engine, "redrive", "EmailQueue", exit_code=1)
    assert (shown["movable"], shown["moved"], len(shown["messages"])) == (1, [], 2)
    assert engine.depth("EmailQueueDLQ") == 2

    sesmail(engine, "redrive", "EmailQueue", "--yes", exit_code=1)
    try:
        engine.wait_for_status(f"email-{event_id}", engine.final_status)
        assert len(engine.mails_to(to)) == 1
        [left] = sesmail_json(engine, "redrive", "EmailQueue", "--dry-run", exit_code=1)["messages"]
        assert left["stays"] == "it would fail again"
    finally:
        engine.purge("EmailQueueDLQ")


def test_an_erased_person_leaves_nothing_behind(engine: EngineUnderTest) -> None:
    to = address("forgotten")
    email_id = engine.put_email_request_and_wait(to)["emailId"]
    engine.wait_until_idle()

    sesmail(engine, "erase", to, "--dry-run", exit_code=1)
    assert engine.record(email_id)
    sesmail(engine, "erase", to, "--yes")

    everything = [
        engine.scan(f"{engine.name}-{table}") for table in ("EmailTracking", "Suppression", "Control", "Pending")
    ]
    assert to not in repr(everything)
    assert "There is no record of" in sesmail(engine, "explain", email_id, exit_code=1)


@pytest.mark.parametrize(
    "command", [("status",), ("explain", "order-1"), ("redrive", "EmailQueue"), ("pause", "--all")], ids=" ".join
)
def test_a_wrong_name_prints_nothing_but_an_error(engine: EngineUnderTest, command: tuple[str, ...]) -> None:
    assert sesmail(engine, *command, "--name", "nowhere", exit_code=2) == ""
