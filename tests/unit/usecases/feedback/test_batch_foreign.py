"""Events of other senders that use the same configuration set: acknowledged at once, and of no consequence."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.record.statuses import Status
from tools.simulation.feedback import Feedback, bounced, complained, delivered

SES_TAGS = {"ses:configuration-set": ["shared"], "ses:caller-identity": ["newsletter"]}


def of_another_sender(event: dict[str, Any], tags: dict[str, Any] = SES_TAGS) -> dict[str, Any]:
    event["mail"]["tags"] = tags
    return event


@pytest.mark.parametrize(
    "event",
    [bounced(), complained(), delivered(), bounced("Transient", "General")],
    ids=["bounce", "complaint", "delivery", "soft bounce"],
)
@pytest.mark.parametrize("receives", [1, 5])
@pytest.mark.parametrize(
    "tags",
    [SES_TAGS, SES_TAGS | {"campaign": ["x"]}, SES_TAGS | {"emailId": ["not base64url!"]}],
    ids=["no tags of its own", "other tags", "an emailId of its own"],
)
def test_an_event_of_another_sender_is_acknowledged_and_suppresses_nobody(
    event: dict[str, Any], receives: int, tags: dict[str, Any]
) -> None:
    feedback = Feedback()

    assert feedback.run(feedback.message(of_another_sender(event, tags), receives=receives)) == set()

    assert feedback.suppression.entries == {}
    assert (feedback.tracking.records, feedback.bus.events) == ({}, [])
    assert feedback.metrics.counts == {"FeedbackForeign": 1}
    [line] = feedback.log.lines
    assert (line["event"], line["level"]) == ("feedback.foreign", "INFO")


def test_an_untagged_event_of_a_recorded_email_is_the_engine_s() -> None:
    feedback = Feedback()
    feedback.sent()

    assert feedback.run(feedback.message(of_another_sender(bounced()))) == set()

    assert feedback.record().status is Status.BOUNCED


def notification(event: dict[str, Any]) -> dict[str, Any]:
    """The same as an identity's notification, which has no tags."""
    event["notificationType"] = event.pop("eventType")
    return event


@pytest.mark.parametrize(
    "event",
    [notification(bounced(tagged=False)), bounced(tagged=False), bounced()],
    ids=["an identity's notification", "an event without tags", "an event with our tags"],
)
def test_what_may_be_the_engine_s_waits_for_its_record(event: dict[str, Any]) -> None:
    feedback = Feedback()
    assert feedback.waits_after(feedback.message(event))

    feedback.sent()
    feedback.run_waiting()
    assert feedback.record().status is Status.BOUNCED
