"""200 requests of every kind at once: each ends in one record, one email where one is due, and the right events."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from localcloud.engine import DEAD_LETTER_QUEUES
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.wait import WaitTimeoutError, wait_for
from tests.e2e.harness.engine import EngineUnderTest

REQUESTS = 200
# Addresses and ids of this run alone: a bounce suppresses for ever.
RUN = uuid.uuid4().hex[:8]
GOOD = {"templateName": "welcome", "templateData": {"userName": "Ann", "companyName": "My Company"}}


@dataclass(frozen=True)
class Case:
    """One request and its expected end."""

    kind: str
    number: int
    detail: Mapping[str, Any]
    status: str
    events: frozenset[str]
    mailed: bool
    error_type: str = ""
    suppression: str = ""
    # SNS keeps no order, and a status only rises: after a complaint, `delivered` is no transition.
    skippable: frozenset[str] = frozenset()

    @property
    def email_id(self) -> str:
        return str(self.detail["emailId"])

    @property
    def to(self) -> str:
        return str(self.detail.get("to", ""))

    @property
    def twice(self) -> bool:
        return self.number % 10 == 0


def email_id_of(number: int) -> str:
    return f"mixed-{RUN}-{number:03d}"


def rejected(kind: str, number: int, error_type: str, **changes: Any) -> Case:
    """A request that never reaches SES."""
    detail = GOOD | {"emailId": email_id_of(number), "to": f"reader{number}-{RUN}@example.org"} | changes
    kept = {name: value for name, value in detail.items() if value is not None}
    return Case(kind, number, kept, "failed", frozenset({"failed"}), mailed=False, error_type=error_type)


def sent(kind: str, number: int, to: str, status: str, *events: str, suppression: str = "") -> Case:
    """A request that SES accepts."""
    detail = GOOD | {"emailId": email_id_of(number), "to": to, "metadata": {"number": number}}
    return Case(kind, number, detail, status, frozenset(events), mailed=True, suppression=suppression)


def case(number: int) -> Case:
    """The kinds in turn; 11 of them, so that every kind is among the doubled tenth ones."""
    reader = f"reader{number}-{RUN}@example.org"
    match number % 11:
        case 0 | 1 | 2:
            return sent("delivered", number, reader, "delivered", "sent", "delivered")
        case 3:
            to = f"success+{number}-{RUN}@{SIMULATOR_DOMAIN}"
            return sent("simulated success", number, to, "delivered", "sent", "delivered")
        case 4:
            to = f"bounce+{number}-{RUN}@{SIMULATOR_DOMAIN}"
            return sent("hard bounce", number, to, "bounced", "sent", "bounced", suppression="hard-bounce")
        case 5:
            to = f"complaint+{number}-{RUN}@{SIMULATOR_DOMAIN}"
            complaint = sent("complaint", number, to, "complained", "sent", "complained", suppression="spam-complaint")
            return replace(complaint, skippable=frozenset({"delivered"}))
        case 6:
            return rejected("no address", number, "validation_error", to=f"reader{number}-{RUN}.example.org")
        case 7:
            return rejected("no template named", number, "validation_error", templateName=None)
        case 8:
            return rejected("unknown template", number, "template_not_found", templateName="no-such-template")
        case 9:
            return rejected("missing variable", number, "template_render_error", templateData={"userName": "Ann"})
        case _:
            return rejected("suppressed", number, "suppressed", to=suppressed_address(number))


def suppressed_address(number: int) -> str:
    return f"unwanted{number}-{RUN}@example.org"


CASES = [case(number) for number in range(REQUESTS)]
DOUBLED = [each for each in CASES if each.twice]


@pytest.fixture(scope="module")
def mixed_run(engine: EngineUnderTest) -> EngineUnderTest:
    """The engine after the run: everything sent, all queues empty."""
    return send_all(engine)


def send_all(engine: EngineUnderTest) -> EngineUnderTest:
    """Send all, every tenth a second time among the others, and wait until all queues are empty."""
    for each in CASES:
        if each.error_type == "suppressed":
            entry = {
                "email": {"S": each.to},
                "suppressionType": {"S": "manual"},
                "reason": {"S": "manual"},
                "addedToSuppressionDate": {"S": "2026-01-01T00:00:00.000Z"},
            }
            engine.dynamodb.put_item(TableName=engine.outputs["suppression_table_name"], Item=entry)
    requests = [each.detail for each in CASES]
    for position, each in enumerate(reversed(DOUBLED)):
        requests.insert(len(requests) - position * 7, each.detail)
    assert len(requests) == REQUESTS + len(DOUBLED)
    engine.put_email_requests(requests)

    def settled() -> bool:
        statuses = {record["emailId"]: record["status"] for record in mixed_records(engine)}
        return all(statuses.get(each.email_id) == each.status for each in CASES)

    try:
        wait_for(settled, "all requests to end", seconds=90)
    except WaitTimeoutError:
        found = {record["emailId"]: record for record in mixed_records(engine)}
        wrong = [
            (each.kind, found.get(each.email_id))
            for each in CASES
            if found.get(each.email_id, {}).get("status") != each.status
        ]
        raise AssertionError(f"{len(wrong)} of {REQUESTS} did not end as they must; the first: {wrong[:3]}") from None
    engine.wait_until_idle()
    return engine


def mixed_records(engine: EngineUnderTest) -> list[dict[str, Any]]:
    return [record for record in engine.records() if record["emailId"].startswith(f"mixed-{RUN}-")]


def test_every_request_ends_in_one_record_with_the_right_status(mixed_run: EngineUnderTest) -> None:
    records = {record["emailId"]: record for record in mixed_records(mixed_run)}
    assert len(records) == REQUESTS
    assert {each.email_id: (each.status, each.error_type) for each in CASES} == {
        email_id: (record["status"], record.get("errorType", "")) for email_id, record in records.items()
    }


def test_ses_accepts_exactly_one_email_for_each_that_is_due(mixed_run: EngineUnderTest) -> None:
    ours = {each.to for each in CASES}
    accepted = Counter(address for mail in mixed_run.mails() for address in mail.destinations if address in ours)
    due = Counter(each.to for each in CASES if each.mailed)
    assert (accepted - due, due - accepted) == (Counter(), Counter())


def test_subscribers_receive_each_transition_once(mixed_run: EngineUnderTest) -> None:
    # By event id: a transition that is published twice has the same one.
    published: dict[str, dict[str, str]] = {each.email_id: {} for each in CASES}
    for event in mixed_run.subscriber.collect():
        detail = event["detail"]
        if detail["emailId"] in published:
            published[detail["emailId"]][detail["eventId"]] = detail["status"]
    wrong = [
        (each.kind, each.twice, statuses)
        for each in CASES
        if not right_events(each, statuses := sorted(published[each.email_id].values()))
    ]
    assert wrong == []


def right_events(each: Case, published: list[str]) -> bool:
    """Each transition once. A failed request that is repeated is tried again, and fails as the next attempt."""
    if each.status == "failed" and each.twice:
        return published == ["failed", "failed"]
    without_skippable = [status for status in published if status not in each.skippable]
    return without_skippable == sorted(each.events) and len(published) == len(set(published))


def test_only_bounces_and_complaints_are_suppressed(mixed_run: EngineUnderTest) -> None:
    ours = {each.to for each in CASES}
    entries = mixed_run.scan(mixed_run.outputs["suppression_table_name"])
    found = {entry["email"]: entry["reason"] for entry in entries if entry["email"] in ours}
    expected = {each.to: each.suppression for each in CASES if each.suppression}
    expected |= {each.to: "manual" for each in CASES if each.error_type == "suppressed"}
    assert found == expected


def test_metadata_is_in_the_record_and_the_events(mixed_run: EngineUnderTest) -> None:
    each = next(each for each in CASES if each.kind == "delivered")
    record = mixed_run.record(each.email_id)
    assert record is not None
    assert record["metadata"] == {"number": each.number}
    for detail in mixed_run.subscriber.details_of(each.email_id):
        assert detail["metadata"] == {"number": each.number}


def test_no_message_ends_in_a_dead_letter_queue(mixed_run: EngineUnderTest) -> None:
    assert mixed_run.depths(DEAD_LETTER_QUEUES) == {}
