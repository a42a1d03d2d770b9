"""A cap counts an email once, however often its message is requeued, redelivered or sent again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError, PausedBySes, TransientError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from tools.simulation.fakes import FakeTrackingTable, request
from tools.simulation.sender import Sender

SOURCE = "my.application"
DAY, CONTACTS = f"day#{SOURCE}#2026-11-24", f"contacts#{SOURCE}#2026-11-24T10"


class FailingTrackingTable(FakeTrackingTable):
    """Raises on the next writes of new records."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    def create(self, record: TrackingRecord) -> TrackingRecord | None:
        if self.failures:
            self.failures -= 1
            raise TransientError("DynamoDB error", code="AWS006")
        return super().create(record)


def sender_with(*, failures: int = 0, **caps: int) -> Sender:
    sender = Sender(max_hold_seconds=3 * 86_400)
    sender.tracking = FailingTrackingTable(failures)
    sender.control.policies[SOURCE] = ProducerPolicy(**caps)  # type: ignore[arg-type]
    return sender


def drain(sender: Sender) -> None:
    while sender.waiting.messages:
        sender.run_waiting()


def fail_claim(sender: Sender) -> None:
    sender.tracking = FailingTrackingTable(1)


def fail_pacing(sender: Sender) -> None:
    advance = sender.bucket.advance

    def once(*_arguments: Any, **_named: Any) -> Any:
        sender.bucket.advance = advance  # type: ignore[method-assign]
        raise TransientError("DynamoDB error", code="AWS007")

    sender.bucket.advance = once  # type: ignore[method-assign]


def refuse_connection(sender: Sender) -> None:
    sender.mailer.answers = [TransientError("Connection refused", code="SES009")]


def lose_answer(sender: Sender) -> None:
    sender.mailer.late_answers = [OutcomeUnknownError("Read timeout")]


def pace_out(sender: Sender) -> None:
    sender.bucket.empty_at["pacer#all"] = sender.clock.now() + 60


def pause_in_ses(sender: Sender) -> None:
    sender.mailer.answers = [PausedBySes(60)]


@pytest.mark.parametrize("fields", [{"emailId": "one"}, {}])
@pytest.mark.parametrize("trouble", [fail_claim, fail_pacing, refuse_connection, lose_answer, pace_out, pause_in_ses])
def test_an_email_that_comes_again_is_counted_once(trouble: Callable[[Sender], None], fields: dict[str, str]) -> None:
    sender = sender_with(emails_per_day=5, first_contacts_per_hour=5)
    trouble(sender)
    message = sender.message(request(**fields))

    for _ in range(4):
        if not sender.run(message):
            break
    drain(sender)

    assert len(sender.mailer.accepted) >= 1
    assert sender.control.counters == {DAY: 1, CONTACTS: 1}


@pytest.mark.parametrize("fields", [{"emailId": "one"}, {}])
def test_a_second_delivery_of_a_sent_email_is_not_counted(fields: dict[str, str]) -> None:
    sender = sender_with(emails_per_day=5)
    message = sender.message(request(**fields))

    assert (sender.run(message), sender.run(message)) == (set(), set())

    assert len(sender.mailer.accepted) == 1
    assert sender.waiting.messages == []
    assert sender.control.counters == {DAY: 1}


def test_two_copies_in_one_batch_are_counted_once() -> None:
    sender = sender_with(emails_per_day=5, first_contacts_per_hour=5)
    body = request(emailId="one")

    sender.run(sender.message(body, event_id="event"), sender.message(body, event_id="event"))
    drain(sender)

    assert len(sender.mailer.accepted) == 1
    assert sender.control.counters == {DAY: 1, CONTACTS: 1}


def test_first_contacts_are_not_taken_again_by_an_email_that_waits_for_the_next_day() -> None:
    sender = sender_with(emails_per_day=1, first_contacts_per_hour=5)
    emails = [sender.message(request(emailId=f"m-{n}", to=f"u{n}@example.com")) for n in range(2)]

    sender.run(*emails)
    drain(sender)

    assert len(sender.mailer.accepted) == 2
    assert {key: taken for key, taken in sender.control.counters.items() if key.startswith("contacts#")} == {
        CONTACTS: 2
    }


def test_a_held_email_takes_no_first_contacts_from_those_that_fit() -> None:
    sender = sender_with(first_contacts_per_hour=2)
    large = sender.message(request(emailId="large", cc=["a@example.com", "b@example.com"]))
    small = sender.message(request(emailId="small", to="c@example.com"))

    sender.run(large)
    sender.run(small)

    assert sender.tracking.records["large"].defer_reason == "first_contacts"
    assert sender.tracking.records["small"].status is Status.SENT
    assert sender.control.counters == {CONTACTS: 1}


def test_an_email_that_is_held_before_the_caps_is_counted_when_it_goes_on() -> None:
    sender = sender_with(emails_per_day=5)
    sender.control.states[SOURCE] = SendingState(paused=True, paused_by="operator")

    sender.run(sender.message(request(emailId="one")))
    assert sender.control.counters == {}
    sender.control.states.clear()
    drain(sender)

    assert sender.control.counters == {DAY: 1}


def test_counting_once_costs_no_write() -> None:
    sender = sender_with(emails_per_day=5)
    message = sender.message(request(emailId="one"))
    sender.run(message)
    writes = sender.control.writes

    sender.run(message)

    assert sender.control.writes == writes
