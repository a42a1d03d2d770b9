"""Producer policies on the deployed engine, as Terraform wrote them."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from sesmail_layer.domain.times import utc_seconds
from tests.e2e.harness.engine import EngineUnderTest

SECONDS = 15
# An emulated Lambda's polling interval: smaller differences are noise.
NOISE_SECONDS = 0.5


@pytest.mark.parametrize(
    ("source", "to", "fields"),
    [
        ("closed.team", "someone@example.com", {}),
        ("strict.team", "someone@example.com", {"templateName": "password-reset"}),
        ("strict.team", "someone@elsewhere.example.org", {}),
    ],
)
def test_a_request_against_the_policy_fails_with_its_reason(
    engine: EngineUnderTest, source: str, to: str, fields: dict[str, Any]
) -> None:
    email_id = engine.put_email_request(to, source=source, **fields)

    record = engine.wait_for_status(email_id, "failed")

    assert record["errorType"] == "producer_denied"
    assert source in record["errorMessage"]


@pytest.mark.parametrize("sender", ["shop@elsewhere.example.org", "no-reply@example.com.evil.example.org"])
def test_a_sender_that_the_role_may_not_use_fails_at_once(engine: EngineUnderTest, sender: str) -> None:
    email_id = engine.put_email_request("someone@example.com", senderOverride={"email": sender})

    record = engine.wait_for_status(email_id, "failed")

    assert record["errorType"] == "producer_denied"
    assert "senderOverride.email" in record["errorMessage"]
    assert "allowed_sender_addresses" in record["errorMessage"]
    assert engine.emulator.denials() == []


def test_an_attachment_outside_the_producer_s_prefixes_is_rejected(engine: EngineUnderTest) -> None:
    attachments = [{"filename": "x.pdf", "s3Uri": "s3://e2e-attachments/secrets/x.pdf"}]
    email_id = engine.put_email_request("someone@example.com", source="files.app", attachments=attachments)

    record = engine.wait_for_status(email_id, "failed")

    assert record["errorType"] == "attachment_error"
    assert "attachments[0].s3Uri" in record["errorMessage"]


@pytest.mark.parametrize(
    ("priority", "why"),
    [
        (None, ""),
        ("transactional", ""),
        ("bulk", ""),
        ([], "priority"),
        (["bulk"], "priority"),
        (["x", "y"], "priority"),
        ({"level": "bulk"}, "priority"),
        (7, "priority"),
    ],
)
def test_whatever_its_priority_a_request_reaches_exactly_one_queue(
    engine: EngineUnderTest, priority: Any, why: str
) -> None:
    email_id = engine.put_email_request("someone@example.com", priority=priority)

    record = engine.wait_for_status(email_id, "failed" if why else "delivered")

    assert why in record.get("errorMessage", "")
    engine.wait_until_idle()
    assert len([mail for mail in engine.mails() if mail.tag("emailId") == email_id]) == (0 if why else 1)


def test_an_email_that_a_policy_makes_bulk_is_sent(engine: EngineUnderTest) -> None:
    email_id = engine.put_email_request("reader@example.com", source="newsletter.team")

    assert engine.wait_for_status(email_id, "delivered")["attempt"] == 1


def steady(engine: EngineUnderTest, source: str, run: str, ids: list[str]) -> None:
    """Send four emails a second to recipients that the producer has emailed before."""
    for number in range(SECONDS * 4):
        ids.append(
            engine.put_email_request(f"{source}-{number % 5}@example.com", source=source, emailId=f"{run}-{number}")
        )
        time.sleep(0.25)


def p95_of_two(engine: EngineUnderTest, run: str) -> float:
    """Measure the seconds from request to SES for 95 % of the emails of two ordinary producers."""
    ids: list[str] = []
    threads = [
        threading.Thread(target=steady, args=(engine, source, f"{run}-{source}", ids))
        for source in ("steady.shop", "steady.desk")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    waits = []
    for email_id in ids:
        record = engine.wait_for_status(email_id, "delivered", seconds=60)
        waits.append(utc_seconds(record["sentAt"]) - utc_seconds(record["timestamp"]))
    return sorted(waits)[int(len(waits) * 0.95)]


def test_a_producer_that_invents_addresses_is_held_and_delays_no_other(engine: EngineUnderTest) -> None:
    engine.put_email_request_and_wait("warm@example.com")
    alone = p95_of_two(engine, "alone")
    invented: list[str] = []

    def invent() -> None:
        for number in range(SECONDS * 10):
            to = f"made-up-{number}@nowhere.example.com"
            invented.append(engine.put_email_request(to, source="inventing.agent"))
            time.sleep(0.1)

    agent = threading.Thread(target=invent)
    agent.start()
    with_agent = p95_of_two(engine, "with-agent")
    agent.join()
    engine.wait_until_idle(queues=("EmailQueue", "FeedbackQueue"))

    assert with_agent <= max(alone * 1.1, alone + NOISE_SECONDS), (
        f"p95 {alone:.2f} s alone, {with_agent:.2f} s with the agent"
    )
    records = [record for email_id in invented if (record := engine.record(email_id))]
    assert len(records) == len(invented)
    sent = [record for record in records if "sesMessageId" in record]
    held = [record for record in records if record["status"] == "deferred"]
    assert len(sent) + len(held) == len(records)
    # Two hours' worth where the run crosses the full hour.
    assert 5 <= len(sent) <= 10
    assert {record["deferReason"] for record in held} == {"first_contacts"}
    print(f"p95 alone {alone:.3f} s, with the agent {with_agent:.3f} s; {len(sent)} invented sent, {len(held)} held")
    engine.purge("RetryQueue")
