"""Emails to SES's mailbox simulator: their records and their status events.

The simulator's addresses, with labels after a plus sign, work in the sandbox and count for no reputation:
https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sesmail_layer.domain.message import MAX_FROM
from sesmail_layer.domain.mime import EOL, address_line
from sesmail_layer.domain.times import utc_seconds, utc_text
from tools.aws_check.engine import Engine
from tools.aws_check.results import Check, Evidence, require

SIMULATOR = "simulator.amazonses.com"
SCHEDULED_SECONDS = 30
TEMPLATE = {"templateName": "welcome", "templateData": {"userName": "Ann", "companyName": "SESMail check"}}
Fields = Callable[[Engine], Mapping[str, Any]]


@dataclass(frozen=True)
class Scenario:
    """One email: what is asked, how it must end, and which of its statuses must be published."""

    name: str
    title: str
    status: str
    published: tuple[str, ...]
    mailbox: str = "success"
    fields: Fields = field(default=lambda _: {})
    error_type: str = ""

    def to(self, engine: Engine) -> str:
        """Return the recipient; the label keeps the addresses of two runs apart."""
        return f"{self.mailbox}+{engine.name.rpartition('-')[2]}@{SIMULATOR}"

    def request(self, engine: Engine) -> dict[str, Any]:
        """Return the request; a field of None leaves one out."""
        asked = {"emailId": engine.email_id(self.name), "to": self.to(engine), **TEMPLATE, **self.fields(engine)}
        return {key: value for key, value in asked.items() if value is not None}


def longest_name(sender: str) -> str:
    """Return the sender name with which the encoded From line has exactly SES's 320 characters."""
    length = MAX_FROM
    while len(address_line("From", [sender], "x" * length).replace(EOL, "")) > MAX_FROM:
        length -= 1
    return "x" * length


def _with_file(_: Engine) -> dict[str, Any]:
    content = base64.b64encode(b"%PDF-1.7 " + bytes(range(256))).decode()
    return {"attachments": [{"filename": "check.pdf", "contentType": "application/pdf", "contentBase64": content}]}


def _longest_from(engine: Engine) -> dict[str, Any]:
    return {"senderOverride": {"email": engine.sender, "name": longest_name(engine.sender)}}


def _too_long_from(engine: Engine) -> dict[str, Any]:
    return {"senderOverride": {"email": engine.sender, "name": longest_name(engine.sender) + "x"}}


def _scheduled(_: Engine) -> dict[str, Any]:
    return {"sendAt": utc_text(time.time() + SCHEDULED_SECONDS)}


SENT, DELIVERED = ("sent",), ("sent", "delivered")
SCENARIOS = (
    Scenario("success", "An email is delivered", "delivered", DELIVERED),
    Scenario("bounce", "A hard bounce is recorded", "bounced", (*SENT, "bounced"), "bounce"),
    Scenario("complaint", "A complaint is recorded", "complained", (*SENT, "complained"), "complaint"),
    Scenario("ooto", "An out-of-office reply leaves the email delivered", "delivered", DELIVERED, "ooto"),
    Scenario("suppressed", "A bounce by SES's own list is recorded", "bounced", (*SENT, "bounced"), "suppressionlist"),
    Scenario("attachment", "An email with a file is delivered", "delivered", DELIVERED, fields=_with_file),
    Scenario("bulk", "A bulk email is delivered", "delivered", DELIVERED, fields=lambda _: {"priority": "bulk"}),
    Scenario("scheduled", "A scheduled email is sent at its time", "delivered", DELIVERED, fields=_scheduled),
    Scenario("from-320", "SES takes the longest From line", "delivered", DELIVERED, fields=_longest_from),
    Scenario(
        "from-321",
        "A longer From line fails",
        "failed",
        ("failed",),
        fields=_too_long_from,
        error_type="validation_error",
    ),
    Scenario(
        "invalid",
        "A request without a template fails",
        "failed",
        ("failed",),
        fields=lambda _: {"templateName": None},
        error_type="validation_error",
    ),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def send_all(engine: Engine) -> Evidence:
    """Put one request for every scenario on the bus."""
    engine.sent_at = time.time()
    engine.put_requests(scenario.request(engine) for scenario in SCENARIOS)
    return {"requests": len(SCENARIOS)}


def check_email(engine: Engine, scenario: Scenario) -> Evidence:
    """Wait for the record's status, then for the status events."""
    email_id = engine.email_id(scenario.name)

    def record_in(*statuses: str) -> dict[str, Any] | None:
        found = engine.record(email_id)
        return found if found and found["status"] in statuses else None

    # Opens and clicks cannot come; a later rank of the same email would hide a wrong one.
    record = engine.wait(
        lambda: record_in(scenario.status, "failed"),
        lambda: f"status {scenario.status}; {_state(engine.record(email_id))}",
    )
    evidence = evidence_of(record)
    require(record["status"] == scenario.status, f"The email {_failure(record)}", **evidence)
    require(
        record.get("errorType", "") == scenario.error_type,
        f"errorType is {record.get('errorType')!r}, not {scenario.error_type!r}",
        **evidence,
    )
    wanted = set(scenario.published)
    engine.wait(
        lambda: wanted <= engine.published(email_id).keys(),
        lambda: f"status events {sorted(wanted)}; published were {sorted(engine.published(email_id))}",
    )
    return evidence | {"published": sorted(engine.published(email_id))}


def evidence_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a report shows of a record: ids, types and times, no address and no subject."""
    shown = ("emailId", "sesMessageId", "status", "errorType", "errorMessage", "bounceType", "bounceSubType", "attempt")
    times = ("timestamp", "sentAt", "deliveredAt", "bouncedAt", "complainedAt")
    return {key: str(record[key]) for key in (*shown, *times) if record.get(key) not in (None, "")}


def _state(record: Mapping[str, Any] | None) -> str:
    return f"its record says {record['status']}" if record else "it has no record: its request did not reach the sender"


def _failure(record: Mapping[str, Any]) -> str:
    return f"{record['status']}: {record.get('errorType', '')} {record.get('errorMessage', '')}".strip()


def check_schedule(engine: Engine) -> Evidence:
    """The scheduled email was not sent before its time, and not much later."""
    evidence = check_email(engine, BY_NAME["scheduled"])
    waited = utc_seconds(evidence["sentAt"]) - engine.sent_at
    require(waited >= SCHEDULED_SECONDS - 1, f"It was sent after {waited:.1f} s", **evidence)
    return {**evidence, "sent_after_seconds": round(waited, 1), "asked_for_seconds": SCHEDULED_SECONDS}


FIX = {
    "delivered": "Read the record's errorMessage and the log of NAME-EmailSender; docs/error-codes.md has the codes.",
    "failed": "The engine accepted what it must reject: report it with this file.",
}
_FIX_FEEDBACK = (
    "Check the configuration set's event destination, the topic NAME-SESFeedback and the policy of NAME-FeedbackQueue."
)


def _checks() -> Iterable[Check[Engine]]:
    yield Check("The bus accepts requests", send_all, "The caller needs events:PutEvents on NAME-EmailBus.")
    for scenario in SCENARIOS:
        run = check_schedule if scenario.name == "scheduled" else _check_of(scenario)
        yield Check(scenario.title, run, FIX.get(scenario.status, _FIX_FEEDBACK))


def _check_of(scenario: Scenario) -> Callable[[Engine], Evidence]:
    return lambda engine: check_email(engine, scenario)


CHECKS = tuple(_checks())
