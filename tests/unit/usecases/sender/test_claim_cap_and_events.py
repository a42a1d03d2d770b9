"""An email that waits for several reasons takes its cap once, and each of its waits is published once."""

from __future__ import annotations

from sesmail_layer.domain.errors import RateLimited
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.times import utc_text
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

SOURCE = "my.application"


def pause(sender: Sender, by: str) -> None:
    at = utc_text(sender.clock.now())
    sender.control.states[SOURCE] = SendingState(paused=True, paused_by=by, paused_at=at)


def next_body(sender: Sender) -> str:
    [(body, _)] = sender.waiting.take()
    sender.clock.sleep(61)
    return body


def test_an_email_that_was_paused_and_then_refused_takes_its_cap_once_however_often_it_is_delivered() -> None:
    sender = Sender()
    sender.control.policies[SOURCE] = ProducerPolicy(emails_per_day=3)
    pause(sender, "operator")
    sender.run(sender.message(request(emailId="one")))
    body = next_body(sender)
    sender.control.states.clear()

    for receive in (1, 2, 3):
        sender.mailer.answers = [RateLimited(3)]
        sender.run(QueueMessage("again", body, receive_count=receive))
        next_body(sender)

    assert list(sender.control.counters.values()) == [1]


def test_pauses_in_turn_are_published_once_each() -> None:
    sender = Sender()
    body = sender.message(request(emailId="one")).body
    for by in ("operator", "breaker", "operator", "breaker"):
        pause(sender, by)
        sender.run(QueueMessage(f"by-{by}", body))
        body = next_body(sender)
    sender.control.states.clear()
    sender.run(QueueMessage("last", body))

    published = [(event.status, event.reason) for event in sender.bus.events]
    assert published == [*[("deferred", "paused"), ("deferred", "breaker")] * 2, ("sent", None)]
