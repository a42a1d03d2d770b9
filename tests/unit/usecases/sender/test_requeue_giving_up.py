"""Where holding ends: mail that cannot wait any longer fails, and says why."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError, Unsettled
from sesmail_layer.domain.guards.sending_state import Evidence, SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.request.envelopes import Hop
from sesmail_layer.usecases.sender.requeue import _given_up
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

OPEN = SendingState(
    paused=True,
    paused_by="breaker",
    trip="complaint",
    opened_at=NOW,
    evidence=Evidence(window_seconds=3_600, emails=200, bounces=25, complaints=9),
)


def given_up(sender: Sender, **hop: Any) -> dict[str, Any]:
    """Deliver an email that was held until now; return the log line of its end."""
    message = sender.message(request(emailId="one"))
    body = message.body.replace('"source"', f'"sesmailHop": {{"giveUpAt": {NOW}{hop_json(hop)}}}, "source"')
    assert sender.run(type(message)(message.message_id, body)) == set()
    assert sender.tracking.records["one"].status is Status.FAILED
    assert sender.waiting.messages == []
    line = sender.log.lines[-1]
    return {name: line[name] for name in ("message", "code", "error_type")}


def hop_json(hop: dict[str, Any]) -> str:
    return "".join(f', "{name}": {value}' for name, value in hop.items())


def test_a_first_attempt_that_the_breaker_held_too_long() -> None:
    sender = Sender()
    sender.control.states["my.application"] = OPEN

    assert given_up(sender) == {
        "message": "Email not sent: bounce rate exceeded",
        "code": "RATE001",
        "error_type": "bounce_rate_exceeded",
    }


def test_a_retry_that_the_breaker_held_too_long_reports_the_rate() -> None:
    sender = Sender()
    sender.control.states["my.application"] = OPEN

    assert given_up(sender, attempt=2) == {
        "message": "Bounce rate exceeded during retry: 12.5%",
        "code": "RATE002",
        "error_type": "bounce_rate_exceeded",
    }


def test_a_retry_whose_breaker_has_no_counts_reports_a_rate_of_zero() -> None:
    sender = Sender()
    sender.control.states["my.application"] = msgspec.structs.replace(OPEN, trip="ses_metrics", evidence=None)

    assert given_up(sender, attempt=2)["message"] == "Bounce rate exceeded during retry: 0.0%"


def test_an_operators_pause_that_lasts_too_long() -> None:
    sender = Sender()
    sender.control.states["my.application"] = SendingState(paused=True, paused_by="operator")

    assert given_up(sender) == {
        "message": "Email not sent: held too long (paused)",
        "code": "EXP002",
        "error_type": "expired",
    }


@pytest.mark.parametrize("attempt", [1, 2])
def test_an_outcome_that_no_event_confirmed(attempt: int) -> None:
    hold = Unsettled(30)
    error = _given_up(hold, attempt)

    assert (error.error_type, error.code) == ("outcome_unknown", "SES007")
    assert error.message == "Outcome unknown: SES may have accepted the email, and no SES event confirmed it"


def test_up_to_its_last_moment_it_is_held() -> None:
    sender = Sender()
    sender.control.states["my.application"] = SendingState(paused=True, paused_by="operator")
    message = sender.message(request(emailId="one"))
    later = NOW + 0.001
    sender.run(
        type(message)(
            message.message_id, message.body.replace('"source"', f'"sesmailHop": {{"giveUpAt": {later}}}, "source"')
        )
    )

    assert sender.tracking.records["one"].status is Status.DEFERRED
    assert len(sender.waiting.messages) == 1


def test_a_hold_begins_when_it_is_first_held() -> None:
    sender = Sender(max_hold_seconds=600)
    sender.control.states["my.application"] = SendingState(paused=True, paused_by="operator")
    sender.run(sender.message(request(emailId="one")))
    [(body, delay)] = sender.waiting.messages

    assert f'"giveUpAt":{NOW + 600}' in body
    assert delay == 60
    assert Hop().give_up_at == 0


def test_mail_that_another_worker_is_sending_waits_however_long_it_was_held() -> None:
    sender = Sender()
    sender.mailer.late_answers = [OutcomeUnknownError("read timeout")]
    sender.run(sender.message(request(emailId="one"), event_id="first"))
    sender.waiting.take()
    message = sender.message(request(emailId="one"), event_id="first")
    body = message.body.replace('"source"', f'"sesmailHop": {{"giveUpAt": {NOW - 1}}}, "source"')

    sender.run(type(message)(message.message_id, body))

    assert sender.tracking.records["one"].status is Status.SENDING
    assert len(sender.waiting.messages) == 1
