"""What SQS delivers again and again is prepared alone and last: it may be what ended the invocations before."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.template.templates import Template
from tools.simulation.fakes import FakeTemplates, request
from tools.simulation.sender import Sender


class Killed(BaseException):
    """Lambda ends the invocation at its timeout."""


class PoisonTemplates(FakeTemplates):
    """One template that no alarm ends."""

    def load(self, name: str, locale: str | None, compile_seconds: float) -> Template:
        if name == "poison":
            raise Killed
        return super().load(name, locale, compile_seconds)


def received(sender: Sender, count: int, **fields: Any) -> QueueMessage:
    return msgspec.structs.replace(sender.message(request(**fields)), receive_count=count)


def test_what_was_received_three_times_is_prepared_after_the_others_are_sent_and_published() -> None:
    sender = Sender()
    sender.templates = PoisonTemplates()
    poison = received(sender, 3, emailId="poison", templateName="poison")
    others = [received(sender, count, emailId=f"good-{count}") for count in (1, 2)]

    with pytest.raises(Killed):
        sender.run(poison, *others)

    assert [sender.tracking.records[f"good-{n}"].status for n in (1, 2)] == [Status.SENT] * 2
    assert {event.email_id for event in sender.bus.events} == {"good-1", "good-2"}


@pytest.mark.parametrize("place", range(10))
def test_wherever_the_poison_is_nine_emails_that_were_killed_with_it_are_sent_within_five_receives(place: int) -> None:
    sender = Sender()
    sender.templates = PoisonTemplates()
    names = ["poison" if i == place else "welcome" for i in range(10)]
    batch = [sender.message(request(emailId=f"e-{i}", templateName=name)) for i, name in enumerate(names)]

    for count in range(1, 6):
        with pytest.raises(Killed):
            sender.run(*(msgspec.structs.replace(one, receive_count=count) for one in batch))

    sent = {email_id for email_id, record in sender.tracking.records.items() if record.status is Status.SENT}
    assert sent == {f"e-{i}" for i in range(10)} - {f"e-{place}"}
    assert len(sender.mailer.accepted) == 9


def test_suspicious_emails_each_end_before_the_next_begins() -> None:
    sender = Sender()

    assert sender.run(*(received(sender, 3, emailId=f"e-{i}") for i in range(3))) == set()

    assert [event.email_id for event in sender.bus.events] == ["e-0", "e-1", "e-2"]
    assert len(sender.mailer.accepted) == 3


def test_a_suspicious_email_without_time_is_left_to_sqs_and_not_requeued() -> None:
    sender = Sender()

    class SlowTemplates(FakeTemplates):
        def load(self, name: str, locale: str | None, compile_seconds: float) -> Template:
            sender.clock.sleep(20)
            return super().load(name, locale, compile_seconds)

    sender.templates = SlowTemplates()
    late = received(sender, 3, emailId="late")

    assert sender.run(received(sender, 1, emailId="slow"), late) == {late.message_id}
    assert "late" not in sender.tracking.records
    assert sender.waiting.take() == []


def test_a_suspicious_email_that_is_prepared_too_late_to_send_it_keeps_its_receive_count_too() -> None:
    sender = Sender()
    sender.mailer.longest, sender.mailer.seconds = 19.5, 7  # Of 30 seconds, 6.5 are for what comes before the call.

    failed = sender.run(*(received(sender, 4, emailId=f"e-{n}") for n in range(3)))

    assert len(sender.mailer.accepted) == 1
    assert failed == {"message-1", "message-2"} or failed == {"message-2", "message-3"}
    assert sender.waiting.take() == []
