"""A pause that only SES knows of: what waits costs hops, and one or two emails a minute ask whether it is over."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from sesmail_layer.aws.tracking_table import write_record
from sesmail_layer.domain.errors import (
    HoldError,
    PausedBySes,
    PermanentError,
    QuotaUsed,
    RateLimited,
    SendingDenied,
    TransientError,
)
from sesmail_layer.domain.guards.delivery_mode import RestrictedDelivery
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.usecases.sender.batch import SendEmails
from tools.simulation.fake_mailer import FakeMailer
from tools.simulation.fakes import FakeClock, request
from tools.simulation.sender import Sender
from tools.simulation.units import item_bytes

PAUSED = PausedBySes(300, message="SES error (AccountSendingPaused): no", code="SES004")
ANOTHER_DOMAIN = {"senderOverride": {"email": "shop@other.example"}}
ANOTHER_ADDRESS = {"senderOverride": {"email": "shop@example.com"}}
TWO = ({"emailId": "a"}, {"emailId": "b"})
"""One refused email holds no other."""


class RefusingMailer(FakeMailer):
    """An SES that refuses some mail until a time."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.refusal: Exception = PAUSED
        self.until = float("inf")
        self.refused = ""
        """Only the mail of senders or tenants that contain this."""
        self.asked = 0
        self.now = clock.now

    def send(
        self, raw: bytes, *, sender: str, recipients: Sequence[str], tags: Mapping[str, str], tenant: str = ""
    ) -> str:
        self.asked += 1
        if self.now() < self.until and self.refused in f"{tenant} {sender}":
            raise self.refusal
        return super().send(raw, sender=sender, recipients=recipients, tags=tags, tenant=tenant)


class Container(Sender):
    """A sender whose batches share one container, which counts what it writes."""

    def __init__(self, **rules: Any) -> None:
        super().__init__(**rules)
        self.mailer: RefusingMailer = RefusingMailer(self.clock)
        self.control.role_senders = None
        self.use_case = SendEmails(self.ports(), self.rules)
        self.tracking_writes = 0
        for name in ("create", "replace"):
            setattr(self.tracking, name, self._counted(getattr(self.tracking, name)))

    def _counted(self, write: Any) -> Any:
        def counted(record: Any) -> Any:
            self.tracking_writes += 1
            return write(record)

        return counted

    @property
    def writes(self) -> int:
        return self.tracking_writes + self.bucket.updates + self.control.writes

    def batch(self, *emails: dict[str, Any]) -> None:
        assert not self.use_case([self.message(request(**email)) for email in emails], self.clock.now() + 30)

    def run_queue(self, until: float) -> None:
        """Deliver what waits, when it is due, in batches of ten, until a time or until nothing waits."""
        ids = itertools.count()
        due: list[tuple[float, int, str]] = []
        while True:
            for body, delay in self.waiting.take():
                heapq.heappush(due, (self.clock.now() + delay, next(ids), body))
            if not due or due[0][0] >= until:
                break
            self.clock.sleep(due[0][0] - self.clock.now())
            batch = [heapq.heappop(due) for _ in range(10) if due and due[0][0] <= self.clock.now()]
            messages = [QueueMessage(f"hop-{number}", body) for _, number, body in batch]
            assert not self.use_case(messages, self.clock.now() + 30)
        self.waiting.messages = [(body, max(0.0, at - self.clock.now())) for at, _, body in sorted(due)]


def statuses(sender: Sender) -> list[Status]:
    return [sender.tracking.records[key].status for key in sorted(sender.tracking.records)]


def held_for(hours: float, emails: int) -> Container:
    container = Container()
    began = container.clock.now()
    for first in range(0, emails, 10):
        container.batch(*({"emailId": f"one-{n}"} for n in range(first, min(first + 10, emails))))
    container.run_queue(began + hours * 3600)
    return container


def test_a_day_of_ses_pause_leaves_a_record_below_1_kb_and_a_deferred_email() -> None:
    container = held_for(23.9, 1)
    record = container.tracking.records["one-0"]

    assert item_bytes(write_record(record)) < 1024
    assert [entry.status for entry in record.history] == [Status.SENDING, Status.DEFERRED]
    assert (record.status, record.defer_reason, record.lease_until) == (Status.DEFERRED, "sending_paused", 0)
    assert container.bus.statuses("one-0") == ["deferred"]


def test_what_a_pause_writes_does_not_grow_with_the_number_of_emails_that_wait() -> None:
    few, many = held_for(0.5, 10), held_for(0.5, 100)

    # Besides each email's own record: in a minute one email asks, and one that was refused before.
    assert few.mailer.asked <= 10 + 30
    assert many.mailer.asked <= 10 + 2 * 30
    assert many.writes - few.writes == 90 + 4 * (many.mailer.asked - few.mailer.asked)
    assert few.writes < 40 + 30 * 4
    assert statuses(many) == [Status.DEFERRED] * 100


def test_all_emails_are_sent_about_a_minute_after_the_pause_at_the_latest() -> None:
    container = held_for(0.5, 50)
    over = container.mailer.until = container.clock.now() + 1
    container.run_queue(over + 600)

    assert statuses(container) == [Status.SENT] * 50
    assert max(mail.at for mail in container.mailer.accepted) - over <= 65
    assert container.bus.statuses("one-7") == ["deferred", "sent"]


@pytest.mark.parametrize("refusal", [PAUSED, QuotaUsed(300, message="SES error (Throttling): daily", code="SES005")])
def test_another_email_is_held_unasked_and_says_why(refusal: HoldError) -> None:
    container = Container()
    container.mailer.refusal = refusal
    container.batch(*TWO)
    container.clock.sleep(20)
    container.batch({"emailId": "c"}, {"emailId": "d", **ANOTHER_ADDRESS})

    assert container.mailer.asked == 2
    assert statuses(container) == [Status.DEFERRED] * 4
    assert [event.reason for event in container.bus.events] == [refusal.reason] * 4
    assert [delay for _, delay in container.waiting.messages][2:] == [40, 40]
    assert [line["event"] for line in container.log.lines].count("email.held_by_ses") == 2


@pytest.mark.parametrize(
    ("refusal", "refused", "other"),
    [
        (PAUSED, "example.com", ANOTHER_DOMAIN),
        (SendingDenied(30, code="SES009"), "noreply@example.com", ANOTHER_ADDRESS),
    ],
)
def test_a_refusal_of_one_identity_or_address_stops_no_other(
    refusal: HoldError, refused: str, other: dict[str, Any]
) -> None:
    container = Container()
    container.mailer.refusal, container.mailer.refused = refusal, refused
    container.batch(*TWO)
    container.batch({"emailId": "c"}, {"emailId": "d", **other})

    assert statuses(container) == [Status.DEFERRED] * 3 + [Status.SENT]
    assert container.mailer.asked == 3


def test_a_tenant_that_is_paused_stops_no_other() -> None:
    container = Container()
    container.mailer.refused = "bad "
    container.control.policies |= {"bad": ProducerPolicy(ses_tenant="bad"), "good": ProducerPolicy(ses_tenant="good")}
    sources = ("bad", "bad", "bad", "good", "none")
    for number, source in enumerate(sources):
        message = container.message(request(emailId=f"{number}"), source=source)
        assert not container.use_case([message], container.clock.now() + 30)

    assert statuses(container) == [Status.DEFERRED] * 3 + [Status.SENT] * 2
    assert container.mailer.asked == 4


def test_sunk_mail_and_rejected_requests_are_not_held() -> None:
    container = Container(delivery=RestrictedDelivery.of("allow", "", ["ada@example.com"]))
    container.batch(*TWO)
    container.batch({"emailId": "c", "to": "john@elsewhere.example"}, {"emailId": "d", "locale": 7})

    assert [record.error_type for record in container.tracking.records.values() if record.error_type] == [
        "validation_error"
    ]
    assert container.tracking.records["c"].status is Status.DELIVERED


@pytest.mark.parametrize("answer", [None, PermanentError("ses_rejected", "no", code="SES001"), RateLimited(2)])
def test_any_other_answer_to_the_email_that_asks_lets_the_rest_of_its_batch_go_on(answer: Exception | None) -> None:
    container = Container()
    container.batch(*TWO)
    container.clock.sleep(60)
    container.mailer.until = 0.0
    container.mailer.answers = [answer] if answer else []
    container.batch({"emailId": "c"}, {"emailId": "d"}, {"emailId": "e"})

    assert statuses(container)[3:] == [Status.SENT] * 2


def test_a_table_that_fails_while_one_email_asks_leaves_each_email_on_the_queue_once() -> None:
    container = Container()
    container.batch(*TWO)
    container.waiting.take()
    container.clock.sleep(60)
    advance, calls = container.bucket.advance, itertools.count()

    def out_of_reach(*given: Any, **named: Any) -> Any:
        if next(calls) == 1:  # SES takes the first email again; there is no send time for the others.
            raise TransientError("DynamoDB error", code="AWS007")
        return advance(*given, **named)

    container.bucket.advance = out_of_reach  # type: ignore[method-assign]
    container.mailer.until = 0.0
    container.batch({"emailId": "c"}, {"emailId": "d"}, {"emailId": "e"})

    assert container.tracking.records["c"].status is Status.SENT
    assert len(container.waiting.messages) == 2


def test_an_email_that_is_refused_after_it_was_held_unasked_is_deferred_again() -> None:
    container = Container()
    container.batch(*TWO)
    container.waiting.take()
    container.batch({"emailId": "c"})
    container.run_queue(container.clock.now() + 90)

    record = container.tracking.records["c"]
    assert container.mailer.asked == 3
    assert (record.status, record.defer_reason, record.attempt) == (Status.DEFERRED, "sending_paused", 1)


def test_an_email_whose_time_is_up_expires_while_it_is_held_unasked() -> None:
    container = Container()
    container.batch(*TWO)
    container.batch({"emailId": "c", "expiresAt": "2026-11-24T10:32:30Z"})
    container.run_queue(container.clock.now() + 200)

    assert statuses(container) == [Status.DEFERRED, Status.DEFERRED, Status.FAILED]
    assert container.tracking.records["c"].error_type == "expired"
