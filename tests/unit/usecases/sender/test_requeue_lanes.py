"""Two lanes of waiting mail: bulk mail delays no transactional mail, and a resume takes effect soon."""

from __future__ import annotations

from sesmail_layer.domain.errors import PausedBySes, TransientError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.request.email_request import Priority
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

PAUSED = SendingState(paused=True, paused_by="operator")


def delays(sender: Sender, hops: int) -> list[float]:
    found = []
    for _ in range(hops):
        [(_, delay)] = [*sender.waiting.messages, *sender.bulk_waiting.messages]
        found.append(delay)
        sender.run_waiting()
    return found


def test_paused_transactional_mail_is_looked_at_every_minute() -> None:
    sender = Sender()
    sender.control.states["my.application"] = PAUSED
    sender.send(emailId="one")

    assert delays(sender, 20) == [60] * 20
    assert len(sender.waiting.messages) == 1


def test_the_hops_of_paused_bulk_mail_grow_to_a_quarter_of_an_hour() -> None:
    sender = Sender()
    sender.control.states["my.application"] = PAUSED
    sender.send(emailId="one", priority="bulk")
    assert sender.waiting.messages == []

    assert delays(sender, 8) == [60, 120, 240, 480, 900, 900, 900, 900]
    assert len(sender.bulk_waiting.messages) == 1


def test_a_pause_by_ses_is_looked_at_every_minute_too() -> None:
    sender = Sender()
    sender.mailer.answers = [PausedBySes(300)] * 3
    sender.send(emailId="one")

    assert delays(sender, 3) == [60] * 3
    assert sender.tracking.records["one"].status is Status.SENT


def test_what_a_policy_makes_bulk_waits_in_the_bulk_lane() -> None:
    sender = Sender()
    sender.control.policies["my.application"] = ProducerPolicy(priority=Priority.BULK)
    sender.control.states["my.application"] = PAUSED
    sender.run(sender.message(request(emailId="one")))
    [(body, _)] = sender.bulk_lane.take()
    sender.bulk_waiting.put(body, 0)
    sender.run_waiting()

    assert len(sender.bulk_waiting.messages) == 1
    assert sender.waiting.messages == []


def test_an_error_before_the_policies_are_read_keeps_bulk_mail_in_its_lane() -> None:
    sender = Sender()
    sender.control.error = TransientError("DynamoDB throttled", code="AWS006")
    sender.run(sender.message(request(emailId="one", priority="bulk")), sender.message(request(emailId="two")))

    assert (len(sender.bulk_waiting.messages), len(sender.waiting.messages)) == (1, 1)


def test_one_lane_out_of_reach_leaves_the_other_its_messages() -> None:
    sender = Sender()
    sender.bulk_waiting.error = TransientError("Failed to put the email on the retry queue: Throttling", code="QUE001")
    later = "2026-11-24T12:00:00Z"
    bulk = sender.message(request(emailId="one", priority="bulk", sendAt=later))
    other = sender.message(request(emailId="two", sendAt=later))

    assert sender.run(bulk, other) == {bulk.message_id}
    assert len(sender.waiting.messages) == 1
