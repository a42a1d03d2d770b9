"""What an operator finds of the sender in the log and in the metrics: whole lines, as they are searched and read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError, PausedBySes, TransientError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.request.email_request import Priority
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

Line = dict[str, Any]

THROTTLED = TransientError("DynamoDB throttled", code="AWS006")
EMAIL: Line = {"email_id": "one", "source": "my.application"}
CONTEXT: Line = {**EMAIL, "template": "welcome", "recipient": "fingerprint"}
SENT: Line = {"level": "INFO", "event": "email.sent", **CONTEXT, "attempt": 1, "ses_message_id": "ses-1"}


def run(sender: Sender, **fields: Any) -> None:
    sender.run(sender.message(request(emailId="one", **fields)))


def answered(error: Exception) -> Callable[[Sender], None]:
    """SES's answer to the one email."""

    def act(sender: Sender) -> None:
        sender.mailer.answers = [error]
        run(sender)

    return act


def sent_twice(sender: Sender) -> None:
    run(sender)
    run(sender)


def under_a_taken_id(sender: Sender) -> None:
    run(sender)
    sender.run(sender.message(request(emailId="one", to="eve@example.com"), event_id="xyz"))


def no_request(sender: Sender) -> None:
    sender.run(QueueMessage("message-1", "{"))


def suppression_throttled(sender: Sender) -> None:
    sender.suppression.error = THROTTLED
    run(sender)


def control_throttled(sender: Sender) -> None:
    sender.control.error = THROTTLED
    run(sender)


def pending_throttled(sender: Sender) -> None:
    sender.pending.error = THROTTLED
    run(sender)


def retry_queue_throttled(sender: Sender) -> None:
    sender.waiting.error = THROTTLED
    run(sender, sendAt="2026-11-24T12:00:00Z")


def bulk_queue_throttled(sender: Sender) -> None:
    sender.bulk_lane.error = THROTTLED
    sender.control.policies["my.application"] = ProducerPolicy(priority=Priority.BULK)
    run(sender)


def failed(message: str, code: str, error_type: str, **about: Any) -> Line:
    line = {"level": "ERROR", "event": "email.failed", "message": message, "code": code, "error_type": error_type}
    return {**line, **CONTEXT, **about}


def again(event: str, code: str = "AWS006", message: str = "DynamoDB throttled", **about: Any) -> Line:
    """A line about a message that SQS is to bring again."""
    return {
        "level": "ERROR", "event": event, "message": message, "sqs_message_id": "message-1", "code": code, **about
    }  # fmt: skip


def retried(event: str, code: str = "AWS006", message: str = "DynamoDB throttled") -> Line:
    """A line about an email that waits for its second try."""
    end = "2026-11-25T10:31:00.000Z"
    line: dict[str, Any] = {"level": "ERROR", "event": event, "message": message, "code": code}
    line |= {"tries": 1, "retry_in": 2, "gives_up_at": end}
    return {**line, **EMAIL}


WAITS = {"level": "INFO", "event": "email.deferred", "reason": "scheduled", **CONTEXT}

BY_SENDER: dict[str, tuple[Callable[[Sender], None], list[Line], dict[str, float]]] = {
    "sent": (run, [SENT], {"EmailSent": 1}),
    "sent, with a field that means nothing": (
        lambda sender: run(sender, colour="red"),
        [{**SENT, "unknown_fields": ["colour"]}],
        {"EmailSent": 1},
    ),
    "no such template": (
        lambda sender: run(sender, templateName="none"),
        [failed("Template error: Template 'none' not found", "TMPL001", "template_not_found", template="none")],
        {"EmailFailed": 1},
    ),
    "scheduled": (lambda sender: run(sender, sendAt="2026-11-24T12:00:00Z"), [WAITS], {"EmailDeferred": 1}),
    "asked for twice": (
        sent_twice,
        [SENT, {"level": "INFO", "event": "email.duplicate", **CONTEXT, "status": "sent"}],
        {"EmailSent": 1, "EmailDuplicate": 1},
    ),
    "under an id that is taken": (
        under_a_taken_id,
        [
            SENT,
            failed(
                "Validation error: emailId: 'one' belongs to another request",
                "DUP001",
                "duplicate_conflict",
                email_id="email-xyz",
                conflicts_with="one",
            ),
        ],
        {"EmailSent": 1, "EmailFailed": 1},
    ),
    "SES cannot now": (
        answered(TransientError("SES error (ServiceUnavailable): later", code="SES010")),
        [retried("email.send_failed", "SES010", "SES error (ServiceUnavailable): later")],
        {"RecordFailed": 1},
    ),
    "SES may have it": (
        answered(OutcomeUnknownError("read timeout")),
        [{"level": "WARNING", "event": "email.outcome_unknown", "message": "read timeout", **EMAIL}],
        {"EmailOutcomeUnknown": 1},
    ),
    "SES makes it wait": (
        answered(PausedBySes(60, message="Account paused", code="SES004")),
        [
            {
                "level": "WARNING",
                "event": "email.held_by_ses",
                "message": "Account paused",
                "code": "SES004",
                **EMAIL,
            },
            {**WAITS, "reason": "sending_paused"},
        ],
        {"EmailDeferred": 1},
    ),
    "no request": (
        no_request,
        [
            {
                "level": "ERROR",
                "event": "request.unreadable",
                "message": "Not an EventBridge event: Expecting property name enclosed in double quotes: "
                "line 1 column 2 (char 1)",
                "sqs_message_id": "message-1",
            }
        ],
        {"RecordFailed": 1},
    ),
    "suppression list out of reach": (suppression_throttled, [retried("suppression.unreadable")], {"RecordFailed": 1}),
    "control table out of reach": (control_throttled, [retried("control.unreadable")], {"RecordFailed": 1}),
    "retry queue out of reach": (
        retry_queue_throttled,
        [WAITS, again("email.requeue_failed", **EMAIL)],
        {"EmailDeferred": 1, "RecordFailed": 1},
    ),
    "bulk queue out of reach": (bulk_queue_throttled, [retried("email.forward_failed")], {"RecordFailed": 1}),
    "not kept for a retry": (
        pending_throttled,
        [
            {
                "level": "WARNING",
                "event": "request.not_kept",
                "message": "DynamoDB throttled",
                "code": "AWS006",
                "email_id": "one",
            },
            SENT,
        ],
        {"EmailSent": 1},
    ),
}


@pytest.mark.parametrize(("act", "lines", "counts"), BY_SENDER.values(), ids=BY_SENDER.keys())
def test_the_sender_logs_and_counts(act: Callable[[Sender], None], lines: list[Line], counts: dict[str, float]) -> None:
    sender = Sender()
    act(sender)

    assert sender.log.lines == lines
    assert {name: number for name, number in sender.metrics.counts.items() if number} == counts


def test_caps_that_cannot_be_read_leave_every_email_of_the_batch_to_redelivery() -> None:
    sender = Sender()
    sender.control.policies["my.application"] = ProducerPolicy(emails_per_day=5)

    def throttled(counter: str, wanted: int, limit: int, expires_at: float) -> int:
        raise THROTTLED

    sender.control.take = throttled  # type: ignore[method-assign]

    assert sender.waits_after(sender.message(request(emailId="one")))
    assert sender.log.lines == [retried("control.unreadable")]
    assert sender.mailer.accepted == []


def test_a_count_that_fails_is_logged_and_delays_nothing() -> None:
    sender = Sender()

    def throttled(*_args: object, **_options: object) -> None:
        raise THROTTLED

    sender.control.count_sent = throttled  # type: ignore[method-assign]
    run(sender)

    line = {"level": "WARNING", "event": "breaker.count_failed", "message": "DynamoDB throttled", "code": "AWS006"}
    assert sender.log.lines == [SENT, line]


def test_one_that_cannot_wait_keeps_none_of_the_others_from_waiting() -> None:
    sender = Sender()
    sender.bus.refuse = lambda event: event.email_id == "one"
    later = "2026-11-24T12:00:00Z"
    messages = [sender.message(request(emailId=email_id, sendAt=later)) for email_id in ("one", "two")]

    assert sender.run(*messages) == set()
    assert {json.loads(body)["detail"]["emailId"]: delay for body, delay in sender.waiting.messages} == {
        "one": 2,
        "two": 5340,
    }


def test_a_waiting_message_says_that_the_caps_have_counted_it() -> None:
    sender = Sender()
    answered(OutcomeUnknownError("read timeout"))(sender)

    [(body, delay)] = sender.waiting.messages
    assert '"sesmailHop":{"counted":true,' in body
    assert delay == 15


def test_a_bug_is_logged_with_its_traceback_and_the_message_is_redelivered() -> None:
    sender, bug = Sender(), KeyError("x")
    answered(bug)(sender)

    line = {"level": "ERROR", "event": "email.failed_unexpectedly", "message": "KeyError", **EMAIL}
    assert sender.log.lines == [{**line, "sqs_message_id": "message-1", "exc_info": bug}]
    assert sender.metrics.counts == {"RecordFailed": 1}


def test_a_redelivered_conflict_is_published_again_and_not_logged_again() -> None:
    sender = Sender()
    run(sender)
    taken = sender.message(request(emailId="one", to="eve@example.com"), event_id="xyz")
    sender.run(taken)
    first, lines = sender.bus.events[-1], len(sender.log.lines)

    sender.run(taken)

    assert sender.bus.events[-1] == first
    assert len(sender.bus.events) == 3
    assert len(sender.log.lines) == lines
    record = sender.tracking.records["email-xyz"]
    assert (record.to_email, record.error_type, record.error_message) == (
        "eve@example.com",
        "duplicate_conflict",
        "Validation error: emailId: 'one' belongs to another request",
    )
    assert [entry.key for entry in record.history] == ["failed/1"]


def test_a_conflict_whose_event_is_refused_is_redelivered() -> None:
    sender = Sender()
    run(sender)
    sender.bus.refuse = lambda event: event.email_id == "email-xyz"
    taken = sender.message(request(emailId="one", to="eve@example.com"), event_id="xyz")

    assert sender.waits_after(taken)
    assert sender.waits_after(taken)
