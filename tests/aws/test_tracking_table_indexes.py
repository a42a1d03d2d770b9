"""What the tracking table's indexes hold and answer, on moto with the projections that Terraform declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from sesmail_layer.aws.tracking_table import TrackingTable, read_record, write_record
from sesmail_layer.domain.record.soft_bounce_run import PastEmail, past_email
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, RecipientState, TrackingRecord, fold
from sesmail_layer.domain.ses.bounces import EFFECTS, BounceClass
from tools.bench.unit_meter import UnitMeter, metered
from tools.simulation.tables import tables

NAME = "sesmailengine"
TABLE = f"{NAME}-EmailTracking"
JOHN, JANE = "john@example.com", "jane@example.com"
AT = "2026-11-24T10:31:00.000Z"
BY_RECIPIENT, BY_SES_ID, BY_DAY, BY_ORIGINAL = (
    "to-email-timestamp-index",
    "ses-message-id-index",
    "date-partition-index",
    "original-email-id-index",
)
# The seed's queries, with the attributes that each answers with.
QUERIES = {
    BY_RECIPIENT: ("toEmail", JOHN),
    BY_SES_ID: ("sesMessageId", "ses-1"),
    BY_DAY: ("datePartition", AT[:10]),
    BY_ORIGINAL: ("originalEmailId", "email-1"),
}


@pytest.fixture
def moto() -> Iterator[tuple[Any, UnitMeter]]:
    with mock_aws(), metered(NAME) as meter:
        client = boto3.client("dynamodb", region_name="eu-west-1")
        client.create_table(**tables()["EmailTracking"].creation(TABLE))
        yield client, meter


@pytest.fixture
def table(moto: tuple[Any, UnitMeter]) -> TrackingTable:
    return TrackingTable(moto[0], TABLE)


def answers(client: Any, index: str) -> list[dict[str, Any]]:
    key, value = QUERIES[index]
    return list(
        client.query(
            TableName=TABLE,
            IndexName=index,
            KeyConditionExpression=f"{key} = :value",
            ExpressionAttributeValues={":value": {"S": value}},
        )["Items"]
    )


def a_record(*entries: Entry, number: int = 1, **given: Any) -> TrackingRecord:
    facts: dict[str, Any] = {
        "email_id": f"email-{number}",
        "to_email": JOHN,
        "status": Status.SENDING,
        "attempt": 1,
        "timestamp": f"2026-11-24T10:31:{number:02d}.000Z",
        "date_partition": "2026-11-24",
        "ttl": 1_800_000_000,
        "template_name": "welcome",
        "subject": "Welcome",
        "original_source": "shop.orders",
        "metadata": {"order": 7},
        "fingerprint": "0a" * 32,
    }
    return fold(TrackingRecord(**facts | given), entries)[0]


SENDING = Entry("mark/1/00001/sending", AT, status=Status.SENDING)
DEFERRED = Entry("mark/1/00001/deferred", AT, status=Status.DEFERRED, detail={"reason": "paused"})
FAILED = Entry("failed/1", AT, status=Status.FAILED, detail={"errorType": "expired"})


def sent(number: int = 1) -> Entry:
    return Entry("sent/1", AT, status=Status.SENT, detail={"sesMessageId": f"ses-{number}"})


def bounced(what: BounceClass = BounceClass.SOFT) -> Entry:
    status = Status.BOUNCED if what is BounceClass.HARD else Status.SOFT_BOUNCED
    return Entry(f"bounce/1/{JOHN}/{AT}/f-1", AT, status=status, recipient=JOHN, what=what.value)


# --- claims ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claim",
    [
        a_record(SENDING, lease_until=1.0),
        a_record(SENDING),
        a_record(SENDING, Entry("mark/2/00002/sending", AT, 2, Status.SENDING), original_email_id="email-1"),
        a_record(
            SENDING,
            Entry(f"failed/1/{JANE}", AT, status=Status.FAILED, recipient=JANE),
            recipients={JANE: RecipientState(status=Status.SENDING, type="cc")},
        ),
    ],
    ids=["under its lease", "released", "of a repeated attempt", "with a copy that is left out"],
)
def test_a_claim_is_in_no_index_and_is_read_whole(
    moto: tuple[Any, UnitMeter], table: TrackingTable, claim: TrackingRecord
) -> None:
    client, meter = moto
    assert table.create(claim) is None

    assert {index: answers(client, index) for index in QUERIES} == {index: [] for index in QUERIES}
    assert [write.index for write in meter.writes] == [""]
    assert table.get_many(["email-1"]) == {"email-1": claim}


@pytest.mark.parametrize("first", [sent(), DEFERRED, FAILED], ids=lambda entry: entry.status)
def test_the_first_status_to_look_for_brings_the_index_keys(
    moto: tuple[Any, UnitMeter], table: TrackingTable, first: Entry
) -> None:
    claim = a_record(SENDING, lease_until=1.0)
    table.create(claim)
    table.replace(fold(claim, [msgspec.structs.replace(first, at="2026-11-24T10:31:09.000Z")])[0])

    client = moto[0]
    for index in (BY_RECIPIENT, BY_DAY, *([BY_SES_ID] if first.status is Status.SENT else [])):
        assert [item["emailId"]["S"] for item in answers(client, index)] == ["email-1"]


def test_an_email_that_waited_stays_in_the_indexes_when_it_is_claimed(
    moto: tuple[Any, UnitMeter], table: TrackingTable
) -> None:
    """To leave an index and come back would be two writes."""
    waiting = a_record(DEFERRED)
    table.create(waiting)
    claimed, _ = fold(waiting, [Entry("mark/1/00002/sending", "2026-11-24T10:32:00.000Z", status=Status.SENDING)])
    table.replace(claimed)

    assert [item["status"]["S"] for item in answers(moto[0], BY_RECIPIENT)] == ["sending"]


def test_feedback_that_comes_before_the_sender_records_it_makes_the_record_whole(table: TrackingTable) -> None:
    """The processor reads the claim, folds SES's events into it, and stores the address with them."""
    table.create(a_record(SENDING, lease_until=1.0))
    [claim] = table.get_many(["email-1"]).values()
    delivered = Entry(f"delivered/1/{JOHN}/{AT}", AT, status=Status.DELIVERED, recipient=JOHN)
    table.replace(fold(claim, [sent(), delivered])[0])

    assert table.find_by_ses_message_id("ses-1") == "email-1"
    assert [email.status for email in table.latest_to(JOHN, 5)] == [Status.DELIVERED]


def test_a_claim_that_an_earlier_version_wrote_with_index_keys_is_read() -> None:
    item = write_record(a_record(SENDING, sent()))
    old = item | {"status": {"S": "sending"}, "history": {"L": []}}
    assert read_record(old).to_email == JOHN


# --- what is projected ------------------------------------------------------------------------------------------------


def test_the_seeds_queries_answer_with_their_attributes(moto: tuple[Any, UnitMeter], table: TrackingTable) -> None:
    table.create(a_record(SENDING, sent(), number=1, attempt=2, original_email_id="email-1"))
    facts = {"status", "templateName", "subject", "originalSource", "timestamp", "toEmail", "emailId", "sesMessageId"}
    found = {index: set(answers(moto[0], index)[0]) for index in QUERIES}

    assert found[BY_RECIPIENT] == facts | {"metadata", "attempt", "originalEmailId", "sentAt"}
    assert found[BY_SES_ID] == facts
    assert found[BY_DAY] == {"emailId", "datePartition", "timestamp"}
    assert found[BY_ORIGINAL] >= facts | {"attempt", "history"}


def test_an_opened_email_costs_nothing_on_its_day(moto: tuple[Any, UnitMeter], table: TrackingTable) -> None:
    record = a_record(SENDING, sent())
    table.create(record)
    moto[1].clear()
    table.replace(fold(record, [Entry("opened/1", AT, status=Status.OPENED)])[0])

    assert [write.index for write in moto[1].writes] == ["", BY_RECIPIENT, BY_SES_ID]


def test_records_are_found_by_ses_id(table: TrackingTable) -> None:
    for number in (1, 2):
        table.create(a_record(sent(number), number=number))

    assert table.find_by_ses_message_id("ses-2") == "email-2"
    assert table.find_by_ses_message_id("ses-9") is None


def test_the_latest_emails_to_an_address_come_newest_first(table: TrackingTable) -> None:
    for number in (1, 3, 2):
        table.create(a_record(sent(number), number=number))

    assert [email.email_id for email in table.latest_to(JOHN, 2)] == ["email-3", "email-2"]
    assert table.latest_to(JANE, 2) == []


@pytest.mark.parametrize("what", BounceClass)
def test_the_index_says_whether_an_email_counts_as_a_soft_bounce(table: TrackingTable, what: BounceClass) -> None:
    record = a_record(sent(), bounced(what))
    table.create(record)

    assert table.latest_to(JOHN, 1) == [past_email(record)]
    assert past_email(record).counts_as_soft_bounce is EFFECTS[what].counts_towards_soft_bounce_limit


def test_a_retry_that_arrives_counts_no_more(table: TrackingTable) -> None:
    record = a_record(sent(), bounced())
    table.create(record)
    delivered = Entry(f"delivered/2/{JOHN}/{AT}", AT, 2, Status.DELIVERED, recipient=JOHN)
    table.replace(fold(record, [delivered])[0])

    [email] = table.latest_to(JOHN, 1)
    assert (email.counts_as_soft_bounce, email.delivered_at) == (False, AT)


def test_an_adopted_index_with_all_attributes_is_read_by_the_records_history(moto: tuple[Any, UnitMeter]) -> None:
    """As an earlier version made it, with rows of that version and of the seed's product."""
    client, _ = moto
    creation = tables()["EmailTracking"].creation("adopted")
    for index in creation["GlobalSecondaryIndexes"]:
        index["Projection"] = {"ProjectionType": "ALL"}
    client.create_table(**creation)
    old = write_record(a_record(sent(), bounced(), number=2))
    old.pop("countsAsSoftBounce")
    seeds = {"emailId": "email-1", "toEmail": JOHN, "status": "soft_bounced", "timestamp": AT}
    for item in (old, {name: {"S": value} for name, value in seeds.items()}):
        client.put_item(TableName="adopted", Item=item)

    assert TrackingTable(client, "adopted").latest_to(JOHN, 5) == [
        PastEmail(
            email_id="email-2",
            timestamp="2026-11-24T10:31:02.000Z",
            status=Status.SOFT_BOUNCED,
            counts_as_soft_bounce=True,
        ),
        PastEmail(email_id="email-1", timestamp=AT, status=Status.SOFT_BOUNCED),
    ]


# --- first contacts ---------------------------------------------------------------------------------------------------


def test_a_first_contact_is_found_by_reading_one_key(moto: tuple[Any, UnitMeter], table: TrackingTable) -> None:
    _, meter = moto
    assert not table.has_sent_to(JOHN)
    assert meter.reads == {"EmailTracking": 0.5}


def test_a_known_recipient_of_many_emails_costs_no_more(moto: tuple[Any, UnitMeter], table: TrackingTable) -> None:
    client, meter = moto
    for number in range(60):
        client.put_item(TableName=TABLE, Item=write_record(a_record(sent(number), number=number, subject="x" * 4_000)))
    meter.clear()

    assert table.has_sent_to(JOHN)
    assert meter.reads["EmailTracking"] <= 1


@pytest.mark.parametrize(("waiting", "known"), [(1, True), (24, True), (25, False), (40, False)])
def test_emails_that_were_not_sent_are_looked_past_within_a_bound(
    moto: tuple[Any, UnitMeter], table: TrackingTable, waiting: int, known: bool
) -> None:
    client, meter = moto
    records = [a_record(sent(), number=1), *(a_record(DEFERRED, number=number + 2) for number in range(waiting))]
    for record in records:
        client.put_item(TableName=TABLE, Item=write_record(record))
    meter.clear()

    assert table.has_sent_to(JOHN) is known
    assert meter.reads["EmailTracking"] <= 2


def test_an_email_that_failed_before_ses_is_no_contact(table: TrackingTable) -> None:
    table.create(a_record(FAILED))
    assert not table.has_sent_to(JOHN)


# --- size -----------------------------------------------------------------------------------------------------------


def test_a_fingerprint_is_stored_in_fewer_digits_and_read_as_it_was() -> None:
    """As text: readers print a record as JSON, which has no bytes."""
    record = a_record(sent())
    assert write_record(record)["fingerprint"] == {"S": "CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo"}
    assert "'B'" not in str(write_record(record))
    assert read_record(write_record(record)) == record
    for other in ("", "abc", "0A" * 32):
        odd = msgspec.structs.replace(record, fingerprint=other)
        assert read_record(write_record(odd)) == odd


def test_a_lease_that_has_ended_takes_no_space() -> None:
    assert "leaseUntil" not in write_record(a_record(sent(), lease_until=0.0))
    assert read_record(write_record(a_record(SENDING, lease_until=7.5))).lease_until == 7.5
