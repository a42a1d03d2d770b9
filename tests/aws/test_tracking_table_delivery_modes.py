"""Emails that a delivery mode sank or redirected say nothing of their address, also through the index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sesmail_layer.aws.tracking_table import TrackingTable, read_record, write_record
from sesmail_layer.domain.record.soft_bounce_run import past_email
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import REDIRECTED_TO, SINK, Entry, TrackingRecord, fold
from tools.simulation.tables import tables

JOHN, AT = "john@example.com", "2026-11-24T10:31:00.000Z"
SENT = Entry("sent/1", AT, 1, Status.SENT, detail={"sesMessageId": "sink-email-1-1"})
DELIVERED = Entry(f"delivered/1/{JOHN}/{AT}", AT, 1, Status.DELIVERED, recipient=JOHN)


def record_of(detail: dict[str, Any], *entries: Entry) -> TrackingRecord:
    claim = Entry("mark/1/00001/sending", AT, 1, Status.SENDING, detail=detail)
    record = TrackingRecord(
        email_id="email-1",
        status=Status.SENDING,
        attempt=1,
        timestamp=AT,
        date_partition=AT[:10],
        ttl=1,
        to_email=JOHN,
        fingerprint="0" * 64,
    )
    return fold(record, [claim, *entries])[0]


@pytest.fixture
def table() -> Iterator[TrackingTable]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        client.create_table(**tables()["EmailTracking"].creation("tracking"))
        yield TrackingTable(client, "tracking")


@pytest.mark.parametrize("detail", [{SINK: True}, {REDIRECTED_TO: "team@example.org"}], ids=["sunk", "redirected"])
def test_the_index_tells_a_diverted_email_from_others(table: TrackingTable, detail: dict[str, Any]) -> None:
    record = record_of(detail, SENT, DELIVERED)
    table.create(record)

    assert not table.has_sent_to(JOHN)
    [email] = table.latest_to(JOHN, 5)
    assert email == past_email(record)
    assert email.diverted


def test_the_index_says_nothing_more_of_an_email_of_live_mode(table: TrackingTable) -> None:
    record = record_of({}, SENT, DELIVERED)
    table.create(record)

    assert table.has_sent_to(JOHN)
    assert not table.latest_to(JOHN, 5)[0].diverted
    assert not {"countsAsSoftBounce", "sink", "redirectedTo", "deliveryMode"} & set(write_record(record))


@pytest.mark.parametrize("detail", [{SINK: True}, {REDIRECTED_TO: "team@example.org"}, {}])
def test_a_record_is_read_as_it_was_written(detail: dict[str, Any]) -> None:
    record = record_of(detail, SENT, DELIVERED)

    assert read_record(write_record(record)) == record
    assert (record.sink, record.redirected_to) == (detail.get(SINK, False), detail.get(REDIRECTED_TO))
