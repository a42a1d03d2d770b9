"""Rows that somebody else wrote (the seed's product, an operator) stop nothing: each is read with what it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from sesmail_layer.aws.foreign_rows import read_row
from sesmail_layer.aws.pending_table import PendingTable
from sesmail_layer.aws.producer_states import ProducerStates
from sesmail_layer.aws.quota_cache import QuotaCache
from sesmail_layer.aws.rate_bucket import RateBucket
from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.aws.suppression_table import SuppressionTable, read_suppression
from sesmail_layer.aws.tracking_table import TrackingTable, read_record
from sesmail_layer.domain.guards.suppression import SUPPRESSION_TYPES, Suppression, SuppressionReason
from sesmail_layer.domain.record.claims import Verdict, judge
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold
from tests.aws.conftest import CONTROL, NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

JOHN = "john@example.com"
LATER = "2026-12-24T00:00:00.000Z"

# What the seed's documentation names, and nothing more.
SEEDS_RECORD: dict[str, Any] = {
    "emailId": {"S": "order-1"},
    "toEmail": {"S": JOHN},
    "status": {"S": "delivered"},
    "sesMessageId": {"S": "0100"},
    "timestamp": {"S": "2026-10-01T10:00:00Z"},
    "datePartition": {"S": "2026-10-01"},
    "templateName": {"S": "welcome"},
    "subject": {"S": "Welcome"},
    "originalSource": {"S": "my.application"},
    "metadata": {"M": {"order": {"N": "7"}}},
    "deliveredAt": {"S": "2026-10-01T10:00:05Z"},
    "ttl": {"N": "1798000000"},
}

_ATTRIBUTES = st.one_of(
    st.builds(lambda value: {"S": value}, st.text(min_size=1, max_size=20)),
    st.builds(lambda value: {"N": str(value)}, st.integers() | st.decimals(allow_nan=False, allow_infinity=False)),
    st.builds(lambda value: {"BOOL": value}, st.booleans()),
    st.builds(lambda value: {"B": value}, st.binary(min_size=1, max_size=8)),
    st.just({"NULL": True}),
    st.just({"L": [{"S": "x"}]}),
    st.just({"M": {"a": {"N": "1"}}}),
    st.just({"SS": ["a", "b"]}),
)


@pytest.fixture
def tables() -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        for name, key in {"Suppression": "email", "Tracking": "emailId", "Pending": "emailId", CONTROL: "pk"}.items():
            client.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
                KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            )
        yield client


class FixedClock:
    def now(self) -> float:
        return NOW

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0


def suppressions(client: DynamoDBClient) -> SuppressionTable:
    return SuppressionTable(client, "Suppression", FixedClock())


def put(client: DynamoDBClient, table: str, **item: Any) -> None:
    client.put_item(TableName=table, Item=item)


# --- suppressions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({}, SuppressionReason.MANUAL),
        ({"reason": {"S": "soft-bounce-exceeded"}, "suppressionType": {"S": "bounce"}}, SuppressionReason.HARD_BOUNCE),
        ({"reason": {"S": "asked us by phone"}}, SuppressionReason.MANUAL),
        ({"reason": {"N": "7"}, "suppressionType": {"S": "complaint"}}, SuppressionReason.SPAM_COMPLAINT),
        ({"suppressionType": {"S": "unsubscribe"}}, SuppressionReason.UNSUBSCRIBE),
        ({"suppressionType": {"L": []}, "addedToSuppressionDate": {"BOOL": True}}, SuppressionReason.MANUAL),
        ({"expiresAt": {"S": "soon"}}, SuppressionReason.MANUAL),
        ({"expiresAt": {"N": "1"}, "ttl": {"S": "x"}}, SuppressionReason.MANUAL),
    ],
)
def test_an_unreadable_entry_suppresses_its_address_and_keeps_no_other_from_being_read(
    tables: DynamoDBClient, attributes: dict[str, Any], reason: SuppressionReason
) -> None:
    suppressions(tables).add(entry("jane@example.com"))
    put(tables, "Suppression", email={"S": JOHN}, **attributes)

    found = suppressions(tables).get_many([JOHN, "jane@example.com", "free@example.com"])

    assert set(found) == {JOHN, "jane@example.com"}
    assert found[JOHN].reason is reason
    assert found[JOHN].blocks(bulk=True, now_text=LATER)


def entry(address: str, reason: SuppressionReason = SuppressionReason.HARD_BOUNCE) -> Suppression:
    return Suppression(
        email=address,
        suppression_type=SUPPRESSION_TYPES[reason],
        reason=reason,
        added_to_suppression_date="2026-11-24T10:31:00.000Z",
    )


def test_a_bounce_is_added_over_a_foreign_unsubscription(tables: DynamoDBClient) -> None:
    put(tables, "Suppression", email={"S": JOHN}, suppressionType={"S": "unsubscribe"}, reason={"S": "newsletter"})

    suppressions(tables).add(entry(JOHN))

    assert suppressions(tables).get_many([JOHN])[JOHN].reason is SuppressionReason.HARD_BOUNCE


def test_a_foreign_entry_that_is_stronger_stays_as_it_is(tables: DynamoDBClient) -> None:
    put(tables, "Suppression", email={"S": JOHN}, reason={"S": "asked us by phone"})

    suppressions(tables).add(entry(JOHN))

    item = tables.get_item(TableName="Suppression", Key={"email": {"S": JOHN}})["Item"]
    assert item["reason"] == {"S": "asked us by phone"}


@given(st.dictionaries(st.sampled_from([f.encode_name for f in msgspec.structs.fields(Suppression)]), _ATTRIBUTES))
def test_any_attributes_make_an_entry_that_does_not_let_all_mail_through(item: dict[str, Any]) -> None:
    read = read_suppression({**item, "email": {"S": JOHN}})
    assert read.email == JOHN
    assert read.blocks(bulk=True, now_text="2026-11-24T10:31:00.000Z") or read.expires_at is not None


# --- tracking records -------------------------------------------------------------------------------------------------


def test_a_record_of_the_seed_is_a_finished_email(tables: DynamoDBClient) -> None:
    put(tables, "Tracking", **SEEDS_RECORD)

    record = TrackingTable(tables, "Tracking").get_many(["order-1"])["order-1"]

    assert (record.status, record.ses_message_id, record.metadata) == (Status.DELIVERED, "0100", {"order": 7})
    finding = judge(record, fingerprint="x", event_id="e", attempt=1, now=NOW, settle_seconds=300)
    assert finding.verdict is Verdict.DONE


def test_a_bounce_is_folded_into_a_record_of_the_seed_and_stored(tables: DynamoDBClient) -> None:
    put(tables, "Tracking", **SEEDS_RECORD)
    table = TrackingTable(tables, "Tracking")
    record = table.get_many(["order-1"])["order-1"]
    bounce = Entry("bounce/1", "2026-11-24T10:31:00.000Z", 1, Status.BOUNCED, JOHN, detail={"bounceType": "Permanent"})
    folded, moved = fold(record, [bounce])

    assert table.replace(folded) is None
    assert [transition.previous for transition in moved] == [Status.DELIVERED]

    stored = table.get_many(["order-1"])["order-1"]
    assert (stored.status, stored.bounce_type, stored.revision) == (Status.BOUNCED, "Permanent", 1)
    assert (stored.delivered_at, stored.ses_message_id) == ("2026-10-01T10:00:05Z", "0100")


def test_of_two_workers_one_adopts_a_foreign_record(tables: DynamoDBClient) -> None:
    put(tables, "Tracking", **SEEDS_RECORD)
    table = TrackingTable(tables, "Tracking")
    record = table.get_many(["order-1"])["order-1"]

    assert table.replace(record) is None
    newer = table.replace(record)

    assert newer is not None
    assert newer.revision == 1


@given(st.dictionaries(st.sampled_from([f.encode_name for f in msgspec.structs.fields(TrackingRecord)]), _ATTRIBUTES))
def test_any_attributes_make_a_record_that_can_be_judged_and_folded(item: dict[str, Any]) -> None:
    record = read_record({**item, "emailId": {"S": "order-1"}})
    if record.revision == 0:
        judged = judge(record, fingerprint="x", event_id="e", attempt=1, now=NOW, settle_seconds=300)
        assert judged.verdict is Verdict.DONE
    folded, _ = fold(record, [Entry("delivered/1", "2026-11-24T10:31:00.000Z", 1, Status.DELIVERED)])
    assert any(entry.key == "delivered/1" for entry in folded.history)


# --- the control table and kept requests ------------------------------------------------------------------------------


def test_a_policy_that_cannot_be_read_allows_nothing_and_leaves_the_others_alone(tables: DynamoDBClient) -> None:
    put(tables, CONTROL, pk={"S": "producer#shop"}, emailsPerDay={"S": "many"})
    put(tables, CONTROL, pk={"S": "producer#blog"}, emailsPerDay={"N": "7"})

    read = ProducerStates(tables, CONTROL).producers(["shop", "blog"])

    assert (read.policies["shop"].enabled, read.policies["blog"].enabled) == (False, True)


@pytest.mark.parametrize("paused", [{"S": "yes"}, {"N": "1"}, {"NULL": True}])
def test_a_state_that_says_paused_in_its_own_way_is_paused(tables: DynamoDBClient, paused: dict[str, Any]) -> None:
    put(tables, CONTROL, pk={"S": "state#shop"}, paused=paused, evidence={"S": "?"})

    state = ProducerStates(tables, CONTROL).states(["shop"])["shop"]

    assert (state.paused, state.paused_by) == (True, "operator")


def test_counts_of_another_type_count_nothing(tables: DynamoDBClient) -> None:
    put(tables, CONTROL, pk={"S": "count#shop#2026-11-24T10"}, s30={"S": "x"}, b30={"N": "2"}, sources={"L": []})

    tally = SendingCounts(tables, CONTROL).read(["shop"], NOW)["shop"]

    assert [(counts.emails, counts.bounces) for counts in tally.timeline.values()] == [(0, 2)]


def test_a_quota_that_cannot_be_read_is_unknown(tables: DynamoDBClient) -> None:
    put(tables, CONTROL, pk={"S": "quota"}, checkedAt={"S": "noon"}, maxSendRate={"N": "14"})
    assert QuotaCache(tables, CONTROL).read_quota() is None


def test_a_bucket_written_by_hand_starts_again(tables: DynamoDBClient) -> None:
    put(tables, CONTROL, pk={"S": "pacer#all"}, emptyAt={"S": "now"})
    assert RateBucket(tables, CONTROL).advance("pacer#all", 1.0, floor=NOW, latest_start=NOW + 10).granted


@pytest.mark.parametrize("item", [{}, {"attempt": {"S": "x"}}, {"attempt": {"N": "1"}, "request": {"S": "x"}}])
def test_a_kept_request_that_cannot_be_read_is_none(tables: DynamoDBClient, item: dict[str, Any]) -> None:
    put(tables, "Pending", emailId={"S": "order-1"}, ttl={"N": str(NOW + 60)}, **item)
    assert PendingTable(tables, "Pending", FixedClock()).get("order-1") is None


def test_a_row_is_read_with_what_it_has() -> None:
    item = {"email": {"S": JOHN}, "source": {"S": "shop"}, "ttl": {"S": "x"}, "reason": {"S": "?"}}
    missing = {"suppressionType": "manual", "reason": "manual", "addedToSuppressionDate": "d"}

    read = read_row(item, Suppression, missing)

    assert (read.email, read.source, read.ttl, read.reason) == (JOHN, "shop", None, SuppressionReason.MANUAL)
