"""The watermark's items on moto: notes by slot and shard, one probe in 30 s."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from sesmail_layer.aws.feedback_progress import FeedbackProgress, OutstandingNotes
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.ses.watermark import PROBE
from tools.simulation.fakes import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "mail-Control"


class Topic:
    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []
        self.fails = False

    def publish(self, **given: Any) -> None:
        if self.fails:
            raise EndpointConnectionError(endpoint_url="https://sns")
        self.published.append(given)


@pytest.fixture
def client() -> Iterator[DynamoDBClient]:
    with mock_aws():
        made = boto3.client("dynamodb")
        made.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield made


@pytest.fixture
def topic() -> Topic:
    return Topic()


@pytest.fixture
def notes(client: DynamoDBClient) -> OutstandingNotes:
    return OutstandingNotes(client, TABLE)


@pytest.fixture
def progress(client: DynamoDBClient, topic: Topic) -> FeedbackProgress:
    return FeedbackProgress(client, TABLE, topic, "arn:topic")  # type: ignore[arg-type]


def outstanding(progress: FeedbackProgress, since: float) -> list[float]:
    return sorted(progress.read(since, NOW).outstanding)


def test_notes_are_read_from_the_slot_of_the_claim_on_and_struck_out_one_by_one(
    notes: OutstandingNotes, progress: FeedbackProgress
) -> None:
    made = {f"m-{n:02}": NOW - 30 * n for n in range(60)}
    notes.note(made)
    assert outstanding(progress, NOW - 1800) == sorted(made.values())
    assert set(outstanding(progress, NOW - 400)) >= {sent for sent in made.values() if sent >= NOW - 400}
    assert len(outstanding(progress, NOW - 400)) < 30

    notes.strike({"m-03": made.pop("m-03")})
    assert outstanding(progress, NOW - 1800) == sorted(made.values())
    notes.strike(made)
    assert outstanding(progress, NOW - 1800) == []


def test_a_note_made_twice_is_one(notes: OutstandingNotes, progress: FeedbackProgress) -> None:
    notes.note({"a": NOW - 5})
    notes.note({"a": NOW - 5})
    assert outstanding(progress, NOW - 60) == [NOW - 5]
    notes.strike({"a": NOW - 5})
    notes.strike({"a": NOW - 5, "never": NOW - 4})
    assert outstanding(progress, NOW - 60) == []


def test_an_old_claim_reads_a_day_of_notes_at_most(progress: FeedbackProgress, client: DynamoDBClient) -> None:
    calls: list[int] = []
    client.meta.events.register("before-call.dynamodb", lambda **_: calls.append(1))
    progress.read(0, NOW)
    assert len(calls) <= 12


def test_the_watermark_moves_forwards_only(notes: OutstandingNotes, progress: FeedbackProgress) -> None:
    assert progress.read(NOW, NOW).handled_until == 0
    for sent_at in (NOW - 10, NOW, NOW - 5):
        notes.advance(sent_at)
    assert progress.read(NOW, NOW).handled_until == NOW


def test_all_workers_together_send_one_probe_in_thirty_seconds(
    client: DynamoDBClient, topic: Topic, progress: FeedbackProgress
) -> None:
    other = FeedbackProgress(client, TABLE, topic, "arn:topic")  # type: ignore[arg-type]
    for second in (0, 10, 29.9, 30, 45, 60):
        progress.send_probe(NOW + second)
        other.send_probe(NOW + second)

    assert {given["TopicArn"] for given in topic.published} == {"arn:topic"}
    assert [json.loads(given["Message"])[PROBE] for given in topic.published] == [NOW, NOW + 30, NOW + 60]


def test_a_topic_that_cannot_be_reached_is_an_error(topic: Topic, progress: FeedbackProgress) -> None:
    topic.fails = True
    with pytest.raises(TransientError, match=r"^SNS error sending a probe: EndpointConnectionError$") as caught:
        progress.send_probe(NOW)
    assert caught.value.code == "AWS005"


def test_a_table_that_cannot_be_reached_is_an_error() -> None:
    with mock_aws():
        absent = boto3.client("dynamodb")
        with pytest.raises(TransientError):
            OutstandingNotes(absent, "none").note({"a": NOW})
        with pytest.raises(TransientError):
            OutstandingNotes(absent, "none").advance(NOW)
