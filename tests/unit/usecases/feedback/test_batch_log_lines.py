"""Whole log lines and metrics of the feedback processor, as operators search them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sesmail_layer.domain.errors import TransientError
from tests.events import EVENTS
from tools.simulation.feedback import Feedback, bounced, mail

Line = dict[str, Any]

THROTTLED = TransientError("DynamoDB throttled", code="AWS006")
MESSAGE: Line = {"sqs_message_id": "message-1", "receive_count": 1}
SUPPRESSED: Line = {
    "level": "INFO", "event": "address.suppressed", "reason": "hard-bounce", "email_id": "email-1"
}  # fmt: skip
RECORDED: Line = {
    "level": "INFO",
    "event": "feedback.recorded",
    "kind": "bounce",
    "email_id": "email-1",
    "ses_message_id": "ses-email-1",
    "status": "bounced",
    "what": ["hard"],
}


def recorded(feedback: Feedback) -> None:
    feedback.sent()
    feedback.run(feedback.message(bounced()))


def received(body: object, **about: Any) -> Callable[[Feedback], None]:
    def act(feedback: Feedback) -> None:
        feedback.run(feedback.message(body, **about))

    return act


def table_throttled(feedback: Feedback) -> None:
    feedback.tracking.error = THROTTLED
    feedback.run(feedback.message(bounced()))


BY_PROCESSOR: dict[str, tuple[Callable[[Feedback], None], list[Line], dict[str, float]]] = {
    "recorded": (recorded, [SUPPRESSED, RECORDED], {"AddressSuppressed": 1, "EmailBounced": 1, "FeedbackRecorded": 1}),
    "before its record": (
        received(bounced()),
        [
            {
                "level": "INFO",
                "event": "feedback.waiting_for_record",
                "kind": "bounce",
                "ses_message_id": "ses-email-1",
            }
        ],
        {"FeedbackWaiting": 1},
    ),
    "never with a record": (
        received(bounced(), waited=300),
        [
            SUPPRESSED,
            {
                "level": "ERROR",
                "event": "feedback.unmatched",
                "code": "FBK006",
                "message": "Email record not found for SES message ID: ses-email-1",
                **MESSAGE,
            },
            {
                "level": "ERROR",
                "event": "feedback.unmatched",
                "code": "FBK009",
                "message": "Cannot publish notification: no tracking record for ses-email-1",
                **MESSAGE,
            },
        ],
        {"AddressSuppressed": 1, "FeedbackUnmatched": 1},
    ),
    "of another topic": (
        received(bounced(), topic="arn:aws:sns:eu-west-1:666666666666:forged"),
        [
            {
                "level": "ERROR",
                "event": "feedback.refused",
                "code": "FBK010",
                "message": "SNS message from another topic refused",
                "topic_arn": "arn:aws:sns:eu-west-1:666666666666:forged",
                **MESSAGE,
            }
        ],
        {"FeedbackRefused": 1},
    ),
    "no JSON": (
        received("{"),
        [
            {
                "level": "ERROR",
                "event": "feedback.failed",
                "code": "FBK001",
                "message": "Failed to parse SNS message: no JSON",
                **MESSAGE,
            }
        ],
        {"FeedbackUnreadable": 1, "RecordFailed": 1},
    ),
    "no object": (
        received("[]"),
        [
            {
                "level": "ERROR",
                "event": "feedback.failed",
                "code": "FBK001",
                "message": "Failed to parse SNS message: JSON, but no object",
                **MESSAGE,
            }
        ],
        {"FeedbackUnreadable": 1, "RecordFailed": 1},
    ),
    "of an unknown type": (
        received({"eventType": "Novelty", "mail": mail()}),
        [
            {
                "level": "WARNING",
                "event": "feedback.unknown",
                "code": "FBK002",
                "message": "Unknown notification type: Novelty",
                **MESSAGE,
            }
        ],
        {"FeedbackUnknown": 1},
    ),
    "SES's topic validation": (
        received((EVENTS / "not_events/topic-validation.txt").read_text()),
        [{"level": "INFO", "event": "feedback.topic_validated", **MESSAGE}],
        {},
    ),
    "tracking table out of reach": (
        table_throttled,
        [
            {
                "level": "ERROR",
                "event": "feedback.failed",
                "code": "AWS006",
                "message": "DynamoDB throttled",
                **MESSAGE,
            }
        ],
        {"RecordFailed": 1},
    ),
}


@pytest.mark.parametrize(("act", "lines", "counts"), BY_PROCESSOR.values(), ids=BY_PROCESSOR.keys())
def test_the_feedback_processor_logs_and_counts(
    act: Callable[[Feedback], None], lines: list[Line], counts: dict[str, float]
) -> None:
    feedback = Feedback()
    act(feedback)

    assert feedback.log.lines == lines
    assert feedback.metrics.counts == counts


def test_refused_status_events_are_logged_one_by_one_and_together() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.bus.refuse = lambda _event: True
    feedback.run(feedback.message(bounced()))

    one, together = [line for line in feedback.log.lines if line["level"] == "ERROR"]
    assert one.pop("event_id")
    assert one == {
        "level": "ERROR",
        "event": "status.refused",
        "code": "FBK007",
        "message": "Failed to publish status change event: InternalFailure",
        "email_id": "email-1",
    }
    assert together == {
        "level": "ERROR",
        "event": "status.left_to_retry",
        "code": "FBK008",
        "message": "Failed to publish status notification: 1 of 1 are tried again",
    }
    assert feedback.metrics.counts["StatusRefused"] == 1
