"""Producers kept in hand: rules fail, caps and pauses hold."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.request.email_request import Priority
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

SOURCE = "my.application"


def sender_with(policy: ProducerPolicy | None = None, **rules: Any) -> Sender:
    sender = Sender(**rules)
    if policy is not None:
        sender.control.policies[SOURCE] = policy
    return sender


@pytest.mark.parametrize(
    ("policy", "fields", "code"),
    [
        (ProducerPolicy(enabled=False), {}, "PROD001"),
        (ProducerPolicy(templates=["invoice", "shipping-*"]), {}, "PROD002"),
        (ProducerPolicy(recipient_domains=["example.org"]), {}, "PROD003"),
        (ProducerPolicy(recipient_domains=["*.example.com"]), {}, "PROD003"),
        (ProducerPolicy(recipient_domains=["example.com"]), {"cc": ["eve@elsewhere.example.org"]}, "PROD003"),
        (ProducerPolicy(senders=["billing@example.com"]), {}, "PROD004"),
    ],
)
def test_a_broken_rule_fails_the_email(policy: ProducerPolicy, fields: dict[str, Any], code: str) -> None:
    sender = sender_with(policy)

    record = sender.send(**fields)

    assert (record.status, record.error_type) == (Status.FAILED, "producer_denied")
    assert [line["code"] for line in sender.log.lines if line["level"] == "ERROR"] == [code]
    assert sender.mailer.accepted == []


@pytest.mark.parametrize(
    "policy",
    [
        ProducerPolicy(templates=["wel*"]),
        ProducerPolicy(recipient_domains=["example.com"]),
        ProducerPolicy(senders=["*@EXAMPLE.com"]),
    ],
)
def test_within_its_rules_a_producer_sends(policy: ProducerPolicy) -> None:
    assert sender_with(policy).send().status is Status.SENT


def test_a_source_without_a_policy_follows_the_default_one() -> None:
    sender = Sender()
    sender.control.policies["*"] = ProducerPolicy(enabled=False)
    sender.control.policies[SOURCE] = ProducerPolicy()

    assert sender.send().status is Status.SENT
    sender.run(sender.message(request(emailId="other"), source="unknown.service"))
    assert sender.tracking.records["other"].error_type == "producer_denied"


def test_beyond_its_emails_a_day_a_producer_s_mail_waits_for_the_next_day() -> None:
    sender = sender_with(ProducerPolicy(emails_per_day=3), max_hold_seconds=3 * 86_400)
    messages = [sender.message(request(emailId=f"m-{n}", to=f"u{n}@example.com")) for n in range(5)]

    assert sender.run(*messages) == set()

    statuses = [sender.tracking.records[f"m-{n}"].status for n in range(5)]
    assert statuses == [Status.SENT] * 3 + [Status.DEFERRED] * 2
    assert {event.reason for event in sender.bus.events if event.status == "deferred"} == {"producer_cap"}
    while sender.waiting.messages:
        sender.run_waiting()
    assert len(sender.mailer.accepted) == 5
    assert min(mail.at for mail in sender.mailer.accepted[3:]) >= NOW - NOW % 86_400 + 86_400


def test_a_held_email_counts_once_against_its_cap() -> None:
    sender = sender_with(ProducerPolicy(emails_per_day=1))
    sender.quota.value = None  # 1 a second, so that the second email goes back to the queue

    sender.send(emailId="one")

    assert sender.control.counters == {"day#my.application#2026-11-24": 1}


def test_invented_addresses_wait_and_known_ones_do_not() -> None:
    sender = sender_with(ProducerPolicy(first_contacts_per_hour=2))
    sender.run(sender.message(request(emailId="known", to="known@example.com"), source="shop"))

    made_up = [sender.message(request(emailId=f"m-{n}", to=f"made-up-{n}@example.com")) for n in range(5)]
    known = sender.message(request(emailId="again", to="Known@example.com"))
    assert sender.run(*made_up, known) == set()

    statuses = [sender.tracking.records[f"m-{n}"].status for n in range(5)]
    assert statuses == [Status.SENT] * 2 + [Status.DEFERRED] * 3
    assert sender.tracking.records["again"].status is Status.SENT
    assert sender.tracking.records["m-4"].defer_reason == "first_contacts"


def test_the_next_hour_has_room_for_the_next_first_contacts() -> None:
    sender = sender_with(ProducerPolicy(first_contacts_per_hour=1))
    messages = [sender.message(request(emailId=f"m-{n}", to=f"u{n}@example.com")) for n in range(3)]
    sender.run(*messages)

    while sender.waiting.messages:
        sender.run_waiting()

    hours = [int((mail.at - (NOW - NOW % 3600)) // 3600) for mail in sender.mailer.accepted]
    assert hours == [0, 1, 2]


def test_counters_cost_one_write_for_a_producer_s_batch() -> None:
    sender = sender_with(ProducerPolicy(emails_per_day=100))

    sender.run(*(sender.message(request(to=f"u{n}@example.com")) for n in range(10)))

    assert sender.control.reads == 1
    assert sender.control.writes == 3  # the day's cap, the producer's count, the account's
    assert sender.control.sent == {SOURCE: 10, "*": 10}


def test_mail_to_the_simulator_is_not_counted() -> None:
    sender = Sender()

    sender.send(to="bounce@simulator.amazonses.com")

    assert sender.control.sent == {}


@pytest.mark.parametrize("scope", [SOURCE, "*"])
def test_an_operator_s_pause_holds_and_its_end_releases(scope: str) -> None:
    sender = Sender()
    sender.control.states[scope] = SendingState(paused=True, paused_by="operator")

    assert sender.send(emailId="one").status is Status.DEFERRED
    sender.run_waiting()
    assert sender.mailer.accepted == []
    del sender.control.states[scope]
    sender.run_waiting()

    assert sender.tracking.records["one"].status is Status.SENT
    assert sender.bus.statuses("one") == ["deferred", "sent"]
    assert sender.bus.events[0].reason == "paused"


def test_a_paused_producer_holds_no_other_producer() -> None:
    sender = Sender()
    sender.control.states[SOURCE] = SendingState(paused=True, paused_by="operator")

    sender.run(sender.message(request(emailId="one")), sender.message(request(emailId="two"), source="shop"))

    assert sender.tracking.records["one"].status is Status.DEFERRED
    assert sender.tracking.records["two"].status is Status.SENT


def test_an_open_breaker_holds_and_then_fails_what_was_held_too_long() -> None:
    sender = Sender(max_hold_seconds=3600)
    sender.control.states[SOURCE] = SendingState(paused=True, paused_by="breaker", trip="complaint", opened_at=NOW)

    assert sender.send(emailId="one").defer_reason == "breaker"
    while sender.waiting.messages:
        sender.run_waiting()

    record = sender.tracking.records["one"]
    assert (record.error_type, record.error_message) == (
        "bounce_rate_exceeded",
        "Email not sent: bounce rate exceeded",
    )
    assert sender.log.codes() == ["RATE001"]


def test_after_the_cool_down_a_few_probes_go_through() -> None:
    sender = Sender()
    state = SendingState(paused=True, paused_by="breaker", trip="bounce", opened_at=NOW - 3601)
    sender.control.states[SOURCE] = state

    sender.run(*(sender.message(request(emailId=f"m-{n}", to=f"u{n}@example.com")) for n in range(8)))

    assert len(sender.mailer.accepted) == 5
    assert sender.control.states[SOURCE].probes == [f"m-{n}" for n in range(5)]


def test_complaints_are_not_probed() -> None:
    sender = Sender()
    sender.control.states[SOURCE] = SendingState(paused=True, paused_by="breaker", trip="complaint", opened_at=0.5)

    sender.send(emailId="one")

    assert sender.mailer.accepted == []


def test_nothing_is_sent_while_the_control_table_cannot_be_read() -> None:
    sender = Sender()
    sender.control.error = TransientError("DynamoDB error in the control table: timeout", code="AWS006")
    message = sender.message(request())

    assert sender.waits_after(message)
    assert sender.mailer.accepted == []


def test_what_a_policy_makes_bulk_is_moved_to_the_bulk_lane_once() -> None:
    sender = sender_with(ProducerPolicy(priority=Priority.BULK))

    assert sender.run(sender.message(request(emailId="one"))) == set()
    assert sender.mailer.accepted == []
    ((body, delay),) = sender.bulk_lane.take()
    assert delay == 0
    assert json.loads(body)["sesmailHop"]["lane"] == "bulk"

    sender.run(msgspec.structs.replace(sender.message(request()), body=body))

    assert sender.tracking.records["one"].status is Status.SENT


def test_an_object_under_the_producer_s_prefix_is_attached() -> None:
    sender = sender_with(ProducerPolicy(attachment_prefixes=["s3://files/invoices/"]))
    sender.attachments.objects["s3://files/invoices/7.pdf"] = b"%PDF-1.7"

    record = sender.send(attachments=[{"filename": "7.pdf", "s3Uri": "s3://files/invoices/7.pdf"}])

    assert record.status is Status.SENT
    assert b"7.pdf" in sender.mailer.accepted[0].raw


@pytest.mark.parametrize(
    ("uri", "code"), [("s3://files/secrets/7.pdf", "ATT001"), ("s3://files/invoices/gone.pdf", "ATT003")]
)
def test_any_other_object_is_rejected_by_field(uri: str, code: str) -> None:
    sender = sender_with(ProducerPolicy(attachment_prefixes=["s3://files/invoices/"]))

    record = sender.send(attachments=[{"filename": "7.pdf", "s3Uri": uri}])

    assert record.error_type == "attachment_error"
    assert "attachments[0].s3Uri" in (record.error_message or "")
    assert sender.log.codes() == [code]
