"""`sesmail erase` on moto: what is deleted, what stays, and that an erased address stays suppressed."""

from __future__ import annotations

import json
import time

import pytest

from sesmail_cli.operator.command import CommandContext
from sesmail_layer.aws.cancel_rules import CancelRules
from sesmail_layer.aws.suppression_table import SuppressionTable
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.guards.suppression import TOMBSTONE_PREFIX, SuppressionReason
from sesmail_layer.domain.record.claims import cancelled_by
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from sesmail_layer.runtime.clock import SystemClock
from tests.cli.conftest import ADA, NAME, SOURCE, MotoEngine, ago, sesmail, sesmail_json

BOB = "bob@example.com"
SENT = Entry("sent/1", "2026-11-24T10:31:02.000Z", 1, Status.SENT, detail={"sesMessageId": "0100-1"})
DEFERRED = Entry(
    "mark/1/00001/deferred", "2026-11-24T10:31:02.000Z", 1, Status.DEFERRED, detail={"reason": "scheduled"}
)
CLAIMED = Entry("mark/1/00001/sending", "2026-11-24T10:31:00.000Z", 1, Status.SENDING)
CLAIMED_LATER = Entry("mark/1/00003/sending", "2026-11-24T10:31:09.000Z", 1, Status.SENDING)
CLAIMED_AGAIN = Entry("mark/1/00002/sending", "2026-11-24T10:31:03.000Z", 1, Status.SENDING)


def as_the_sender_reads(engine: MotoEngine) -> SuppressionTable:
    tombstones_of = engine.keys().tombstones_of
    return SuppressionTable(engine.dynamodb, f"{NAME}-Suppression", SystemClock(), tombstones_of)


def everything(engine: MotoEngine) -> str:
    return repr([engine.items(table) for table in ("EmailTracking", "Suppression", "Pending", "Control")])


def test_nothing_is_changed_without_consent(engine: MotoEngine) -> None:
    engine.record(SENT)
    engine.suppress()
    before = everything(engine)

    for options in ((), ("--dry-run",), ("--dry-run", "--yes")):
        result = sesmail("erase", ADA, *options)
        assert result.exit_code == 1
        assert "1 tracking records, with their history: deleted" in result.stdout
        assert "a suppression (hard-bounce): stays in force under a hash of the address" in result.stdout
    assert "Add --yes" in sesmail("erase", ADA).stderr
    assert engine.items("Control") == []
    assert everything(engine).count(ADA) == before.count(ADA)


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("n\n", 1)])
def test_on_a_terminal_it_asks(engine: MotoEngine, monkeypatch: pytest.MonkeyPatch, answer: str, left: int) -> None:
    monkeypatch.setattr(CommandContext, "interactive", True)
    engine.record(SENT)

    assert "It cannot be undone" in sesmail("erase", ADA, answer=answer).stderr
    assert len(engine.items("EmailTracking")) == left


def test_an_erased_address_is_stored_nowhere(engine: MotoEngine) -> None:
    for number in range(3):
        engine.record(SENT, email_id=f"order-{number}")
    engine.keep_request("order-1")
    engine.suppress(email_id="order-1", ses_message_id="0100-1", source=SOURCE, diagnostic_code=f"550 <{ADA}> unknown")

    answer = sesmail_json("erase", "ADA@example.com", "--yes")

    assert sorted(answer["known"]["emails"]) == ["order-0", "order-1", "order-2"]
    assert answer["known"]["keptRequests"] == ["order-1"]
    assert "ada@" not in everything(engine)
    assert "order-1" not in everything(engine)
    assert engine.items("EmailTracking") == engine.items("Pending") == []


def test_the_topics_that_an_erased_address_left_stay_left(engine: MotoEngine) -> None:
    engine.suppress(SuppressionReason.UNSUBSCRIBE, email=f"{ADA}#weekly-digest", source=SOURCE)
    engine.suppress(SuppressionReason.UNSUBSCRIBE, email=f"{BOB}#weekly-digest", source=SOURCE)
    engine.suppress(SuppressionReason.UNSUBSCRIBE, email=f"{ADA}#*{SOURCE}", source=SOURCE)

    result = sesmail("erase", ADA, "--yes")
    assert "2 topics that it unsubscribed from: stay, under hashes" in result.stdout
    assert "ada@" not in everything(engine)
    keys = [f"{ADA}#weekly-digest", f"{ADA}#*{SOURCE}", f"{BOB}#weekly-digest", f"{ADA}#events", f"{ADA}#*other"]
    found = as_the_sender_reads(engine).get_many(keys)
    assert {key: str(entry.reason) for key, entry in found.items()} == {
        f"{ADA}#weekly-digest": "unsubscribe",
        f"{ADA}#*{SOURCE}": "unsubscribe",
        f"{BOB}#weekly-digest": "unsubscribe",
    }


def test_data_of_other_addresses_stays(engine: MotoEngine) -> None:
    engine.record(SENT, email_id="order-1")
    engine.record(SENT, email_id="order-2", to_email=BOB)
    engine.keep_request("order-2")
    engine.suppress(email=BOB)

    sesmail("erase", ADA, "--yes")

    assert [item["emailId"]["S"] for item in engine.items("EmailTracking")] == ["order-2"]
    assert len(engine.items("Pending")) == 1
    assert engine.item("Suppression", BOB)


def test_an_erased_address_stays_suppressed_for_the_sender(engine: MotoEngine) -> None:
    engine.suppress(SuppressionReason.SPAM_COMPLAINT, source=SOURCE)

    tombstone = sesmail_json("erase", ADA, "--yes")["tombstone"]

    found = as_the_sender_reads(engine).get_many([ADA, BOB])
    assert list(found) == [ADA]
    assert found[ADA].email == ADA
    assert found[ADA].blocks(bulk=False, now_text=ago(0))
    assert [item["email"]["S"] for item in engine.items("Suppression")] == [tombstone]
    assert tombstone.startswith(TOMBSTONE_PREFIX)


def test_a_suppression_that_ends_ends_under_its_hash_too(engine: MotoEngine) -> None:
    entry = engine.suppress(expires_at=ago(-3_600), ttl=2_000_000_000)

    sesmail("erase", ADA, "--yes")

    assert as_the_sender_reads(engine).get_many([ADA])[ADA].expires_at == entry.expires_at
    assert engine.items("Suppression")[0]["ttl"]["N"] == "2000000000"


def test_an_expired_suppression_is_deleted(engine: MotoEngine) -> None:
    engine.suppress(expires_at=ago(1))

    result = sesmail("erase", ADA, "--yes")

    assert "a suppression that has expired: deleted" in result.stdout
    assert engine.items("Suppression") == []


def test_what_came_after_an_erasure_joins_the_hash_at_the_next(engine: MotoEngine) -> None:
    engine.suppress(SuppressionReason.SPAM_COMPLAINT)
    sesmail("erase", ADA, "--yes")
    engine.suppress(SuppressionReason.UNSUBSCRIBE)

    assert as_the_sender_reads(engine).get_many([ADA])[ADA].reason == "spam-complaint"
    sesmail("erase", ADA, "--yes")
    (item,) = engine.items("Suppression")
    assert item["reason"]["S"] == "spam-complaint"


def test_what_is_under_way_is_cancelled_and_deleted(engine: MotoEngine) -> None:
    engine.subscribe()
    engine.record(SENT, email_id="order-1")
    engine.record(DEFERRED, email_id="order-2", request_event_id="event-2")
    engine.keep_request("order-2")

    result = sesmail("erase", ADA, "--yes")

    assert result.exit_code == 0
    assert "1 emails under way (order-2): cancelled, then deleted" in result.stdout
    assert engine.items("EmailTracking") == engine.items("Pending") == []
    (event,) = map(json.loads, engine.bodies("published"))
    assert (event["detail"]["emailId"], event["detail"]["errorType"]) == ("order-2", "cancelled")


def test_an_email_that_a_worker_has_keeps_its_record_and_is_not_sent_again(engine: MotoEngine) -> None:
    engine.record(CLAIMED_AGAIN, DEFERRED, CLAIMED_LATER, email_id="order-3", lease_until=time.time() + 60)

    result = sesmail("erase", ADA, "--yes")

    assert result.exit_code == 1
    assert "1 emails are being handed to SES (order-3): run this again in some minutes" in result.stderr
    record = TrackingTable(engine.dynamodb, f"{NAME}-EmailTracking").get_many(["order-3"])["order-3"]
    assert cancelled_by(record) == "an operator"


def test_a_rule_under_a_hash_cancels_what_has_no_record(engine: MotoEngine) -> None:
    before = time.time()

    assert sesmail("erase", ADA, "--yes").exit_code == 0

    known = CancelRules(engine.dynamodb, f"{NAME}-Control").read("*")
    assert list(known.erased) == engine.keys().tombstones_of(ADA)
    assert before <= min(known.erased.values()) <= time.time()
    assert "ada@" not in everything(engine)


def test_where_a_thousand_addresses_were_erased_lately_nothing_is(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sesmail_layer.domain.guards.cancelling.MOST_ERASED", 1)
    assert sesmail("erase", BOB, "--yes").exit_code == 0
    engine.record(SENT)

    result = sesmail("erase", ADA, "--yes")

    assert result.exit_code == 2
    assert "Nothing was erased: 1 addresses were erased lately" in result.stderr
    assert len(engine.items("EmailTracking")) == 1


def test_what_is_accepted_while_the_question_waits_is_cancelled_and_deleted(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*_: object, **__: object) -> bool:
        engine.record(DEFERRED, email_id="late", request_event_id="event-2")
        engine.suppress()
        return True

    monkeypatch.setattr(CommandContext, "confirm", meanwhile)

    assert sesmail("erase", ADA).exit_code == 0
    assert engine.items("EmailTracking") == []
    assert "ada@" not in everything(engine)


def test_a_record_without_a_status_is_erased(engine: MotoEngine) -> None:
    """Earlier versions wrote some."""
    row = {"emailId": {"S": "old"}, "toEmail": {"S": ADA}, "timestamp": {"S": "2025-01-01T00:00:00.000Z"}}
    engine.dynamodb.put_item(TableName=f"{NAME}-EmailTracking", Item=row)

    assert sesmail("erase", ADA, "--yes").exit_code == 0
    assert engine.items("EmailTracking") == []


def test_a_claimed_email_is_found_by_the_documented_scan_only(engine: MotoEngine) -> None:
    """No index has it before its next write."""
    engine.record(CLAIMED)
    assert sesmail_json("erase", ADA)["known"]["underWay"] == []

    found = engine.dynamodb.scan(
        TableName=f"{NAME}-EmailTracking",
        FilterExpression="attribute_exists(recipients.#a) OR unindexedToEmail = :a",
        ExpressionAttributeNames={"#a": ADA},
        ExpressionAttributeValues={":a": {"S": ADA}},
    )
    assert [item["emailId"]["S"] for item in found["Items"]] == ["order-1"]


def test_a_claim_that_no_worker_ended_is_cancelled_once_its_message_came_again(engine: MotoEngine) -> None:
    """Its worker is gone, its message a dead letter: the record must not stay unseen until its `ttl`."""
    claim = engine.record(CLAIMED)
    table = TrackingTable(engine.dynamodb, f"{NAME}-EmailTracking")
    assert table.replace(claim) is None

    assert sesmail("erase", ADA, "--yes").exit_code == 0
    assert engine.items("EmailTracking") == []


@pytest.mark.parametrize("seconds_ago", [60, 3_600])
def test_a_soft_bounce_is_deleted_also_while_its_retry_may_wait_in_a_queue(
    engine: MotoEngine, seconds_ago: float
) -> None:
    """The rule under the hash cancels the retry."""
    bounced = Entry("bounce/1", ago(seconds_ago), 1, Status.SOFT_BOUNCED, recipient=ADA, what="soft")
    engine.record(SENT, bounced)
    engine.keep_request("order-1")

    sesmail("erase", ADA, "--yes")

    assert engine.items("EmailTracking") == engine.items("Pending") == []


def test_an_unknown_address_may_have_mail_under_way(engine: MotoEngine) -> None:
    assert sesmail_json("erase", ADA)["erased"] is False
    assert engine.items("Control") == []
    assert sesmail_json("erase", ADA, "--yes")["erased"] is True
    assert [item["pk"]["S"] for item in engine.items("Control")] == ["cancel#*"]


def test_an_erased_address_can_be_shown_and_removed(engine: MotoEngine) -> None:
    engine.suppress()
    sesmail("erase", ADA, "--yes")

    assert "Suppressed: ada@example.com (hard-bounce)" in sesmail("suppression", "show", ADA).stdout
    assert "(erased)" in sesmail("suppression", "list").stdout
    assert sesmail("suppression", "remove", ADA, "--yes").exit_code == 0
    assert engine.items("Suppression") == []


def test_entries_without_hashes_are_read_as_before(engine: MotoEngine) -> None:
    entry = engine.suppress()

    assert SuppressionTable(engine.dynamodb, f"{NAME}-Suppression", SystemClock()).get_many([ADA, BOB]) == {ADA: entry}


def test_an_erased_address_stays_suppressed_after_a_rotation_and_can_be_released(engine: MotoEngine) -> None:
    engine.suppress()
    sesmail_json("erase", ADA, "--yes")
    engine.ssm.put_parameter(Name=f"/{NAME}/keys/erasure", Type="SecureString", Overwrite=True, Value="another")

    assert list(as_the_sender_reads(engine).get_many([ADA])) == [ADA]
    assert sesmail("suppression", "remove", ADA, "--yes").exit_code == 0
    assert engine.items("Suppression") == []
