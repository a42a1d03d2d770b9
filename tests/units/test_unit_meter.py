"""The meter sees every call of the engine's clients, and counts what AWS would bill for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tools.bench.unit_meter import UnitMeter, Write, metered
from tools.simulation.tables import tables

NAME = "sesmailengine"
PENDING, SUPPRESSION = f"{NAME}-Pending", f"{NAME}-Suppression"
KEY = {"emailId": {"S": "email-1"}}


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, UnitMeter]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws(), metered(NAME) as meter:
        client = boto3.client("dynamodb", region_name="eu-west-1")
        for name in ("Pending", "Suppression"):
            client.create_table(**tables()[name].creation(f"{NAME}-{name}"))
        yield client, meter


def kept(size: int) -> dict[str, Any]:
    return {**KEY, "request": {"B": b"x" * size}}


def test_puts_updates_and_deletions_cost_by_size(moto: tuple[Any, UnitMeter]) -> None:
    client, meter = moto
    client.put_item(TableName=PENDING, Item=kept(2000))
    client.update_item(
        TableName=PENDING,
        Key=KEY,
        UpdateExpression="SET #request = :small",
        ExpressionAttributeNames={"#request": "request"},
        ExpressionAttributeValues={":small": {"B": b"x"}},
    )
    client.delete_item(TableName=PENDING, Key=KEY)
    client.delete_item(TableName=PENDING, Key=KEY)

    assert meter.writes == [Write("Pending", "", "email-1", units) for units in (2, 2, 1, 1)]


def test_each_write_of_a_batch_costs_by_itself(moto: tuple[Any, UnitMeter]) -> None:
    client, meter = moto
    other = {"emailId": {"S": "email-2"}}
    client.put_item(TableName=PENDING, Item=kept(2000))
    meter.clear()
    requests = [{"DeleteRequest": {"Key": KEY}}, {"PutRequest": {"Item": {**other, "request": {"B": b"x"}}}}]
    client.batch_write_item(RequestItems={PENDING: requests})

    assert meter.writes == [Write("Pending", "", "email-1", 2), Write("Pending", "", "email-2", 1)]


def test_a_failed_condition_costs_the_tables_write_and_no_index(moto: tuple[Any, UnitMeter]) -> None:
    client, meter = moto
    entry = {"email": {"S": "a@b.example"}, "suppressionType": {"S": "bounce"}, "addedToSuppressionDate": {"S": "1"}}
    put = {"TableName": SUPPRESSION, "Item": {**entry, "diagnosticCode": {"S": "x" * 1500}}}
    client.put_item(**put)
    with pytest.raises(ClientError, match="ConditionalCheckFailedException"):
        client.put_item(**put, ConditionExpression="attribute_not_exists(email)")

    table, index = Write("Suppression", "", "a@b.example", 2), "suppression-type-date-index"
    assert meter.writes == [table, Write("Suppression", index, "bounce", 2), table]


def test_a_filter_does_not_make_a_query_cheaper(moto: tuple[Any, UnitMeter]) -> None:
    client, meter = moto
    for number in range(3):
        item = {"email": f"{number}@b.example", "suppressionType": "bounce", "addedToSuppressionDate": "1"}
        text = {"diagnosticCode": {"S": "x" * 4000}}
        client.put_item(TableName=SUPPRESSION, Item={name: {"S": value} for name, value in item.items()} | text)
    client.query(
        TableName=SUPPRESSION,
        IndexName="suppression-type-date-index",
        KeyConditionExpression="suppressionType = :type",
        FilterExpression="email = :email",
        ProjectionExpression="email",
        ExpressionAttributeValues={":type": {"S": "bounce"}, ":email": {"S": "1@b.example"}},
    )

    assert meter.reads == {"Suppression": 1.5}


def test_reads_by_key_cost_each_by_itself(moto: tuple[Any, UnitMeter]) -> None:
    client, meter = moto
    client.put_item(TableName=PENDING, Item=kept(5000))
    client.get_item(TableName=PENDING, Key=KEY, ConsistentRead=True)
    assert meter.reads == {"Pending": 2}
    meter.clear()

    keys = [KEY, {"emailId": {"S": "missing"}}]
    client.batch_get_item(RequestItems={PENDING: {"Keys": keys, "ConsistentRead": True}})
    assert meter.reads == {"Pending": 3}
    meter.clear()

    client.get_item(TableName=PENDING, Key={"emailId": {"S": "missing"}})
    assert meter.reads == {"Pending": 0.5}


def test_what_it_cannot_count_is_an_error(moto: tuple[Any, UnitMeter]) -> None:
    client, _ = moto
    with pytest.raises(ValueError, match="TransactWriteItems is not among"):
        client.transact_write_items(TransactItems=[{"Delete": {"TableName": PENDING, "Key": KEY}}])
