"""Unreadable messages, failures and crashes: no event is lost, and no message fails another."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.status_event import StatusEvent
from tests.events import EVENTS
from tools.simulation.feedback import (
    JOHN,
    TOPIC,
    Feedback,
    bounced,
    complained,
    delivered,
    mail,
    opened,
)


def test_an_event_before_its_record_waits_for_it() -> None:
    feedback = Feedback()

    assert feedback.waits_after(feedback.message(bounced()))
    assert feedback.suppression.entries == {}

    feedback.sent()
    feedback.run_waiting()
    assert feedback.record().status is Status.BOUNCED


def test_after_five_minutes_a_bounce_without_a_record_suppresses_and_is_logged() -> None:
    feedback = Feedback()

    assert feedback.run(feedback.message(bounced(), waited=300)) == set()

    entry = feedback.suppression.entries[JOHN]
    assert (entry.reason, entry.email_id, entry.source) == (SuppressionReason.HARD_BOUNCE, "email-1", "my.application")
    assert feedback.log.messages() == [
        "Email record not found for SES message ID: ses-email-1",
        "Cannot publish notification: no tracking record for ses-email-1",
    ]
    assert [line.get("code") for line in feedback.log.lines][-2:] == ["FBK006", "FBK009"]
    assert (feedback.tracking.records, feedback.bus.events) == ({}, [])


def test_unreadable_bodies_are_dead_letters_at_first_sight_and_fail_no_others() -> None:
    feedback = Feedback()
    feedback.sent()
    broken = [
        "\x00\xff random",
        "",
        "[1]",
        "null",
        "{",
        (EVENTS / "not_events/truncated.json").read_text(),
        "[" * 50_000,
    ]
    bad = [feedback.message(text, topic=None) for text in broken] + [feedback.message("no JSON in here")]

    assert feedback.run(*bad[:4], feedback.message(delivered()), *bad[4:]) == set()

    assert [message for message, _ in feedback.dead_letters.messages] == bad
    assert "no JSON" in {reason for _, reason in feedback.dead_letters.messages}
    assert feedback.record().status is Status.DELIVERED
    lines = [line for line in feedback.log.lines if line["level"] == "ERROR"]
    assert {line["code"] for line in lines} == {"FBK001"}
    assert all(line["message"].startswith("Failed to parse SNS message") for line in lines)
    assert feedback.metrics.counts["FeedbackUnreadable"] == len(bad)


def test_an_unreadable_body_is_left_to_sqs_where_it_cannot_be_put_on_the_dead_letter_queue() -> None:
    feedback = Feedback()
    feedback.dead_letters.error = TransientError("Failed to put the message: Throttling", code="QUE004")
    broken = feedback.message("{", topic=None)

    assert feedback.run(broken) == {broken.message_id}
    assert feedback.dead_letters.messages == []


def test_a_dead_letter_is_noted_before_it_is_put_on_its_queue_and_stays_noted() -> None:
    feedback = Feedback()
    broken = feedback.message("{", topic=None)

    assert feedback.run(broken) == set()

    assert broken.message_id in feedback.progress.notes


@pytest.mark.parametrize("topic", [TOPIC, None])
@pytest.mark.parametrize("name", ["topic-validation.txt", "topic-subscribed.json"])
def test_ses_own_test_messages_are_acknowledged(name: str, topic: str | None) -> None:
    feedback = Feedback()

    assert feedback.run(feedback.message((EVENTS / "not_events" / name).read_text(), topic=topic)) == set()
    assert [line["level"] for line in feedback.log.lines] == ["INFO"]


def test_an_unknown_type_is_logged_counted_and_acknowledged() -> None:
    feedback = Feedback()
    unknown = {"eventType": "Teleported", "mail": mail()}

    assert feedback.run(feedback.message(unknown), feedback.message({"hello": 1})) == set()

    assert feedback.log.messages() == ["Unknown notification type: Teleported", "Unknown notification type: None"]
    assert feedback.log.codes() == ["FBK002", "FBK002"]
    assert feedback.metrics.counts == {"FeedbackUnknown": 2}


def test_an_unknown_type_of_a_known_email_is_added_to_its_history() -> None:
    feedback = Feedback()
    feedback.sent()

    assert feedback.run(feedback.message({"eventType": "Teleported", "mail": mail()})) == set()
    assert [entry.what for entry in feedback.record().history if entry.what] == ["unknown"]
    assert feedback.record().status is Status.SENT


def test_a_message_from_another_topic_is_rejected_and_counted() -> None:
    feedback = Feedback()
    feedback.sent()
    before = feedback.record()
    forged = feedback.message(bounced(), topic="arn:aws:sns:eu-west-1:666666666666:forged")

    assert feedback.run(forged) == set()

    assert feedback.record() == before
    assert (feedback.suppression.entries, feedback.bus.events) == ({}, [])
    assert feedback.metrics.counts == {"FeedbackRefused": 1}
    assert feedback.log.lines[0]["code"] == "FBK010"


def test_without_a_topic_setting_every_topic_is_accepted() -> None:
    feedback = Feedback(topic_arn="")
    feedback.sent()
    feedback.run(feedback.message(delivered(), topic="arn:aws:sns:eu-west-1:123456789012:any"))

    assert feedback.record().status is Status.DELIVERED


def test_an_event_that_the_bus_refuses_is_republished_under_its_event_id() -> None:
    feedback = Feedback()
    feedback.sent("email-1")
    feedback.sent("email-2")
    refused, fine = feedback.message(delivered(email_id="email-1")), feedback.message(delivered(email_id="email-2"))
    seen: list[str] = []

    def refuse(event: StatusEvent) -> bool:
        seen.extend([event.event_id] if event.email_id == "email-1" else [])
        return event.email_id == "email-1"

    feedback.bus.refuse = refuse

    assert feedback.run(refused, fine) == set()
    assert len(feedback.again.messages) == 1
    assert {"FBK007", "FBK008"} <= {line.get("code") for line in feedback.log.lines}
    assert "Failed to publish status change event: InternalFailure" in feedback.log.messages()

    feedback.bus.refuse = lambda _told: False
    feedback.run_waiting()
    assert [
        event.event_id for event in feedback.bus.events if event.email_id == "email-1" and event.status == "delivered"
    ] == seen
    assert feedback.metrics.counts["EmailDelivered"] == 2


def test_a_redriven_message_republishes_its_event() -> None:
    """A redrive restarts the count of receives; the event's age shows it."""
    feedback = Feedback()
    feedback.sent()
    feedback.run(feedback.message(delivered()))
    feedback.bus.events.clear()

    feedback.clock.time += 3600
    assert feedback.run(feedback.message(delivered())) == set()
    assert "delivered" in [event.status for event in feedback.bus.events]


def test_after_a_crash_between_storing_and_publishing_the_redelivery_publishes(monkeypatch: pytest.MonkeyPatch) -> None:
    feedback = Feedback()
    feedback.sent()
    message = feedback.message(bounced())

    def crash(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as until_then:
        until_then.setattr(feedback.bus, "publish", crash)
        with pytest.raises(SystemExit):
            feedback.run(message)
    assert feedback.record().status is Status.BOUNCED

    assert feedback.run(msgspec.structs.replace(message, receive_count=2)) == set()
    assert [event.status for event in feedback.bus.events if event.status == "bounced"] == ["bounced"]


@pytest.mark.parametrize("step", ["add", "replace"])
def test_a_crash_before_storing_leaves_the_suppression_at_most(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    feedback = Feedback()
    feedback.sent()
    message = feedback.message(bounced())
    port: Any = feedback.suppression if step == "add" else feedback.tracking

    def crash(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as until_then:
        until_then.setattr(port, step, crash)
        with pytest.raises(SystemExit):
            feedback.run(message)
    assert feedback.record().status is Status.SENT

    assert feedback.run(msgspec.structs.replace(message, receive_count=2)) == set()
    assert feedback.record().status is Status.BOUNCED
    assert JOHN in feedback.suppression.entries
    assert [event.status for event in feedback.bus.events if event.status == "bounced"] == ["bounced"]


def test_a_failing_table_fails_all_messages_and_is_logged() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.tracking.error = TransientError("DynamoDB error reading tracking record: Throttling", code="AWS003")
    messages = [feedback.message(delivered()), feedback.message(opened())]

    assert feedback.waits_after(*messages)
    assert {line["code"] for line in feedback.log.lines} == {"AWS003"}
    assert feedback.metrics.counts == {"RecordFailed": 2}


def test_a_failure_with_one_email_fails_only_its_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    feedback = Feedback()
    feedback.sent("email-1")
    feedback.sent("email-2")
    add = feedback.suppression.add

    def fail(entry: Suppression) -> None:
        if entry.email_id == "email-1":
            raise TransientError("Failed to add to suppression list: Throttling", code="FBK004")
        add(entry)

    monkeypatch.setattr(feedback.suppression, "add", fail)
    first, second = (feedback.message(bounced(email_id=f"email-{number}")) for number in (1, 2))

    assert feedback.run(first, second) == set()
    [(body, _)] = feedback.again.messages
    assert json.loads(body)["sesmailHop"]["id"] == first.message_id
    assert feedback.record("email-1").status is Status.SENT
    assert feedback.record("email-2").status is Status.BOUNCED
    assert feedback.log.messages() == ["Failed to add to suppression list: Throttling"]


def test_a_bug_with_one_email_fails_only_its_messages_and_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    feedback = Feedback()
    feedback.sent("email-1")
    feedback.sent("email-2")
    replace = feedback.tracking.replace

    def fail(record: TrackingRecord) -> TrackingRecord | None:
        if record.email_id == "email-1":
            raise ZeroDivisionError
        return replace(record)

    monkeypatch.setattr(feedback.tracking, "replace", fail)
    first, second = (feedback.message(delivered(email_id=f"email-{number}")) for number in (1, 2))

    assert feedback.run(first, second) == {first.message_id}
    assert feedback.record("email-2").status is Status.DELIVERED
    assert isinstance(feedback.log.lines[0]["exc_info"], ZeroDivisionError)


def test_no_address_is_logged() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.run(
        feedback.message(bounced()), feedback.message(complained()), feedback.message(bounced(email_id="x"), waited=300)
    )

    assert "@" not in json.dumps(feedback.log.lines, default=str)
