"""What the sender counts for the day's figures: each email once, for what its record newly shows."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.figures import Kind, Name, Reached
from sesmail_layer.domain.guards.delivery_mode import RestrictedDelivery
from sesmail_layer.domain.guards.sending_state import ACCOUNT
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.usecases.sender.batch import SendEmails
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender


def test_a_sent_email_counts_with_its_names() -> None:
    sender = Sender()
    sender.send(tags=["spring"], topic="news")
    found = sender.figures.counts()
    names = [None, *(Name(*each) for each in ((Kind.PRODUCER, "my.application"), (Kind.TEMPLATE, "welcome")))]
    names += [Name(Kind.TAG, "spring"), Name(Kind.TOPIC, "news")]
    assert found == dict.fromkeys([(name, Status.SENT) for name in names], 1)


def test_a_redelivered_request_counts_once() -> None:
    sender = Sender()
    message = sender.message(request(emailId="one"))
    sender.run(message)
    sender.run(message)
    assert sender.figures.counts()[None, Status.SENT] == 1


def test_a_rejected_request_counts_as_failed() -> None:
    sender = Sender()
    sender.run(sender.message(request(to="nobody")))
    assert sender.figures.counts()[None, Status.FAILED] == 1
    assert sender.figures.counts()[None, Status.SENT] == 0


def test_an_acceptance_that_an_event_has_recorded_before_is_not_counted_by_the_sender() -> None:
    """The feedback processor's write stored it first, and counts it."""
    sender = Sender()
    record = sender.send(emailId="one")
    sender.figures.reached.clear()
    sender.run(sender.message(request(emailId="one")))
    assert record.status is Status.SENT
    assert sender.figures.reached == []


def test_a_batch_is_counted_in_one_call_with_the_account_s_emails() -> None:
    sender = Sender()
    calls: list[tuple[int, int, float]] = []
    add = sender.figures.add

    def noted(reached: Sequence[Reached], sent: int, now: float, last_start: float) -> None:
        calls.append((len(reached), sent, last_start))
        add(reached, sent, now, last_start)

    sender.figures.add = noted  # type: ignore[method-assign]
    sender.run(*(sender.message(request(to=f"u{n}@example.com")) for n in range(10)))
    assert calls == [(10, 10, NOW + 22)], "publishing and requeueing follow"
    assert sender.control.sent[ACCOUNT] == 10


def test_mail_is_not_held_up_for_figures_that_cannot_be_counted() -> None:
    sender = Sender()
    sender.figures.error = TransientError("no answer", code="AWS006")
    assert sender.send().status is Status.SENT
    assert [line["event"] for line in sender.log.lines if line["level"] == "WARNING"] == ["breaker.count_failed"]


def test_a_sunk_email_is_in_no_figure() -> None:
    sender = Sender(delivery=RestrictedDelivery.of("sink", "", []))
    assert sender.send().status is Status.DELIVERED
    assert sender.figures.reached == []


def test_what_waits_is_in_no_figure() -> None:
    sender = Sender()
    assert sender.send(sendAt="2026-11-25T10:00:00Z").status is Status.DEFERRED
    assert sender.figures.reached == []


@pytest.mark.parametrize("early", [True, False])
def test_an_email_that_is_cancelled_by_its_id_counts_once_as_failed(early: bool) -> None:
    sender = Sender()
    email = sender.message(request(emailId="one", sendAt="2026-11-25T10:00:00Z"))
    cancel = sender.cancel({"emailId": "one"})
    for message in [cancel, email] if early else [email, cancel, cancel]:
        sender.run(message)
    for _ in range(3):
        sender.run_waiting()

    names = [None, Name(Kind.PRODUCER, "my.application"), Name(Kind.TEMPLATE, "welcome"), Name(Kind.TOPIC, "welcome")]
    assert sender.figures.counts() == dict.fromkeys([(name, Status.FAILED) for name in names], 1)
    assert sender.metrics.counts["EmailFailed"] == 1


def test_emails_that_their_producer_does_not_count_the_account_does_not_count_either() -> None:
    sender = Sender()
    container, count_sent = SendEmails(sender.ports(), sender.rules), sender.control.count_sent

    def no_answer(*_arguments: object) -> None:
        raise TransientError("no answer", code="AWS006")

    sender.control.count_sent = no_answer  # type: ignore[method-assign, assignment]
    container([sender.message(request(emailId="one"))], NOW + 30)
    assert sender.tracking.records["one"].status is Status.SENT
    assert sender.figures.counts()[None, Status.SENT] == 0, "one call without an answer is enough for a batch"
    assert [line["event"] for line in sender.log.lines if line["level"] == "WARNING"] == ["breaker.count_failed"]

    sender.control.count_sent = count_sent  # type: ignore[method-assign]
    container([sender.message(request(emailId="two"))], NOW + 30)
    assert sender.figures.counts()[None, Status.SENT] == 2
    assert sender.control.sent == {"my.application": 1, ACCOUNT: 1}
