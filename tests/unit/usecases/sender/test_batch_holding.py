"""Emails that wait: for SES, for their time, for the quota, for the time left."""

from __future__ import annotations

import json

from sesmail_layer.domain.errors import PausedBySes, RateLimited
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender


def test_throttling_waits_on_the_retry_queue_unpublished() -> None:
    sender = Sender()
    sender.mailer.answers.append(RateLimited(3))

    record = sender.send(emailId="order-1")
    assert record.status is Status.SENDING
    assert [delay for _, delay in sender.waiting.messages] == [3]
    sender.run_waiting()

    assert sender.tracking.records["order-1"].status is Status.SENT
    assert sender.bus.statuses("order-1") == ["sent"]


def test_a_paused_account_defers_the_email_and_publishes_it_once() -> None:
    sender = Sender()
    said = "SES error (AccountSendingPaused): no"
    sender.mailer.answers += [PausedBySes(300, message=said, code="SES004")] * 3

    assert sender.send(emailId="order-1").status is Status.DEFERRED
    sender.run_waiting()
    revision = sender.tracking.records["order-1"].revision
    sender.run_waiting()
    assert sender.tracking.records["order-1"].status is not Status.SENT
    sender.run_waiting()

    record = sender.tracking.records["order-1"]
    assert record.status is Status.SENT
    assert sender.bus.statuses("order-1") == ["deferred", "sent"]
    assert sender.bus.events[0].reason == "sending_paused"
    assert revision < record.revision
    logged = [(line["level"], line["code"], line["message"]) for line in sender.log.lines if "code" in line]
    assert logged == [("WARNING", "SES004", said)] * 3


def test_what_is_held_for_too_long_expires() -> None:
    sender = Sender(max_hold_seconds=600)
    sender.mailer.answers += [PausedBySes(300)] * 11

    sender.send(emailId="order-1")
    for _ in range(10):
        sender.run_waiting()

    record = sender.tracking.records["order-1"]
    assert (record.status, record.error_type) == (Status.FAILED, "expired")
    assert record.error_message == "Email not sent: held too long (sending_paused)"
    assert sender.log.codes() == ["EXP002"]
    assert sender.waiting.messages == []
    assert sender.mailer.accepted == []


def test_an_email_with_a_time_to_send_waits_for_it() -> None:
    sender = Sender()

    assert sender.send(emailId="order-1", sendAt="2026-11-24T10:51:00Z").status is Status.DEFERRED
    hops = 0
    while sender.waiting.messages:
        sender.run_waiting()
        hops += 1

    record = sender.tracking.records["order-1"]
    assert record.status is Status.SENT
    assert sender.mailer.accepted[0].at == NOW + 1200
    assert hops == 2
    assert sender.bus.statuses("order-1") == ["deferred", "sent"]


def test_a_hop_that_changes_nothing_writes_nothing() -> None:
    sender = Sender()
    sender.send(emailId="order-1", sendAt="2026-11-24T12:31:00Z")
    before = sender.tracking.records["order-1"]

    sender.run_waiting()

    assert sender.tracking.records["order-1"] is before
    assert len(sender.bus.events) == 1


def test_an_email_is_not_sent_once_it_has_expired() -> None:
    sender = Sender()

    record = sender.send(expiresAt="2026-11-24T10:30:00Z")

    assert (record.status, record.error_type) == (Status.FAILED, "expired")
    assert sender.log.codes() == ["EXP001"]
    assert sender.mailer.accepted == []


def test_messages_beyond_the_time_left_go_back_to_the_queue() -> None:
    sender = Sender()
    sender.quota.value = None  # 1 recipient a second

    messages = [sender.message(request(emailId=f"m-{n}", to=f"u{n}@example.com")) for n in range(10)]
    assert sender.run(*messages, seconds=15) == set()

    assert len(sender.mailer.accepted) in (4, 5)
    assert len(sender.waiting.messages) == 10 - len(sender.mailer.accepted)
    while sender.waiting.messages:
        sender.run_waiting()
    assert len(sender.mailer.accepted) == 10
    assert {record.status for record in sender.tracking.records.values()} == {Status.SENT}


def test_the_retry_message_is_the_event_with_the_engine_s_note() -> None:
    sender = Sender()
    sender.mailer.answers.append(PausedBySes(300))
    sender.send(emailId="order-1")

    body = json.loads(sender.waiting.messages[0][0])

    assert body["detail"]["emailId"] == "order-1"
    assert body["sesmailHop"]["noted"] == "sending_paused"


def test_bulk_leaves_the_last_tenth_of_the_daily_quota_to_transactional_mail() -> None:
    sender = Sender()
    sender.quota.sent(91_000)

    assert sender.send(emailId="newsletter", priority="bulk").status is Status.DEFERRED
    assert sender.send(emailId="reset").status is Status.SENT
    assert sender.bus.events[0].reason == "daily_quota"


def test_all_mail_waits_while_the_daily_quota_is_used_up_and_is_sent_afterwards() -> None:
    sender = Sender()
    sender.quota.sent(100_000)

    assert sender.send(emailId="reset").status is Status.DEFERRED
    sender.quota.sent(0)
    sender.run_waiting()

    assert sender.tracking.records["reset"].status is Status.SENT
    assert sender.bus.statuses("reset") == ["deferred", "sent"]


def test_an_unlimited_daily_quota_is_never_used_up() -> None:
    sender = Sender()
    sender.quota.sent(5_000_000, of=-1)

    assert sender.send(priority="bulk").status is Status.SENT
