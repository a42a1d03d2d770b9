"""A row that another program wrote, in each table: nine of ten emails are delivered, the tenth ends as it must."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from localcloud.engine import DEAD_LETTER_QUEUES
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from tests.e2e.harness.cli import sesmail, sesmail_json
from tests.e2e.harness.engine import EngineUnderTest

GOOD: dict[str, Any] = {
    "templateName": "welcome",
    "templateData": {"userName": "Ann", "companyName": "My Company"},
}


@dataclass(frozen=True)
class Tenth:
    """A request that meets a foreign row, and its expected end."""

    table: str
    """The end of the table's name."""
    row: Mapping[str, Any]
    request: Mapping[str, Any]
    status: str
    error_type: str = ""
    mails: int = 0
    source: str = "my.application"


def an_address_alone_is_suppressed(run: str) -> Tenth:
    to = f"listed-{run}@example.org"
    return Tenth("Suppression", {"email": {"S": to}}, {"to": to}, "failed", "suppressed")


def a_suppression_in_words_of_its_own_is_one(run: str) -> Tenth:
    to = f"legal-{run}@example.org"
    row = {"email": {"S": to}, "reason": {"N": "7"}, "suppressionType": {"S": "legal"}, "expiresAt": {"S": "soon"}}
    return Tenth("Suppression", row, {"to": to}, "failed", "suppressed")


def a_record_without_an_attempt_is_a_finished_email(run: str) -> Tenth:
    """What the seed's product wrote, and nothing more."""
    row = {
        "emailId": {"S": f"tenth-{run}"},
        "toEmail": {"S": f"tenth-{run}@example.org"},
        "status": {"S": "delivered"},
        "sesMessageId": {"S": f"0100-{run}"},
        "timestamp": {"S": "2026-10-01T10:00:00Z"},
        "templateName": {"S": "welcome"},
        "originalSource": {"S": "my.application"},
    }
    return Tenth("EmailTracking", row, {}, "delivered")


def a_policy_that_cannot_be_read_allows_nothing(run: str) -> Tenth:
    source = f"other.program.{run}"
    row = {"pk": {"S": f"producer#{source}"}, "enabled": {"S": "perhaps"}, "templates": {"N": "1"}}
    return Tenth("Control", row, {}, "failed", "producer_denied", source=source)


def a_kept_request_that_cannot_be_read_is_not_retried(run: str) -> Tenth:
    """A soft bounce of an email with copies keeps no request of its own."""
    row = {"emailId": {"S": f"tenth-{run}"}, "request": {"S": "not packed by the engine"}, "attempt": {"S": "one"}}
    request = {"to": f"softbounce+{run}@{SIMULATOR_DOMAIN}", "cc": [f"copy-{run}@example.org"]}
    return Tenth("Pending", row, request, "soft_bounced", mails=1)


TENTHS: list[Callable[[str], Tenth]] = [
    an_address_alone_is_suppressed,
    a_suppression_in_words_of_its_own_is_one,
    a_record_without_an_attempt_is_a_finished_email,
    a_policy_that_cannot_be_read_allows_nothing,
    a_kept_request_that_cannot_be_read_is_not_retried,
]


@pytest.mark.parametrize("make", TENTHS, ids=lambda make: make.__name__)
def test_nine_of_ten_are_delivered(engine: EngineUnderTest, make: Callable[[str], Tenth]) -> None:
    run = uuid.uuid4().hex[:8]
    tenth = make(run)
    request = GOOD | {"emailId": f"tenth-{run}", "to": f"tenth-{run}@example.org"} | dict(tenth.request)
    good = [GOOD | {"emailId": f"good-{run}-{n}", "to": f"good-{run}-{n}@example.org"} for n in range(9)]
    engine.dynamodb.put_item(TableName=f"{engine.name}-{tenth.table}", Item=dict(tenth.row))

    engine.put_email_requests(good[:5])
    engine.put_email_requests([request], source=tenth.source)
    engine.put_email_requests(good[5:])

    for detail in good:
        engine.wait_for_status(detail["emailId"], "delivered", seconds=60)
        assert len(engine.mails_to(detail["to"])) == 1
    engine.wait_for_status(request["emailId"], tenth.status, seconds=60)
    engine.wait_until_idle()
    record = engine.record(request["emailId"]) or {}
    assert (record["status"], record.get("errorType", "")) == (tenth.status, tenth.error_type)
    assert len(engine.mails_to(request["to"])) == tenth.mails
    assert engine.depths(DEAD_LETTER_QUEUES) == {}


@pytest.mark.parametrize("make", TENTHS, ids=lambda make: make.__name__)
def test_the_command_line_reads_the_row(engine: EngineUnderTest, make: Callable[[str], Tenth]) -> None:
    run = uuid.uuid4().hex[:8]
    tenth = make(run)
    engine.dynamodb.put_item(TableName=f"{engine.name}-{tenth.table}", Item=dict(tenth.row))

    if tenth.table == "Suppression":
        to = tenth.row["email"]["S"]
        # The row is not among the newest hundred.
        listed = sesmail_json(engine, "suppression", "list", "--all", "--limit", "10000")["suppressions"]
        assert to in [one["email"] for one in listed]
        assert f"Suppressed: {to}" in sesmail(engine, "suppression", "show", to, exit_code=1)
    if tenth.table == "EmailTracking":
        assert "delivered" in sesmail(engine, "explain", f"tenth-{run}")
    assert sesmail_json(engine, "status")["paused"] == {}
