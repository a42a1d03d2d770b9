"""What a bounce writes into the record and the status event."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.ses.bounces import EFFECTS, BounceClass
from sesmail_layer.domain.ses.outcomes import outcomes
from sesmail_layer.domain.ses.ses_events import read_event
from tools.simulation.feedback import JOHN, Feedback, bounced, event


def test_the_reason_of_a_bounce_is_its_subtype() -> None:
    [_, outcome] = outcomes(read_event(bounced("Transient", " MailboxFull\t", status="4.2.2")), 1)

    assert outcome.entry.detail == {
        "bounceType": "Transient",
        "bounceSubType": "MailboxFull",
        "bounceReason": "MailboxFull",
        "diagnosticCode": "smtp; 550 4.2.2 no",
        "bounceClass": "soft",
    }


@pytest.mark.parametrize(
    ("kind", "sub_type", "status", "bounce_class"),
    [
        ("Permanent", "General", "5.1.1", "hard"),
        ("Permanent", "Suppressed", "5.1.1", "hard"),
        ("Permanent", "OnAccountSuppressionList", "5.1.1", "not_attempted"),
        ("Permanent", "General", "5.7.515", "sender_fault"),
        ("Transient", "General", "5.7.515", "sender_fault"),
        ("Transient", "General", "4.7.650", "soft"),
        ("Transient", "General", "4.2.2", "soft"),
        ("Transient", "MessageTooLarge", "5.3.4", "message_fault"),
        ("Undetermined", "Undetermined", "5.0.0", "soft"),
    ],
)
def test_the_status_event_has_the_class(kind: str, sub_type: str, status: str, bounce_class: str) -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.run(feedback.message(bounced(kind, sub_type, status=status)))

    [published] = feedback.bus.events
    assert (published.bounce_class, published.bounce_reason) == (bounce_class, sub_type)
    assert feedback.record().bounce_reason == sub_type


def test_an_out_of_office_reply_has_no_class_since_it_moves_no_status() -> None:
    payload = {"bounceType": "Transient", "bounceSubType": "General", "bouncedRecipients": [{"emailAddress": JOHN}]}
    [_, outcome] = outcomes(read_event(event("Bounce", "bounce", payload)), 1)

    assert (outcome.entry.what, "bounceClass" in outcome.entry.detail) == ("auto_reply", False)


def test_whatever_moves_a_status_has_a_class() -> None:
    assert {kind for kind, effect in EFFECTS.items() if effect.bounce_class is None} == {
        BounceClass.AUTO_REPLY,
        BounceClass.UNKNOWN,
    }
    assert all(effect.status for effect in EFFECTS.values() if effect.bounce_class)
