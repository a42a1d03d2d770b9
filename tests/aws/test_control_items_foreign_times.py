"""Times in the control table that the engine cannot have written: none of them stops or hastens mail for ever."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sesmail_layer.aws.feedback_progress import FeedbackProgress, OutstandingNotes
from sesmail_layer.aws.quota_cache import QuotaCache
from sesmail_layer.aws.rate_bucket import RateBucket
from tests.aws.conftest import CONTROL, NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FOREIGN: list[dict[str, Any]] = [
    {"S": "2026-11-24T10:31:00Z"},
    {"NULL": True},
    {"BOOL": True},
    {"M": {}},
    {"L": []},
    {"N": str(NOW * 1000)},
]


class Topic:
    def __init__(self) -> None:
        self.messages: list[Any] = []

    def publish(self, *, Message: str, **_: str) -> None:
        self.messages.append(json.loads(Message))


def put(control: DynamoDBClient, key: str, **attributes: Any) -> None:
    control.put_item(TableName=CONTROL, Item={"pk": {"S": key}, **attributes})


@pytest.mark.parametrize("value", FOREIGN)
def test_a_foreign_watermark_settles_no_claim_and_is_replaced_by_the_next_probe(
    control: DynamoDBClient, value: dict[str, Any]
) -> None:
    topic = Topic()
    progress = FeedbackProgress(control, CONTROL, topic, "arn:topic")  # type: ignore[arg-type]
    put(control, "watermark", handledUntil=value, probeUntil=value)

    assert progress.read(NOW - 600, NOW).handled_until == 0
    progress.send_probe(NOW)
    progress.send_probe(NOW + 1)
    assert len(topic.messages) == 1
    OutstandingNotes(control, CONTROL).advance(NOW)
    OutstandingNotes(control, CONTROL).advance(NOW - 50)
    assert progress.read(NOW - 600, NOW).handled_until == NOW


@pytest.mark.parametrize("value", FOREIGN)
def test_a_foreign_note_is_no_error(control: DynamoDBClient, value: dict[str, Any]) -> None:
    progress = FeedbackProgress(control, CONTROL, Topic, "arn:topic")  # type: ignore[arg-type]
    for shard in range(4):
        put(control, f"outstanding#{int(NOW) // 300}#{shard}", **{"m-foreign": value, "ttl": value})
    OutstandingNotes(control, CONTROL).note({"own": NOW - 1})
    assert NOW - 1 in progress.read(NOW - 200, NOW).outstanding


@pytest.mark.parametrize("value", FOREIGN)
def test_a_foreign_lease_of_the_quota_is_none(control: DynamoDBClient, value: dict[str, Any]) -> None:
    put(control, "quota", leaseUntil=value)
    cache = QuotaCache(control, CONTROL)
    assert cache.take_quota_lease(NOW, 15)
    assert not cache.take_quota_lease(NOW + 1, 15)


@pytest.mark.parametrize("value", FOREIGN)
def test_a_foreign_rate_bucket_is_full(control: DynamoDBClient, value: dict[str, Any]) -> None:
    put(control, "pacer#all", emptyAt=value)
    bucket = RateBucket(control, CONTROL)
    given = [bucket.advance("pacer#all", 1, floor=NOW - 1, latest_start=NOW + 30) for _ in range(2)]
    assert [(one.granted, one.empty_at) for one in given] == [(True, NOW - 1), (True, NOW)]
