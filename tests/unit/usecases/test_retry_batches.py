"""New requests of a batch are kept by one call before their claims, and replace no request that is claimed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from sesmail_layer.domain.errors import PermanentError, RateLimited, TransientError
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.request.envelopes import Hop, PendingRequest, open_envelope, pack_request, unpack_request
from sesmail_layer.domain.times import utc_text
from tools.simulation.fakes import NOW, FakePendingTable, request
from tools.simulation.feedback import Feedback, soft
from tools.simulation.sender import Sender

IDS = ("email-1", "email-2", "email-3")


class NotedPendingTable(FakePendingTable):
    """Notes the calls that keep requests, with the ids."""

    def __init__(self, sender: Sender) -> None:
        super().__init__(sender.clock)
        self.calls: list[tuple[str, ...]] = []
        self.batch_error: TransientError | None = None

    def keep_all(self, requests: Mapping[str, PendingRequest]) -> None:
        self.calls.append(tuple(requests))
        if self.batch_error and len(requests) > 1:
            raise self.batch_error
        super().keep_all(requests)


@pytest.fixture
def sender() -> Sender:
    found = Sender()
    found.pending = NotedPendingTable(found)
    return found


def calls(sender: Sender) -> list[tuple[str, ...]]:
    assert isinstance(sender.pending, NotedPendingTable)
    return sender.pending.calls


def messages(sender: Sender, *ids: str, **fields: Any) -> list[QueueMessage]:
    return [sender.message(request(emailId=email_id, **fields)) for email_id in ids]


def kept_detail(sender: Sender, email_id: str) -> Any:
    return unpack_request(sender.pending.kept[email_id][0], 0).detail


def test_the_new_requests_of_a_batch_are_kept_by_one_call_as_each_would_be(sender: Sender) -> None:
    batch = messages(sender, *IDS)
    assert sender.run(*batch) == set()

    assert calls(sender) == [IDS]
    for email_id, message in zip(IDS, batch, strict=True):
        assert sender.pending.kept[email_id][0] == pack_request(
            open_envelope(message.body), 1, Hop(record_id=email_id, accepted_at=NOW)
        )


def test_a_single_email_is_kept_after_its_claim(sender: Sender) -> None:
    sender.run(*messages(sender, "email-1"))
    assert calls(sender) == [("email-1",)]


def test_what_the_batch_could_not_keep_is_kept_one_by_one(sender: Sender) -> None:
    assert isinstance(sender.pending, NotedPendingTable)
    sender.pending.batch_error = TransientError("Throttling", code="AWS008")
    assert sender.run(*messages(sender, *IDS)) == set()

    assert calls(sender) == [IDS, *((email_id,) for email_id in IDS)]
    assert len(sender.mailer.accepted) == 3


@pytest.mark.parametrize("fields", [{"sensitive": True}, {"cc": ["copy@example.com"]}])
def test_what_is_never_kept_is_not_kept_with_its_batch_either(sender: Sender, fields: dict[str, Any]) -> None:
    sender.run(*messages(sender, "email-1", "email-2"), *messages(sender, "email-3", **fields))
    assert calls(sender) == [("email-1", "email-2")]


def test_without_retries_nothing_is_kept() -> None:
    sender = Sender(soft_bounce_retries=0)
    sender.pending = NotedPendingTable(sender)
    sender.run(*messages(sender, *IDS))
    assert calls(sender) == []


def test_another_request_under_the_id_of_a_sent_email_does_not_replace_what_is_kept(sender: Sender) -> None:
    sender.run(*messages(sender, *IDS))
    before = dict(sender.pending.kept)
    sender.run(*messages(sender, *IDS, to="else@example.com"))

    assert sender.pending.kept == before
    assert calls(sender) == [IDS]


def test_two_requests_of_one_batch_under_one_id_keep_the_claimed_one(sender: Sender) -> None:
    first, *others = messages(sender, *IDS)
    [second] = messages(sender, "email-1", to="else@example.com")
    sender.run(first, second, *others)

    assert calls(sender) == [("email-2", "email-3"), ("email-1",)]
    assert kept_detail(sender, "email-1") == json.loads(first.body)["detail"]


def test_a_redelivered_message_is_kept_after_its_claim(sender: Sender) -> None:
    """Its email may have been delivered meanwhile, and its request deleted."""
    envelope = {"source": "shop", "detail-type": "Email Request", "detail": request()}
    batch = [
        QueueMessage(f"message-{n}", json.dumps(envelope | {"id": f"event-{n}"}), receive_count=2) for n in range(3)
    ]
    sender.run(*batch)
    assert calls(sender) == [(f"email-event-{n}",) for n in range(3)]

    sender.pending.kept.clear()
    sender.run(*batch)
    assert sender.pending.kept == {}


def test_emails_that_have_no_time_left_are_not_kept(sender: Sender) -> None:
    sender.bucket.empty_at["pacer#all"] = sender.clock.now() + 3600
    sender.run(*messages(sender, *IDS))
    assert (calls(sender), len(sender.waiting.messages)) == ([], 3)


def test_a_request_that_took_the_claimed_ones_place_is_not_sent_as_its_retry() -> None:
    """Two workers had both found no record: the other one's request is kept, and its id is another's by then."""
    sender, feedback = Sender(), Feedback()
    for name in ("clock", "tracking", "suppression", "bus", "pending", "waiting", "bulk_waiting", "control"):
        setattr(feedback, name, getattr(sender, name))
    sender.send(emailId="email-1", to="john@example.com")
    [other] = messages(sender, "email-1", to="else@example.com")
    late = pack_request(open_envelope(other.body), 1, Hop(record_id="email-1"))
    assert late is not None
    sender.pending.keep("email-1", late)

    feedback.run(feedback.message(soft()))
    sender.run_waiting()

    assert [mail.recipients for mail in sender.mailer.accepted] == [["john@example.com"]]
    assert sender.tracking.records["email-1"].status is Status.SOFT_BOUNCED
    record = sender.tracking.records[f"email-{json.loads(other.body)['id']}"]
    assert (record.status, record.error_type) == (Status.FAILED, "duplicate_conflict")


def test_a_failed_email_leaves_nothing_behind_that_its_batch_has_kept(sender: Sender) -> None:
    sender.mailer.answers = [PermanentError("ses_rejected", "Message rejected", code="SES001")]
    sender.run(*messages(sender, *IDS))
    assert sorted(sender.pending.kept) == ["email-2", "email-3"]


@pytest.mark.parametrize("size", [1, 2])
def test_a_failed_email_leaves_nothing_behind_that_an_earlier_try_has_kept(sender: Sender, size: int) -> None:
    sender.mailer.answers = [RateLimited(60)] * size
    sender.run(*messages(sender, *IDS[:size], expiresAt=utc_text(sender.clock.now() + 30)))
    assert len(sender.pending.kept) == size

    sender.run_waiting()
    assert {record.error_type for record in sender.tracking.records.values()} == {"expired"}
    assert sender.pending.kept == {}


def test_a_failed_email_that_no_try_can_have_kept_costs_no_call(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[str] = []
    monkeypatch.setattr(sender.pending, "forget", forgotten.extend)
    expired = {"expiresAt": utc_text(sender.clock.now() - 1)}
    copy = {"cc": ["copy@example.com"], "sendAt": utc_text(sender.clock.now() + 60)}
    sender.run(*messages(sender, "email-1", **expired), *messages(sender, "email-2", **copy))
    sender.suppression.list_address("ada@example.com", SuppressionReason.MANUAL)
    sender.run_waiting()

    assert {record.error_type for record in sender.tracking.records.values()} == {"expired", "suppressed"}
    assert forgotten == []
