"""The local cloud evaluates the conditions of the unsubscribe page's role, as AWS does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.clients import client
from localcloud.emulator import Emulator

TABLE, BUS, USER = "conditions", "conditions-bus", "conditions"
SOURCE, LEFT, BACK = "the.engine", "Email Unsubscribed", "Email Resubscribed"
TOPIC_KEYS = {
    "Effect": "Allow",
    "Action": ["dynamodb:PutItem", "dynamodb:DeleteItem"],
    "Resource": "*",
    "Condition": {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*@*#*"]},
        "Null": {"dynamodb:LeadingKeys": ["false"]},
    },
}
CHOICES = {
    "Effect": "Allow",
    "Action": "events:PutEvents",
    "Resource": "*",
    "Condition": {
        "ForAllValues:StringEquals": {"events:source": [SOURCE], "events:detail-type": [LEFT, BACK]},
        "Null": {"events:source": ["false"], "events:detail-type": ["false"]},
    },
}


@pytest.fixture(scope="module")
def credentials(plain_emulator: Emulator) -> Iterator[dict[str, str]]:
    """A user who has the page's two rights to write, and no others."""
    iam, dynamodb = client(plain_emulator, "iam"), client(plain_emulator, "dynamodb")
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "email", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "email", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client(plain_emulator, "events").create_event_bus(Name=BUS)
    iam.create_user(UserName=USER)
    iam.put_user_policy(UserName=USER, PolicyName=USER, PolicyDocument=json.dumps({"Statement": [TOPIC_KEYS, CHOICES]}))
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    yield {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    plain_emulator.request("DELETE", "_sesmail/denials")


def put(emulator: Emulator, credentials: dict[str, str], *entries: tuple[str, str]) -> Any:
    events = client(emulator, "events", credentials=credentials)
    return events.put_events(
        Entries=[
            {"EventBusName": BUS, "Source": source, "DetailType": detail_type, "Detail": "{}"}
            for source, detail_type in entries
        ]
    )


def test_the_entry_of_a_topic_is_written_and_deleted(plain_emulator: Emulator, credentials: dict[str, str]) -> None:
    key = {"email": {"S": "ada@example.com#weekly-digest"}}
    dynamodb = client(plain_emulator, "dynamodb", credentials=credentials)
    dynamodb.put_item(TableName=TABLE, Item={"reason": {"S": "unsubscribe"}, **key})
    assert client(plain_emulator, "dynamodb").get_item(TableName=TABLE, Key=key)["Item"]
    dynamodb.delete_item(TableName=TABLE, Key=key)
    assert "Item" not in client(plain_emulator, "dynamodb").get_item(TableName=TABLE, Key=key)


@pytest.mark.parametrize("key", ["ada@example.com", "sha256:4f2a", "a#b@example.com"])
def test_the_entry_of_an_address_is_neither_written_nor_deleted(
    plain_emulator: Emulator, credentials: dict[str, str], key: str
) -> None:
    dynamodb = client(plain_emulator, "dynamodb", credentials=credentials)
    # A '#' in another attribute is no topic.
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.put_item(TableName=TABLE, Item={"email": {"S": key}, "topic": {"S": "ada@example.com#x"}})
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.delete_item(TableName=TABLE, Key={"email": {"S": key}})


def test_a_recipient_s_choice_is_published(plain_emulator: Emulator, credentials: dict[str, str]) -> None:
    for entries in ([(SOURCE, LEFT)], [(SOURCE, LEFT), (SOURCE, BACK)]):
        assert put(plain_emulator, credentials, *entries)["FailedEntryCount"] == 0


@pytest.mark.parametrize(
    "entries",
    [
        [("shop.orders", "Email Request")],
        [(SOURCE, "Email Request")],
        [("shop.orders", LEFT)],
        [(SOURCE, LEFT), ("shop.orders", "Email Request")],
    ],
)
def test_nothing_else_is_published(
    plain_emulator: Emulator, credentials: dict[str, str], entries: list[tuple[str, str]]
) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        put(plain_emulator, credentials, *entries)
