"""Paging through the tracking table's indexes on moto, and what a page costs in read units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sesmail_layer.aws.tracking_search import TrackingSearch
from sesmail_layer.aws.tracking_table import TrackingTable, write_record
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.usecases.find import Criteria, find
from tools.bench.unit_meter import UnitMeter, metered
from tools.simulation.tables import tables

NAME = "sesmailengine"
TABLE = f"{NAME}-EmailTracking"
ADA = "ada@example.com"
AT = "2026-11-24T10:31:00.000Z"
FIRST, LAST = "2026-11-20T00:00:00.000Z", "2026-11-25T00:00:00.000Z"


@pytest.fixture
def moto() -> Iterator[tuple[Any, UnitMeter]]:
    with mock_aws(), metered(NAME) as meter:
        client = boto3.client("dynamodb", region_name="eu-west-1")
        client.create_table(**tables()["EmailTracking"].creation(TABLE))
        yield client, meter


def put(client: Any, number: int, **given: Any) -> None:
    facts: dict[str, Any] = {
        "email_id": f"email-{number:03d}",
        "status": Status.DELIVERED,
        "attempt": 1,
        "timestamp": AT,
        "date_partition": AT[:10],
        "ttl": 1_800_000_000,
        "to_email": ADA,
        "original_source": "shop",
    }
    client.put_item(TableName=TABLE, Item=write_record(TrackingRecord(**facts | given)))


def ids(client: Any, criteria: Criteria, limit: int) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = find(TrackingSearch(client, TABLE), TrackingTable(client, TABLE), criteria, limit=limit, cursor=cursor)
        found += [record.email_id for record in page.records]
        if not (cursor := page.cursor):
            return found


@pytest.mark.parametrize("to", [ADA, None])
def test_pages_of_emails_of_one_millisecond_are_together_the_whole_without_repetition(
    moto: tuple[Any, UnitMeter], to: str | None
) -> None:
    for number in range(25):
        put(moto[0], number)
    found = ids(moto[0], Criteria(since=FIRST, until=LAST, to=to), 4)

    assert len(found) == 25
    assert set(found) == {f"email-{number:03d}" for number in range(25)}


def test_rows_of_another_program_are_found_and_stop_no_search(moto: tuple[Any, UnitMeter]) -> None:
    put(moto[0], 1)
    odd = {"emailId": {"S": "odd"}, "toEmail": {"S": ADA}, "timestamp": {"S": AT}, "datePartition": {"S": AT[:10]}}
    moto[0].put_item(TableName=TABLE, Item=odd | {"status": {"N": "7"}, "subject": {"L": []}, "attempt": {"S": "x"}})
    moto[0].put_item(TableName=TABLE, Item={"emailId": {"S": "bare"}})

    assert set(ids(moto[0], Criteria(since=FIRST, until=LAST), 1)) == {"odd", "email-001"}
    assert set(ids(moto[0], Criteria(since=FIRST, until=LAST, to=ADA), 1)) == {"odd", "email-001"}


@pytest.mark.parametrize(
    ("criteria", "units"),
    [
        (Criteria(since=FIRST, until=LAST), 51),
        (Criteria(since=FIRST, until=LAST, to=ADA), 51),
        (Criteria(since=FIRST, until=LAST, producer="nothing"), 305.5),
        (Criteria(since=FIRST, until=LAST, tag="nothing"), 305.5),
        (Criteria(since=FIRST, until=LAST, ses_id="ses-7"), 1.5),
    ],
    ids=["newest", "address", "rare", "rare tag", "ses id"],
)
def test_a_page_of_50_of_300_emails_costs_the_read_units_that_the_docs_say(
    moto: tuple[Any, UnitMeter], criteria: Criteria, units: float
) -> None:
    for number in range(300):
        put(moto[0], number, ses_message_id=f"ses-{number}")
    moto[1].clear()
    find(TrackingSearch(moto[0], TABLE), TrackingTable(moto[0], TABLE), criteria, limit=50)

    assert sum(moto[1].reads.values()) == units
