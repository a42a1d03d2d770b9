"""Links of the engine's endpoint: in the headers, in the template's data, and where there is no endpoint."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.request.email_request import Priority
from tools.simulation.fakes import FakeTemplates, request
from tools.simulation.sender import Sender

ABOUT = {"subject": "News", "optionalVariables": ["unsubscribeUrl", "unsubscribeLink"]}
BODY = "{{ unsubscribeUrl }} {{ unsubscribeLink }}"
NEWS = {"to": "Ada@example.com", "templateName": "news", "priority": "bulk", "topic": "weekly-digest"}


def url_of(record_id: str, source: str, address: str) -> str:
    assert address == "ada@example.com"
    return f"https://mail.example.com/u/{record_id}-{source}"


def sender(**rules: Any) -> Sender:
    made = Sender(**rules)
    made.templates = FakeTemplates()
    made.templates.add("news", f"<p>{BODY}</p>", BODY, ABOUT)
    made.unsubscribe_url_of = url_of
    return made


def mail(made: Sender) -> EmailMessage:
    return message_from_bytes(made.mailer.accepted[-1].raw, policy=default)


def text(made: Sender) -> str:
    part = mail(made).get_body(("plain",))
    assert part is not None
    return str(part.get_content()).strip()


def test_true_puts_the_signed_link_into_headers_and_data() -> None:
    made = sender()
    made.send(emailId="one", listUnsubscribe=True, **NEWS)

    link = "https://mail.example.com/u/one-my.application"
    assert mail(made)["List-Unsubscribe"] == f"<{link}>"
    assert mail(made)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert text(made) == f"{link} {link}"


def test_the_request_s_own_data_win_over_the_link() -> None:
    made = sender()
    made.send(emailId="one", listUnsubscribe=True, templateData={"unsubscribeUrl": "https://shop.example"}, **NEWS)

    assert text(made) == "https://shop.example https://mail.example.com/u/one-my.application"


def test_a_url_of_the_producer_stays_as_it_is() -> None:
    made = sender()
    made.send(emailId="one", listUnsubscribe={"url": "https://shop.example/u"}, **NEWS)

    assert mail(made)["List-Unsubscribe"] == "<https://shop.example/u>"
    assert text(made) == ""


@pytest.mark.parametrize("asked", [None, False])
def test_without_it_there_is_no_link_and_a_warning_names_the_producer_once(asked: object) -> None:
    made = sender()
    batch = [made.message(request(emailId=name, listUnsubscribe=asked, **NEWS)) for name in ("one", "two")]
    made.run(*batch)

    assert mail(made)["List-Unsubscribe"] is None
    [line] = [line for line in made.log.lines if line["event"] == "bulk.no_unsubscribe"]
    assert (line["level"], line["sources"]) == ("WARNING", ["my.application"])


def test_transactional_mail_needs_no_link() -> None:
    made = sender(bulk_requires_unsubscribe="refuse")
    assert made.send(emailId="one", to="ada@example.com").status is Status.SENT
    assert [line for line in made.log.lines if line["event"] == "bulk.no_unsubscribe"] == []


def test_refuse_fails_bulk_mail_without_a_link_and_says_what_to_set() -> None:
    made = sender(bulk_requires_unsubscribe="refuse")
    record = made.send(emailId="one", **NEWS)

    assert record.error_type == "validation_error"
    assert "VAL009" in [line.get("code") for line in made.log.lines]
    assert record.error_message == (
        "Validation error: listUnsubscribe: missing in bulk mail; allowed: true, or an object with url, mailto or both "
        '(bulk_requires_unsubscribe is "refuse")'
    )
    assert made.send(emailId="two", listUnsubscribe=True, **NEWS).status is Status.SENT


def test_true_without_an_endpoint_fails_and_says_what_to_set() -> None:
    made = sender()
    made.unsubscribe_url_of = None
    record = made.send(emailId="one", listUnsubscribe=True, **NEWS)

    assert "VAL008" in [line.get("code") for line in made.log.lines]
    assert record.error_message == (
        "Validation error: listUnsubscribe: found true, but this engine has no unsubscribe endpoint; give url or "
        "mailto, or set unsubscribe_endpoint = true in Terraform"
    )


def test_true_in_mail_that_is_not_bulk_fails_since_its_link_would_stop_nothing() -> None:
    made = sender()
    record = made.send(emailId="one", listUnsubscribe=True, **{**NEWS, "priority": "transactional"})

    assert "VAL010" in [line.get("code") for line in made.log.lines]
    assert record.error_message == (
        "Validation error: listUnsubscribe: found true in mail that is not bulk, which is sent whatever its recipient "
        'unsubscribed from; allowed: with priority "bulk", or from a producer with a policy that makes its mail bulk'
    )
    assert made.mailer.accepted == []


def test_true_is_for_mail_that_the_producer_s_policy_makes_bulk() -> None:
    made = sender()
    made.control.policies["my.application"] = ProducerPolicy(priority=Priority.BULK)
    made.run(made.message(request(emailId="one", listUnsubscribe=True, **{**NEWS, "priority": None})))
    [(body, _)] = made.bulk_lane.take()
    made.run(QueueMessage("bulk", body))

    assert made.tracking.records["one"].status is Status.SENT


def test_true_with_copies_is_rejected_since_all_would_share_the_link() -> None:
    record = sender().send(emailId="one", listUnsubscribe=True, cc=["bob@example.com"], **NEWS)

    assert record.error_message is not None
    assert record.error_message.startswith("Validation error: listUnsubscribe: found true in a request with cc or bcc;")


def test_while_the_key_cannot_be_read_the_email_waits() -> None:
    made = sender()

    def unreadable(record_id: str, source: str, address: str) -> str:
        raise TransientError("SSM error reading the key", code="AWS009")

    made.unsubscribe_url_of = unreadable
    assert made.run(made.message(request(emailId="one", listUnsubscribe=True, **NEWS))) == set()
    assert made.mailer.accepted == []
    assert len(made.bulk_waiting.messages) == 1


def test_bulk_mail_says_so_and_carries_the_parts_of_its_feedback_id() -> None:
    made = sender()
    made.send(emailId="one", **NEWS)

    assert mail(made)["Precedence"] == "bulk"
    tags = made.mailer.accepted[-1].tags
    assert (tags["ses:feedback-id-a"], tags["ses:feedback-id-b"]) == ("my_application", "weekly-digest")


def test_transactional_mail_does_not() -> None:
    made = sender()
    made.send(emailId="one", to="ada@example.com")

    assert mail(made)["Precedence"] is None
    assert not [name for name in made.mailer.accepted[-1].tags if name.startswith("ses:")]


def test_a_policy_s_bulk_mail_is_bulk_mail() -> None:
    made = sender(bulk_requires_unsubscribe="refuse")
    made.control.policies["my.application"] = ProducerPolicy(priority=Priority.BULK)
    made.run(made.message(request(emailId="one", to="ada@example.com")))
    [(body, _)] = made.bulk_lane.take()

    made.run(QueueMessage("bulk", body))
    assert made.tracking.records["one"].error_type == "validation_error"


def test_a_precedence_of_the_producer_stays_the_only_one() -> None:
    made = sender()
    made.send(emailId="one", headers={"precedence": "list"}, **NEWS)

    assert mail(made).get_all("Precedence") == ["list"]
