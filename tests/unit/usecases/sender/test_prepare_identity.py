"""Who an email is from where neither the request nor the template says so, and what kind of mail it is."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from typing import Any

from tools.simulation.fakes import FakeTemplates
from tools.simulation.sender import Sender


def headers(sender: Sender) -> Any:
    sender.send(emailId="one")
    return message_from_bytes(sender.mailer.accepted[0].raw, policy=default)


def test_it_is_from_the_engine_s_default_sender_with_its_name() -> None:
    sender = Sender(default_sender_name="The Shop")
    assert str(headers(sender)["From"]) == f"The Shop <{sender.rules.default_sender_email}>"


def test_a_template_may_say_that_its_mail_is_written_by_a_person() -> None:
    sender = Sender()
    assert headers(sender)["Auto-Submitted"] == "auto-generated"
    sender = Sender()
    sender.templates = FakeTemplates(autoSubmitted=False)
    assert headers(sender)["Auto-Submitted"] is None
