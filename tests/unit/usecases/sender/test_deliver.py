"""What SES receives of an email in addition to the message itself."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

import msgspec
import pytest

from sesmail_layer.domain.guards.pacing import Reservation
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.ses.tags import decode_tag
from tools.simulation.control_fakes import FakeBucket
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender


def test_it_gets_the_sender_every_recipient_once_and_our_tags() -> None:
    sender = Sender()
    sender.send(emailId="one", cc=["bea@example.com", "ada@example.com"], bcc=["cid@example.com", "bea@example.com"])

    [mail] = sender.mailer.accepted
    assert mail.sender == "noreply@example.com"
    assert mail.recipients == ["ada@example.com", "bea@example.com", "cid@example.com"]
    assert {name: decode_tag(value) for name, value in mail.tags.items()} == {
        "emailId": "one",
        "attempt": "1",
        "templateName": "welcome",
        "source": "my.application",
    }


@pytest.mark.parametrize(("policies", "tenant"), [({}, ""), ({"my.application": "shop"}, "shop"), ({"other": "x"}, "")])
def test_only_a_producer_with_a_tenant_sends_for_it(policies: dict[str, str], tenant: str) -> None:
    sender = Sender()
    sender.control.policies = {source: ProducerPolicy(ses_tenant=name) for source, name in policies.items()}
    sender.send()

    assert sender.mailer.accepted[0].tenant == tenant


def test_the_bounces_of_an_overridden_sender_go_to_it() -> None:
    sender = Sender()
    sender.send(senderOverride={"email": "Ada@example.com"})

    assert sender.mailer.accepted[0].sender == "Ada@example.com"


def test_suppressed_copies_are_not_among_its_recipients() -> None:
    sender = Sender()
    sender.suppression.list_address("bea@example.com", SuppressionReason.MANUAL)
    record = sender.send(cc=["bea@example.com"], bcc=["cid@example.com"])

    [mail] = sender.mailer.accepted
    assert mail.recipients == ["ada@example.com", "cid@example.com"]
    assert b"bea@" not in mail.raw
    assert {address: state.status for address, state in record.recipients.items()} == {
        "bea@example.com": Status.FAILED,
        "cid@example.com": Status.SENT,
    }
    assert record.recipients["bea@example.com"].error_message == "Email not sent: recipient is suppressed (manual)"


def test_attachments_keep_their_type_and_inline_images_their_id() -> None:
    sender = Sender()
    sender.send(
        attachments=[
            {"filename": "a.bin", "contentBase64": "YQ==", "contentType": "application/pdf"},
            {"filename": "b.png", "contentBase64": "YQ==", "contentId": "logo"},
        ]
    )

    parts = list(message_from_bytes(sender.mailer.accepted[0].raw, policy=default).walk())
    found = {part.get_filename(): (part.get_content_type(), part["Content-ID"]) for part in parts}
    assert found["a.bin"] == ("application/pdf", None)
    assert found["b.png"] == ("image/png", "<logo>")


def test_logs_have_the_fingerprint_of_the_case_folded_address() -> None:
    sender = Sender()
    ports = sender.ports
    asked: list[str] = []

    def noted(address: str) -> str:
        asked.append(address)
        return "fingerprint"

    sender.ports = lambda: msgspec.structs.replace(ports(), fingerprint=noted)  # type: ignore[method-assign]
    sender.send(to="Ada@Example.com")

    assert asked == ["ada@example.com"]


class MovingBucket(FakeBucket):
    """Refuses once though there is room: somebody gave it back between the answer and now."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = 0

    def advance(self, name: str, cost_seconds: float, *, floor: float, latest_start: float) -> Reservation:
        if not self.refused:
            self.refused += 1
            return Reservation(False, floor)
        return super().advance(name, cost_seconds, floor=floor, latest_start=latest_start)


def test_a_bucket_that_moved_between_its_answer_and_now_is_asked_again() -> None:
    sender = Sender()
    sender.bucket = MovingBucket()

    assert sender.send(emailId="one").status is Status.SENT


def test_mail_without_a_turn_that_was_held_too_long_says_that_it_was_the_rate() -> None:
    sender = Sender()
    sender.bucket.empty_at["pacer#all"] = NOW + 900
    message = sender.message(request(emailId="one"))
    body = message.body.replace('"source"', f'"sesmailHop": {{"giveUpAt": {NOW}}}, "source"')

    sender.run(type(message)(message.message_id, body))

    assert sender.tracking.records["one"].error_message == "Email not sent: held too long (rate)"


@pytest.mark.parametrize("source", ["*", "my.application"])
def test_mail_that_is_no_probe_is_held_when_the_breaker_half_opens_before_its_send_time(source: str) -> None:
    sender = Sender()
    sender.quota.value = None  # 0.95 a second: the second email waits for its turn
    sender.bucket.empty_at["pacer#all"] = NOW + 6
    state = SendingState(paused=True, paused_by="breaker", trip="bounce", opened_at=NOW - 4_000)
    sleep = sender.clock.sleep

    def then_opened(seconds: float) -> None:
        sleep(seconds)
        sender.control.states[source] = state

    sender.clock.sleep = then_opened  # type: ignore[method-assign]
    sender.run(sender.message(request(emailId="one")))

    assert sender.mailer.accepted == []
    assert sender.control.states[source].probes == []
