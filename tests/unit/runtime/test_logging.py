"""Logs: lines that can be filtered, without personal data."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.errors import OutcomeUnknownError, PausedBySes, PermanentError, TransientError
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.plain_text import redacted
from sesmail_layer.runtime.logging import configure
from tools.simulation.fakes import FakeLog
from tools.simulation.sender import Sender

PERSON, DATA = "private.person", "private-data"
"""Part of every address, and of every value in a template, a body or a header."""
ADDRESS = f"{PERSON}@example.com"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_is_one_json_object_with_its_event_level_time_and_context(capsys: pytest.CaptureFixture[str]) -> None:
    log = configure("INFO", function="EmailSender", environment="prod")
    log.info("email.sent", email_id="order-1", attempt=1, ratio=0.5, sandbox=True, until=None)
    [line] = lines(capsys)
    assert line.pop("time").endswith("Z")
    assert line == {
        "event": "email.sent",
        "level": "INFO",
        "function": "EmailSender",
        "environment": "prod",
        "email_id": "order-1",
        "attempt": 1,
        "ratio": 0.5,
        "sandbox": True,
        "until": None,
    }


@pytest.mark.parametrize("method", ["debug", "info", "warning", "error", "critical"])
def test_levels_are_upper_case_and_lower_ones_are_dropped(capsys: pytest.CaptureFixture[str], method: str) -> None:
    getattr(configure("DEBUG"), method)("event")
    assert [line["level"] for line in lines(capsys)] == [method.upper()]
    getattr(configure("WARNING"), method)("event")
    assert len(lines(capsys)) == (method in ("warning", "error", "critical"))


@pytest.mark.parametrize(
    "text",
    [
        ADDRESS,
        f"Email address is not verified: {ADDRESS}",
        f"<{ADDRESS}>",
        f"'{ADDRESS}'",
        f"to={ADDRESS};cc={ADDRESS}",
        f'"{ADDRESS}",',
        f"{PERSON}+tag@sub.example.co.uk",
        f"smtp; 550 5.1.1 <{ADDRESS}>... User unknown",
        f"{PERSON}@localhost",
        f"mailto:{ADDRESS}?subject=x",
    ],
)
def test_addresses_are_redacted_in_any_text(text: str) -> None:
    assert PERSON not in redacted(text)
    assert "[address]" in redacted(text)


@given(st.text(), st.text())
def test_no_text_keeps_an_address(before: str, after: str) -> None:
    assert PERSON not in redacted(f"{before} {ADDRESS} {after}")


def test_addresses_are_redacted_at_any_depth(capsys: pytest.CaptureFixture[str]) -> None:
    configure("INFO").info(
        "event", value=ADDRESS, values=[ADDRESS, {ADDRESS}], nested={"a": {"b": (ADDRESS,)}}, thing=ValueError(ADDRESS)
    )
    [line] = lines(capsys)
    assert PERSON not in json.dumps(line)
    assert line["values"] == ["[address]", ["[address]"]]


# A request in which every value is private.
REQUEST: dict[str, Any] = {
    "to": ADDRESS,
    "templateName": "private",
    "templateData": {"name": DATA, "list": [DATA], "nested": {DATA: DATA}},
    "subject": f"Hello {DATA}",
    "senderOverride": {"email": ADDRESS, "name": DATA},
    "replyTo": [ADDRESS],
    "metadata": {DATA: DATA, "who": ADDRESS},
    "cc": [f"{PERSON}1@example.com"],
    "bcc": [f"{PERSON}2@example.com"],
    "attachments": [{"filename": f"{DATA}.pdf", "contentBase64": "QUFBQQ==", "contentId": "a"}],
    "headers": {"X-Note": DATA, "References": f"<{DATA}@example.com>"},
    "listUnsubscribe": {"url": f"https://example.com/?u={DATA}&e={ADDRESS}", "mailto": ADDRESS},
}


def sender(log: object) -> Sender:
    made = Sender()
    made.log = cast(FakeLog, log)
    source = "{{ name }} {{ list|join }} {{ nested|length }}"
    made.templates.add("private", source, source, {"subject": "{{ name }}", "senderName": "{{ name }}"})
    made.templates.add("broken", "{{ name + 1 }}", "{{ 5 / name }}", {"subject": "{{ name }}"})
    made.templates.add("undefined", "{{ list.name }}", "x", {"subject": "s"})
    made.templates.add("address", "x", "x", {"subject": "s", "senderEmail": "{{ name }} x"})
    return made


def answers(*errors: Exception) -> Callable[[Sender], object]:
    return lambda made: made.mailer.answers.extend(errors)


def fails(port: str, error: Exception) -> Callable[[Sender], object]:
    return lambda made: setattr(getattr(made, port), "error", error)


OUTCOMES: list[tuple[dict[str, Any], Callable[[Sender], object]]] = [
    ({}, lambda made: None),
    ({"priority": "bulk"}, lambda made: None),
    ({"to": PERSON}, lambda made: None),
    ({"to": f"{PERSON}@nowhere"}, lambda made: None),
    ({"cc": [f"{PERSON} {DATA}@x"]}, lambda made: None),
    ({"templateData": DATA}, lambda made: None),
    ({"metadata": DATA}, lambda made: None),
    ({"listUnsubscribe": {"url": f"{DATA}{ADDRESS}"}}, lambda made: None),
    ({"attachments": [{"filename": "a", "contentBase64": DATA}]}, lambda made: None),
    ({"attachments": [{"filename": "a", "s3Uri": f"s3://bucket/{DATA}"}]}, lambda made: None),
    ({"expiresAt": "2020-01-01T00:00:00Z"}, lambda made: None),
    ({"sendAt": "2026-11-25T00:00:00Z"}, lambda made: None),
    ({ADDRESS: 1}, lambda made: None),
    ({"templateName": "broken"}, lambda made: None),
    ({"templateName": "undefined"}, lambda made: None),
    ({"templateName": "address", "senderOverride": None}, lambda made: None),
    ({"templateName": "nowhere"}, lambda made: None),
    ({}, answers(PermanentError("ses_rejected", f"SES error (MessageRejected): {ADDRESS}", code="SES001"))),
    ({}, answers(TransientError(f"SES error (x): {ADDRESS}", code="SES009"))),
    ({}, answers(OutcomeUnknownError(f"ReadTimeoutError {ADDRESS}"))),
    ({}, answers(PausedBySes(300))),
    ({}, fails("templates", TransientError("S3 error loading template: x", code="AWS002"))),
    ({}, fails("suppression", TransientError(f"DynamoDB error checking suppression: {ADDRESS}", code="AWS001"))),
    ({}, fails("tracking", TransientError(f"DynamoDB error: {ADDRESS}", code="AWS003"))),
    ({}, lambda made: made.suppression.list_address(ADDRESS, SuppressionReason.SPAM_COMPLAINT)),
    ({}, lambda made: made.suppression.list_address(f"{PERSON}1@example.com", SuppressionReason.HARD_BOUNCE)),
    ({}, lambda made: setattr(made.bus, "refuse", lambda event: True)),
    ({"emailId": "order-1"}, lambda made: made.run(made.message({**REQUEST, "emailId": "order-1", "locale": "fr"}))),
]


@pytest.mark.parametrize(("fields", "prepare"), OUTCOMES, ids=[str(number) for number in range(len(OUTCOMES))])
def test_no_outcome_of_an_email_logs_personal_data(
    capsys: pytest.CaptureFixture[str], fields: dict[str, Any], prepare: Callable[[Sender], object]
) -> None:
    made = sender(configure("DEBUG", function="EmailSender"))
    prepare(made)
    message = made.message({**REQUEST, **fields})
    made.run(message)
    made.run(message)
    output = capsys.readouterr()
    assert output.out, "nothing is logged, so nothing is tested"
    for secret in (PERSON, DATA, "Hello"):
        assert secret not in output.out + output.err


def test_an_unreadable_message_is_not_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    made = sender(configure("DEBUG"))
    message = made.message(REQUEST)
    broken = type(message)("message-1", message.body[:-5])
    assert made.run(broken) == set()
    output = capsys.readouterr().out
    assert "message-1" in output
    assert PERSON not in output
    assert DATA not in output
