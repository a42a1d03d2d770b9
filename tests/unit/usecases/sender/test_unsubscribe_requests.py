"""`Email Unsubscribe Requested` in the sender's batch: before its emails, and an emailId for its own source only."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

ADA = "ada@example.com"
NEWS = {"to": ADA, "priority": "bulk", "topic": "weekly-digest"}


def errors(sender: Sender) -> dict[str, str | None]:
    return {key: record.error_message for key, record in sender.tracking.records.items()}


SUPPRESSED = "Email not sent: recipient is suppressed (unsubscribe)"


def test_a_topic_that_was_left_ends_its_bulk_mail_in_the_same_batch() -> None:
    sender = Sender()
    batch = [
        sender.message(request(emailId="left", **NEWS)),
        sender.message(request(emailId="other topic", **{**NEWS, "topic": "events"}) | {"emailId": "other-topic"}),
        sender.message(request(emailId="other-person", **{**NEWS, "to": "bob@example.com"})),
        sender.message(request(emailId="receipt", to=ADA, topic="weekly-digest")),
        sender.unsubscribe({"email": ADA, "topic": "weekly-digest"}),
    ]
    assert sender.run(*batch) == set()

    assert errors(sender) == {"left": SUPPRESSED, "other-topic": None, "other-person": None, "receipt": None}
    assert sender.tracking.records["left"].error_type == "suppressed"
    [event] = sender.bus.unsubscribed
    assert (event.original_source, event.by, event.email_id) == ("my.application", "producer", None)


def test_an_email_id_names_the_recipient_and_the_topic() -> None:
    sender = Sender()
    sender.send(emailId="news-1", metadata={"customer": 7}, **NEWS)
    sender.run(sender.unsubscribe({"emailId": "news-1"}))

    assert set(sender.suppression.entries) == {f"{ADA}#weekly-digest"}
    [event] = sender.bus.unsubscribed
    assert (event.to_email, event.topic, event.email_id, event.metadata) == (
        ADA,
        "weekly-digest",
        "news-1",
        {"customer": 7},
    )


def test_without_a_topic_all_bulk_mail_of_the_source_ends_and_transactional_mail_does_not() -> None:
    sender = Sender()
    sender.run(sender.unsubscribe({"email": "Ada@Example.com"}))

    assert set(sender.suppression.entries) == {f"{ADA}#*my.application"}
    assert sender.send(emailId="news", **NEWS).error_message == SUPPRESSED
    assert sender.send(emailId="receipt", to=ADA).status is Status.SENT


def test_all_bulk_mail_of_one_source_is_none_of_another_s() -> None:
    sender = Sender()
    sender.run(sender.unsubscribe({"email": ADA}, source="blog"))

    assert sender.send(emailId="news", **NEWS).status is Status.SENT


def test_a_copy_to_somebody_who_left_all_bulk_mail_of_the_source_is_left_out() -> None:
    sender = Sender()
    sender.run(sender.unsubscribe({"email": "bob@example.com"}))
    sender.send(emailId="one", cc=["Bob@example.com"], **NEWS)

    assert sender.mailer.accepted[-1].recipients == [ADA]


@pytest.mark.parametrize("email_id", ["news-1", "unknown"])
def test_another_source_s_email_or_none_is_rejected_and_changes_nothing(email_id: str) -> None:
    sender = Sender()
    sender.send(emailId="news-1", **NEWS)
    assert sender.run(sender.unsubscribe({"emailId": email_id}, source="blog")) == set()

    assert sender.suppression.entries == {}
    assert sender.bus.unsubscribed == []
    [line] = [line for line in sender.log.lines if line["event"] == "unsubscribe.rejected"]
    assert (line["code"], line["source"]) == ("UNS002", "blog")
    assert sender.metrics.counts["UnsubscribeRejected"] == 1


def test_what_cannot_be_right_is_logged_without_its_address_and_costs_no_other_message() -> None:
    sender = Sender()
    batch = [sender.unsubscribe({"email": "ada@@example.com"}), sender.message(request(emailId="one"))]
    assert sender.run(*batch) == set()

    assert errors(sender) == {"one": None}
    [line] = [line for line in sender.log.lines if line["event"] == "unsubscribe.rejected"]
    assert line["code"] == "VAL003"
    assert "ada" not in line["message"]


def test_what_aws_does_not_answer_is_tried_again() -> None:
    sender = Sender()
    sender.suppression.error = TransientError("DynamoDB error", code="AWS001")
    assert sender.waits_after(sender.unsubscribe({"email": ADA, "topic": "weekly-digest"}))

    sender.suppression.error = None
    sender.run_waiting()
    assert set(sender.suppression.entries) == {f"{ADA}#weekly-digest"}


def test_an_event_that_is_not_published_is_tried_again_under_its_id() -> None:
    sender = Sender()
    sender.bus.refuse_announcements = True
    assert sender.waits_after(sender.unsubscribe({"email": ADA, "topic": "weekly-digest"}))

    sender.bus.refuse_announcements = False
    sender.run_waiting()
    assert [event.topic for event in sender.bus.unsubscribed] == ["weekly-digest"]


def test_a_copy_to_somebody_who_left_the_topic_is_left_out() -> None:
    sender = Sender()
    sender.suppression.list_address("bob@example.com#weekly-digest", SuppressionReason.UNSUBSCRIBE)
    record = sender.send(emailId="one", cc=["Bob@example.com", "eve@example.com"], **NEWS)

    assert record.status is Status.SENT
    assert sender.mailer.accepted[-1].recipients == [ADA, "eve@example.com"]


def test_of_two_entries_the_address_s_own_one_is_the_reason() -> None:
    sender = Sender()
    sender.suppression.list_address(ADA, SuppressionReason.HARD_BOUNCE)
    sender.suppression.list_address(f"{ADA}#weekly-digest", SuppressionReason.UNSUBSCRIBE)

    assert sender.send(emailId="one", **NEWS).error_message == "Email not sent: recipient is suppressed (hard-bounce)"
