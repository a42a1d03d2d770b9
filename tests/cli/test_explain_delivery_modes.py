"""`sesmail explain` of emails that a delivery mode sank or redirected."""

from __future__ import annotations

import msgspec

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import REDIRECTED, REDIRECTED_TO, SINK, Entry
from tests.cli.conftest import ADA, MotoEngine, sesmail, sesmail_json
from tests.cli.test_explain import DELIVERED, SENDING, SENT

MAILBOX = "team@example.org"
SUNK_CLAIM = msgspec.structs.replace(SENDING, detail={SINK: True})
SUNK = msgspec.structs.replace(SENT, detail={"sesMessageId": "sink-order-1-1"})
REDIRECTED_CLAIM = msgspec.structs.replace(SENDING, detail={REDIRECTED_TO: MAILBOX})
BOUNCED = Entry("bounce/1", "2026-11-24T10:31:05.000Z", 1, Status.BOUNCED, recipient=ADA, what=REDIRECTED)


def test_a_sunk_email_was_received_by_nobody_and_needs_nothing(engine: MotoEngine) -> None:
    engine.record(SUNK_CLAIM, SUNK, DELIVERED, delivery_mode="sink")

    result = sesmail("explain", "order-1")

    assert result.exit_code == 0
    assert "Sunk: not sent, but recorded (delivery mode sink)" in result.stdout
    assert "recorded as sent under sink-order-1-1, and not handed to SES" in result.stdout
    assert "Accepted by SES" not in result.stdout
    assert "Next: Nothing: it was not sent, because the delivery mode sank it." in result.stdout
    found = sesmail_json("explain", "sink-order-1-1")
    assert (found["deliveryMode"], found["sink"], found["redirectedTo"]) == ("sink", True, None)


def test_a_redirected_email_shows_both_addresses_and_its_bounce_concerns_no_recipient(engine: MotoEngine) -> None:
    engine.record(REDIRECTED_CLAIM, SENT, BOUNCED, delivery_mode="redirect")

    result = sesmail("explain", "order-1")

    assert result.exit_code == 0
    assert f"order-1 to {ADA}" in result.stdout
    assert f"Redirected: sent to {MAILBOX}, and to no recipient" in result.stdout
    assert f"Claimed for sending, redirected to {MAILBOX}" in result.stdout
    assert "it is about the mailbox that the email was redirected to" in result.stdout
    assert "No recipient is concerned or suppressed." in result.stdout


def test_an_email_of_live_mode_says_nothing_of_it(engine: MotoEngine) -> None:
    engine.record(SENDING, SENT, DELIVERED)

    assert "deliver" not in sesmail("explain", "order-1").stdout.replace("delivered", "")
    assert sesmail_json("explain", "order-1")["deliveryMode"] == "live"
