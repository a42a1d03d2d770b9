"""Mail that was cancelled never goes out, whatever it waits for, and each record says what happened."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from typing import Any, cast

from localcloud.wait import wait_for
from sesmail_layer.domain.times import utc_text
from tests.e2e.harness.cli import sesmail, sesmail_json
from tests.e2e.harness.engine import EngineUnderTest

WELCOME = {"templateName": "welcome", "templateData": {"userName": "Ann", "companyName": "My Company"}}
# LocalStack counts each mail twice, and its daily quota is 200: all tests share it.
SENT = 15
HELD, SCHEDULED, UNSEEN = 75, 70, 40
LATER_SECONDS = 150
UNSEEN_SECONDS = 60
IN_FORCE_SECONDS = 15
"""What a pause takes until every worker has it: a worker that read the state before the pause keeps sending."""


def new_source() -> str:
    return f"cancel.tests.{uuid.uuid4().hex[:8]}"


def details(source: str, kind: str, count: int, **fields: Any) -> list[dict[str, Any]]:
    run = source[-8:]
    return [
        {"emailId": f"{kind}-{run}-{number:03d}", "to": f"{kind}{number}-{run}@example.org", **WELCOME, **fields}
        for number in range(count)
    ]


def in_seconds(seconds: float) -> str:
    return utc_text(time.time() + seconds)


def put_without_record(engine: EngineUnderTest, source: str, some: list[dict[str, Any]]) -> None:
    """Put requests that reached the engine, and that no sender has seen yet."""
    for detail in some:
        envelope = {"id": str(uuid.uuid4()), "source": source, "detail-type": "Email Request"}
        body = json.dumps(envelope | {"time": in_seconds(0), "detail": detail})
        engine.sqs.send_message(QueueUrl=engine.queue_url("RetryQueue"), MessageBody=body, DelaySeconds=UNSEEN_SECONDS)


def records(engine: EngineUnderTest, source: str) -> dict[str, dict[str, Any]]:
    return {each["emailId"]: each for each in engine.records() if each.get("originalSource") == source}


def put_cancellation(engine: EngineUnderTest, source: str, **detail: str) -> None:
    entry = {
        "Source": source,
        "DetailType": "Email Cancel Requested",
        "EventBusName": engine.outputs["event_bus_name"],
        "Detail": json.dumps(detail),
    }
    assert engine.events.put_events(Entries=cast("Any", [entry]))["FailedEntryCount"] == 0


def test_a_bad_import_is_paused_looked_at_and_cancelled(engine: EngineUnderTest) -> None:
    source, began = new_source(), in_seconds(-1)

    def by_status(*statuses: str) -> int:
        return sum(record["status"] in statuses for record in records(engine, source).values())

    engine.put_email_requests(details(source, "sent", SENT), source)
    wait_for(lambda: by_status(engine.final_status) == SENT, "the first mails to go out", 120)

    sesmail(engine, "pause", "--producer", source, "--reason", "wrong import")
    time.sleep(IN_FORCE_SECONDS)
    engine.put_email_requests(details(source, "held", HELD), source)
    later = in_seconds(LATER_SECONDS)
    engine.put_email_requests(details(source, "later", SCHEDULED, sendAt=later), source)
    wait_for(lambda: by_status("deferred") == HELD + SCHEDULED, "the others to wait", 120)

    found = sesmail_json(engine, "find", "--producer", source, "--since", began, "--limit", "1000")
    assert len(found["emails"]) == SENT + HELD + SCHEDULED
    would = sesmail_json(engine, "cancel", "--producer", source, "--since", began, "--dry-run")["would"]
    assert would["known"] == {"cancelled": HELD + SCHEDULED, "handed_to_ses": SENT}
    assert by_status("failed") == 0
    put_without_record(engine, source, details(source, "unseen", UNSEEN))
    done = sesmail_json(engine, "cancel", "--producer", source, "--since", began, "--yes", exit_code=1)["result"]
    # Some of the others may have come up meanwhile.
    assert done["known"]["handed_to_ses"] == SENT
    assert HELD + SCHEDULED <= done["known"]["cancelled"] <= HELD + SCHEDULED + UNSEEN

    sesmail(engine, "resume", "--producer", source)
    wait_for(lambda: by_status("failed") == HELD + SCHEDULED + UNSEEN, "every other email to end", 300)
    engine.wait_until_idle(300)

    said = records(engine, source)
    assert len(said) == SENT + HELD + SCHEDULED + UNSEEN == 200
    assert Counter(record.get("errorType", record["status"]) for record in said.values()) == {
        engine.final_status: SENT,
        "cancelled": HELD + SCHEDULED + UNSEEN,
    }
    run = source[-8:]
    assert len([mail for mail in engine.mails() if any(run in each for each in mail.destinations)]) == SENT
    for kind in ("held", "later", "unseen"):
        assert "failed" in engine.statuses_of(f"{kind}-{run}-000"), kind
    [corrected] = details(source, "corrected", 1)
    engine.put_email_requests([corrected], source)
    engine.wait_for_status(corrected["emailId"], engine.final_status)


def test_a_producer_cancels_by_id_and_by_tag(engine: EngineUnderTest) -> None:
    source, other = new_source(), new_source()
    later = in_seconds(40)
    [by_id] = details(source, "id", 1, sendAt=later)
    [by_tag] = details(source, "tag", 1, sendAt=later, tags=["spring"])
    [of_other] = details(other, "other", 1, sendAt=later, tags=["spring"])
    engine.put_email_requests([by_id, by_tag], source)
    engine.put_email_requests([of_other], other)
    for each in (by_id, by_tag, of_other):
        engine.wait_for_status(each["emailId"], "deferred")

    put_cancellation(engine, source, emailId=by_id["emailId"])
    put_cancellation(engine, source, tag="spring")
    put_cancellation(engine, source, emailId=of_other["emailId"])
    [early] = details(source, "early", 1)
    put_cancellation(engine, source, emailId=early["emailId"])
    wait_for(lambda: engine.record(early["emailId"]) is not None, "the cancellation of an id", 60)
    engine.put_email_requests([early], source)

    for each in (by_id, by_tag, early):
        assert engine.wait_for_status(each["emailId"], "failed", seconds=120)["errorType"] == "cancelled"
        assert engine.mails_to(each["to"]) == []
    engine.wait_for_status(of_other["emailId"], engine.final_status, seconds=120)
    assert sorted(engine.statuses_of(by_id["emailId"])) == ["deferred", "failed"]


def test_an_erased_person_with_scheduled_mail_gets_none(engine: EngineUnderTest) -> None:
    source = new_source()
    [first, unseen] = details(source, "person", 2)
    to = first["to"]
    engine.put_email_requests([first | {"sendAt": in_seconds(40)}], source)
    engine.wait_for_status(first["emailId"], "deferred")
    put_without_record(engine, source, [unseen | {"to": to}])

    sesmail(engine, "erase", to, "--yes")
    assert engine.record(first["emailId"]) is None
    engine.wait_until_idle(180)

    assert engine.mails_to(to) == []
    assert {each.get("errorType") for each in records(engine, source).values()} == {"cancelled"}
    everything = [
        engine.scan(f"{engine.name}-{table}") for table in ("EmailTracking", "Suppression", "Control", "Pending")
    ]
    assert to not in repr(everything)
