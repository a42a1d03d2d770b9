"""`sesmail` as an operator uses it, against the applied stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from typing import Any

import pytest

from localcloud.paths import REPOSITORY
from localcloud.stack import Stack
from tests.e2e.harness.ses_json import HARD, bounce, ses_event

GOOD = {"templateName": "welcome", "templateData": {"userName": "Ann", "companyName": "My Company"}}


def sesmail(stack: Stack, *words: str, exit_code: int = 0) -> str:
    """What the command prints; nothing of this process's own AWS settings is there."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "sesmail_cli", *words],
        env=inherited
        | stack.emulator.environment
        | {"PYTHONPATH": str(REPOSITORY / "python"), "SESMAIL_NAME": stack.name, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == exit_code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout


def sesmail_json(stack: Stack, *words: str, exit_code: int = 0) -> Any:
    return json.loads(sesmail(stack, *words, "--json", exit_code=exit_code))


def somebody(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}@example.org"


def test_a_pause_holds_a_producer_s_emails_and_resume_sends_them(stack: Stack) -> None:
    source = f"operator.tests.{uuid.uuid4().hex[:8]}"
    to = somebody("held")
    sesmail(stack, "pause", "--producer", source, "--reason", "wrong prices")
    email_id = stack.put_email_request(to, source)

    assert stack.wait_for_status(email_id, "deferred")["deferReason"] == "paused"
    assert sesmail_json(stack, "status", exit_code=1)["paused"][source]["pausedReason"] == "wrong prices"
    told = sesmail(stack, "explain", email_id, exit_code=1)
    assert "Waiting: an operator paused sending" in told
    assert f"Run `sesmail resume --producer {source}` to release it." in told
    assert stack.mails_to(to) == []

    sesmail(stack, "resume", "--producer", source)

    stack.wait_for_status(email_id, stack.settled_status, seconds=120)
    assert len(stack.mails_to(to)) == 1
    assert "→ deferred" in sesmail(stack, "explain", email_id)


def test_status_knows_quota_and_queues(stack: Stack) -> None:
    stack.wait_until_quiet()

    found = sesmail_json(stack, "status")

    assert found["name"] == stack.name
    assert found["paused"] == {}
    assert found["ses"]["maxSendRate"] > 0
    assert len(found["queues"]) == 4
    assert {queue["name"]: queue["waiting"] for queue in found["deadLetterQueues"]} == dict.fromkeys(
        ("EventBridgeDLQ", "EmailQueueDLQ", "BulkQueueDLQ", "RetryDLQ", "FeedbackProcessorDLQ"), 0
    )


def test_a_suppressed_email_is_explained_and_sent_under_its_id_after_removal(stack: Stack) -> None:
    to = somebody("unwanted")
    sesmail(stack, "suppression", "add", to)
    email_id = stack.put_email_request(to)
    stack.wait_for_status(email_id, "failed")

    told = sesmail(stack, "explain", email_id, exit_code=1)
    assert "Email not sent: recipient is suppressed (manual)" in told
    assert f"`sesmail suppression remove {to}`" in told
    assert to in [
        entry["email"] for entry in sesmail_json(stack, "suppression", "list", "--since", "1h")["suppressions"]
    ]

    sesmail(stack, "suppression", "remove", to, "--no-ses")
    stack.put_email_request_and_wait(to, emailId=email_id)
    assert len(stack.mails_to(to)) == 1


def test_a_bounce_is_explained_by_the_email_that_caused_the_suppression(stack: Stack) -> None:
    to = somebody("bounced")
    record = stack.put_email_request_and_wait(to)
    email_id = record["emailId"]
    stack.publish_ses_event(ses_event(record, "Bounce", bounce(to, **HARD)))
    stack.wait_for_status(email_id, "bounced")

    told = sesmail(stack, "explain", email_id, exit_code=1)

    assert [line.rpartition("→ ")[2] for line in told.splitlines() if "→" in line] == list(
        dict.fromkeys(("sending", "sent", stack.settled_status, "bounced"))
    )
    assert f"Suppressed: {to} (hard-bounce), by this email" in told
    assert email_id in sesmail(stack, "suppression", "show", to, exit_code=1)


def test_redrive_moves_what_can_be_sent_and_leaves_what_cannot_be_read(stack: Stack) -> None:
    to, event_id = somebody("redriven"), str(uuid.uuid4())
    request = {"id": event_id, "source": stack.source, "detail-type": "Email Request", "detail": {"to": to, **GOOD}}
    url = stack.queue_url("EmailQueueDLQ")
    for body in (json.dumps(request), "nobody can read this"):
        stack.sqs.send_message(QueueUrl=url, MessageBody=body)

    shown = sesmail_json(stack, "redrive", "EmailQueue", exit_code=1)
    assert (shown["movable"], shown["moved"], len(shown["messages"])) == (1, [], 2)
    assert stack.depth("EmailQueueDLQ") == 2

    sesmail(stack, "redrive", "EmailQueue", "--yes", exit_code=1)
    try:
        stack.wait_for_status(f"email-{event_id}", stack.settled_status)
        assert len(stack.mails_to(to)) == 1
        [left] = sesmail_json(stack, "redrive", "EmailQueue", "--dry-run", exit_code=1)["messages"]
        assert left["stays"] == "it would fail again"
    finally:
        stack.purge("EmailQueueDLQ")


def test_an_erased_person_leaves_nothing_behind(stack: Stack) -> None:
    to = somebody("forgotten")
    email_id = stack.put_email_request_and_wait(to)["emailId"]
    stack.wait_until_quiet()

    sesmail(stack, "erase", to, "--dry-run", exit_code=1)
    assert stack.record(email_id)
    sesmail(stack, "erase", to, "--yes")

    everything = [
        stack.scan(f"{stack.name}-{table}") for table in ("EmailTracking", "Suppression", "Control", "Pending")
    ]
    assert to not in repr(everything)
    assert "There is no record of" in sesmail(stack, "explain", email_id, exit_code=1)


@pytest.mark.parametrize(
    "words", [("status",), ("explain", "order-1"), ("redrive", "EmailQueue"), ("pause",)], ids=" ".join
)
def test_a_wrong_name_is_told_in_one_sentence(stack: Stack, words: tuple[str, ...]) -> None:
    assert sesmail(stack, *words, "--name", "nowhere", exit_code=2) == ""
