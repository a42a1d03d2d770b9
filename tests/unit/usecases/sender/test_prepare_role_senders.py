"""A sender that the function's role may not use fails at once: SES would answer AccessDenied again and again."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.errors import SendingDenied
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import FakeTemplates, request
from tools.simulation.sender import Sender

ALLOWED = ["*@example.com", "Billing@example.org"]


def sender_with(allowed: list[str] | None = None, **rules: Any) -> Sender:
    sender = Sender(**rules)
    sender.control.role_senders = allowed
    return sender


@pytest.mark.parametrize("email", ["shop@evil.example", "billing@example.org"])
def test_a_sender_override_outside_the_roles_list_fails_at_once(email: str) -> None:
    sender = sender_with(ALLOWED)

    record = sender.send(senderOverride={"email": email})

    assert (record.status, record.error_type) == (Status.FAILED, "producer_denied")
    assert "senderOverride.email: found" in (record.error_message or "")
    assert sender.mailer.accepted == []
    assert [line["code"] for line in sender.log.lines if line["level"] == "ERROR"] == ["SNDR002"]
    assert [event.status for event in sender.bus.events] == ["failed"]
    assert sender.waiting.messages == []


def test_the_templates_sender_outside_the_list_fails_at_once() -> None:
    sender = sender_with(ALLOWED)
    sender.templates = FakeTemplates(senderEmail="shop@evil.example")

    assert "the template's senderEmail: found" in (sender.send().error_message or "")


def test_the_default_sender_outside_the_list_fails_at_once() -> None:
    sender = sender_with(ALLOWED, default_sender_email="shop@evil.example")

    assert "default_sender_email in Terraform: found" in (sender.send().error_message or "")


def test_an_allowed_sender_is_sent() -> None:
    sender = sender_with(ALLOWED)

    assert sender.send(senderOverride={"email": "Billing@example.org"}).status is Status.SENT


def test_an_unknown_list_leaves_it_to_iam() -> None:
    assert sender_with(None).send(senderOverride={"email": "shop@evil.example"}).status is Status.SENT


def test_a_rejected_sender_leaves_its_email_id_free_for_a_corrected_request() -> None:
    sender = sender_with(ALLOWED)
    sender.send(emailId="one", senderOverride={"email": "shop@evil.example"})

    assert sender.send(emailId="one").status is Status.SENT


def test_a_sender_that_iam_denies_all_the_same_waits_visibly_and_is_sent_later() -> None:
    sender = sender_with(ALLOWED)
    sender.mailer.answers.append(SendingDenied(30, message="SES error (AccessDenied)", code="SES009"))

    assert sender.run(sender.message(request(emailId="one"))) == set()

    record = sender.tracking.records["one"]
    assert (record.status, record.defer_reason, record.lease_until) == (Status.DEFERRED, "access_denied", 0)
    assert [line["code"] for line in sender.log.lines if line["event"] == "email.held_by_ses"] == ["SES009"]
    assert [(event.status, event.reason) for event in sender.bus.events] == [("deferred", "access_denied")]
    sender.run_waiting()
    assert sender.tracking.records["one"].status is Status.SENT
