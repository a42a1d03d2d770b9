"""An email of unknown outcome that cannot be sent any more, or not now: SES may have it, whatever else ends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold
from sesmail_layer.domain.template.templates import TemplateError
from sesmail_layer.domain.times import utc_text
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

SHOP = "my.application"
PAUSED = SendingState(paused=True, paused_by="operator")
EXPIRES = {"expiresAt": utc_text(NOW + 200)}
Change = Callable[[Sender], object]


def template_vanishes(sender: Sender) -> None:
    sender.templates.error = TemplateError("template_not_found", "Template 'welcome' not found", code="TMPL001")


def recipient_is_suppressed(sender: Sender) -> None:
    sender.suppression.list_address("ada@example.com", SuppressionReason.MANUAL)


def producer_is_disabled(sender: Sender) -> None:
    sender.control.policies[SHOP] = ProducerPolicy(enabled=False)


def unknown_fields_are_rejected(sender: Sender) -> None:
    sender.rules = msgspec.structs.replace(sender.rules, refuse_unknown_fields=True)


def sending_is_paused(sender: Sender) -> None:
    sender.control.states[SHOP] = PAUSED


ENDS: dict[str, tuple[Change, dict[str, Any]]] = {
    "template_not_found": (template_vanishes, {}),
    "suppressed": (recipient_is_suppressed, {}),
    "producer_denied": (producer_is_disabled, {}),
    "validation_error": (unknown_fields_are_rejected, {"colour": "red"}),
    # `expiresAt` passes while nothing else changes.
    "expired": (lambda _sender: None, EXPIRES),
}


def unknown(fields: dict[str, Any], **rules: Any) -> Sender:
    """A sender whose email SES took, and its answer was lost; the message is on the retry queue."""
    sender = Sender(**rules)
    sender.mailer.late_answers = [OutcomeUnknownError("read timeout")]
    assert sender.run(sender.message(request(emailId="one", **fields))) == set()
    sender.progress.answers_probes = False
    return sender


def record_of(sender: Sender) -> TrackingRecord:
    return sender.tracking.records["one"]


def hop_until(sender: Sender, seconds: float) -> None:
    """Deliver what waits until a time after the start."""
    while sender.clock.now() < NOW + seconds:
        assert sender.waiting.messages, f"nothing waits: {record_of(sender)}"
        sender.run_waiting()


def settle(sender: Sender) -> None:
    sender.progress.advance(sender.progress.probes[-1])
    sender.run_waiting()


def send_event_arrives(sender: Sender) -> None:
    sent = Entry("sent/1", utc_text(NOW), 1, Status.SENT, detail={"sesMessageId": "ses-1"})
    assert sender.tracking.replace(fold(record_of(sender), [sent])[0]) is None


@pytest.mark.parametrize("error", ENDS)
def test_it_waits_for_the_watermark_and_its_send_event_settles_it(error: str) -> None:
    change, fields = ENDS[error]
    sender = unknown(fields)
    change(sender)

    hop_until(sender, 400)

    assert record_of(sender).status is Status.SENDING
    assert sender.bus.events == []
    assert len(sender.progress.probes) > 1
    send_event_arrives(sender)
    sender.run_waiting()
    assert (record_of(sender).status, sender.waiting.messages) == (Status.SENT, [])


@pytest.mark.parametrize("error", ENDS)
@pytest.mark.parametrize("resend", [True, False])
def test_once_settled_it_fails_by_its_own_error_or_as_unknown_where_that_is_the_policy(
    error: str, *, resend: bool
) -> None:
    change, fields = ENDS[error]
    sender = unknown(fields, resend_unknown=resend)
    change(sender)
    hop_until(sender, 330)

    settle(sender)

    record = record_of(sender)
    found = record.status, record.attempt, record.error_type, record.lease_until
    assert found == (Status.FAILED, 1, error if resend else "outcome_unknown", 0)
    assert sender.bus.statuses("one") == ["failed"]
    assert sender.waiting.messages == []


def test_after_an_unknown_outcome_the_same_request_is_not_sent_again() -> None:
    sender = unknown({}, resend_unknown=False)
    template_vanishes(sender)
    hop_until(sender, 330)
    settle(sender)
    sender.templates.error = None

    sender.send(emailId="one")

    assert (record_of(sender).error_type, len(sender.mailer.accepted)) == ("outcome_unknown", 1)


def test_a_send_event_after_its_failure_keeps_the_same_request_from_being_sent_again() -> None:
    sender = unknown({})
    template_vanishes(sender)
    hop_until(sender, 330)
    settle(sender)
    send_event_arrives(sender)
    sender.templates.error = None

    sender.send(emailId="one")

    record = record_of(sender)
    assert (record.status, record.ses_message_id, len(sender.mailer.accepted)) == (Status.FAILED, "ses-1", 1)
    delivered = Entry("delivered/1", utc_text(NOW + 900), 1, Status.DELIVERED)
    assert fold(record, [delivered])[0].status is Status.DELIVERED


@pytest.mark.parametrize("error", ENDS)
def test_where_nothing_settles_it_its_last_deadline_ends_it_as_unknown(error: str) -> None:
    change, fields = ENDS[error]
    sender = unknown(fields, max_hold_seconds=3_600)
    change(sender)

    hop_until(sender, 330)
    sender.clock.sleep(86_000)
    hop_until(sender, 86_400)
    while sender.waiting.messages:
        sender.run_waiting()

    assert (record_of(sender).status, record_of(sender).error_type) == (Status.FAILED, "outcome_unknown")
    assert sender.clock.now() < NOW + 86_400 + 400


def test_a_hold_that_is_given_up_waits_for_the_watermark_too() -> None:
    sender = unknown({}, max_hold_seconds=320)
    sending_is_paused(sender)
    hop_until(sender, 700)
    assert record_of(sender).status is Status.SENDING

    settle(sender)

    assert (record_of(sender).status, record_of(sender).error_type) == (Status.FAILED, "expired")


def test_a_hold_probes_and_the_email_is_deferred_once_it_is_settled_and_sent_as_the_next_attempt() -> None:
    sender = unknown({})
    sending_is_paused(sender)
    hop_until(sender, 330)
    assert record_of(sender).status is Status.SENDING

    settle(sender)

    record = record_of(sender)
    assert (record.status, record.attempt, record.defer_reason, record.lease_until) == (Status.DEFERRED, 2, "paused", 0)
    assert sender.waiting.messages[0][1] == 60
    sender.control.states.clear()
    sender.run_waiting()
    assert [mail.tags["attempt"] for mail in sender.mailer.accepted] == ["MQ", "Mg"]
    assert (record_of(sender).status, sender.metrics.counts["EmailResentUnsettled"]) == (Status.SENT, 1)


def test_a_held_email_of_unknown_outcome_fails_as_such_where_that_is_the_policy() -> None:
    sender = unknown({}, resend_unknown=False)
    sending_is_paused(sender)
    hop_until(sender, 330)

    settle(sender)

    assert (record_of(sender).status, record_of(sender).error_type) == (Status.FAILED, "outcome_unknown")


def test_a_soft_bounces_retry_of_unknown_outcome_does_not_fail_before_it_is_settled() -> None:
    sender = Sender()
    sender.send(emailId="one")
    bounced = Entry("bounced/1", utc_text(NOW + 1), 1, Status.SOFT_BOUNCED)
    assert sender.tracking.replace(fold(record_of(sender), [bounced])[0]) is None
    sender.mailer.late_answers = [OutcomeUnknownError("read timeout")]
    message = sender.message(request(emailId="one"), event_id="event-1")
    retry = message.body.replace('"source"', '"sesmailHop": {"attempt": 2}, "source"')
    sender.run(type(message)(message.message_id, retry))
    recipient_is_suppressed(sender)
    sender.progress.answers_probes = False

    hop_until(sender, 330)

    assert (record_of(sender).status, record_of(sender).attempt) == (Status.SENDING, 2)
    settle(sender)
    assert (record_of(sender).status, record_of(sender).attempt) == (Status.FAILED, 2)
