"""The engine's own queues: delays within SQS's limits, and depths that count every message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber
from moto import mock_aws

from sesmail_layer.aws.queues import DelayQueue, FeedbackBacklog
from sesmail_layer.domain.errors import TransientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

ACCEPTED: Any = {"Successful": [], "Failed": []}
URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/sesmailengine-RetryQueue"


@pytest.fixture
def client() -> Iterator[SQSClient]:
    with mock_aws():
        yield boto3.client("sqs")


def delay_queue(client: SQSClient, url: str = URL) -> DelayQueue:
    return DelayQueue(client, url, failure="Failed to put it there", code="QUE999")


@pytest.mark.parametrize(
    ("asked", "delay"),
    [(0, 0), (-5, 0), (0.001, 1), (1, 1), (1.2, 2), (59.999, 60), (900, 900), (900.5, 900), (86_400, 900), (1e12, 900)],
)
def test_a_delay_is_in_whole_seconds_and_at_most_sqs_s_limit(client: SQSClient, asked: float, delay: int) -> None:
    with Stubber(client) as stub:
        entry = {"Id": "0", "MessageBody": "{}", "DelaySeconds": delay}
        stub.add_response("send_message_batch", ACCEPTED, {"QueueUrl": URL, "Entries": [entry]})
        delay_queue(client).put("{}", asked)
        stub.assert_no_pending_responses()


def test_a_message_is_received_as_it_was_put(client: SQSClient) -> None:
    url = client.create_queue(QueueName="retry")["QueueUrl"]
    body = '{"detail": {"subject": "Grüße 😀"}}'
    delay_queue(client, url).put(body, 0)
    [message] = client.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == body


def test_many_messages_take_a_call_for_every_ten(client: SQSClient) -> None:
    url = client.create_queue(QueueName="retry")["QueueUrl"]
    calls: list[int] = []
    client.meta.events.register("before-call.sqs", lambda params, **_: calls.append(len(params["body"])))
    assert delay_queue(client, url).put_all([(f'{{"n": {n}}}', 0) for n in range(23)]) == {}
    received: set[str] = set()
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        received |= {message["Body"] for message in messages}
    assert received == {f'{{"n": {n}}}' for n in range(23)}
    assert len(calls) - 4 == 3, "three batches, and the receives"


def test_a_call_never_carries_more_than_sqs_takes_in_one(client: SQSClient) -> None:
    """Bytes, not characters: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html"""
    url = client.create_queue(QueueName="retry")["QueueUrl"]
    bodies = ["é" * 60_000, "x" * 142_144, "y", "z" * 262_144, "1"]
    assert delay_queue(client, url).put_all([(body, 0) for body in bodies]) == {}


def test_each_message_that_is_refused_is_named_and_the_others_are_put(client: SQSClient) -> None:
    refused: Any = {"Successful": [], "Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": False}]}
    with Stubber(client) as stub:
        stub.add_response("send_message_batch", refused)
        stub.add_client_error("send_message_batch", "ServiceUnavailable")
        errors = delay_queue(client).put_all([("{}", 0)] * 12)
    assert {index: str(err) for index, err in errors.items()} == {
        1: "Failed to put it there: InternalError",
        10: "Failed to put it there: ClientError",
        11: "Failed to put it there: ClientError",
    }


def fail_with_no_connection(monkeypatch: pytest.MonkeyPatch, client: SQSClient, method: str) -> None:
    def fail(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url=URL)

    monkeypatch.setattr(client, method, fail)


def test_a_queue_that_cannot_be_written_is_an_error_with_the_queues_own_code(
    client: SQSClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("send_message_batch", "AWS.SimpleQueueService.NonExistentQueue")
        with pytest.raises(TransientError, match=r"^Failed to put it there: ") as caught:
            delay_queue(client).put("private", 5)
    assert caught.value.code == "QUE999"
    assert "private" not in caught.value.message
    fail_with_no_connection(monkeypatch, client, "send_message_batch")
    with pytest.raises(TransientError, match=r"^Failed to put it there: EndpointConnectionError$"):
        delay_queue(client).put("{}", 5)


def depths(client: SQSClient, *queues: tuple[int, int, int]) -> bool:
    """Asks for the backlog of queues with so many messages visible, in flight and delayed."""
    names = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )
    with Stubber(client) as stub:
        for number, counts in enumerate(queues):
            attributes: Any = dict(zip(names, map(str, counts), strict=True))
            expected = {"QueueUrl": f"{URL}{number}", "AttributeNames": ANY}
            stub.add_response("get_queue_attributes", {"Attributes": attributes}, expected)
        return FeedbackBacklog(client, [f"{URL}{number}" for number in range(len(queues))]).is_empty()


@pytest.mark.parametrize("counts", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (3, 2, 1)])
@pytest.mark.parametrize("place", [0, 1])
def test_a_message_in_any_state_is_a_backlog(client: SQSClient, counts: tuple[int, int, int], place: int) -> None:
    queues = [(0, 0, 0), (0, 0, 0)]
    queues[place] = counts
    assert depths(client, *queues[: place + 1]) is False


def test_no_message_in_either_queue_is_an_empty_backlog(client: SQSClient) -> None:
    assert depths(client, (0, 0, 0), (0, 0, 0)) is True


def test_the_backlog_of_real_queues(client: SQSClient) -> None:
    urls = [client.create_queue(QueueName=name)["QueueUrl"] for name in ("feedback", "dlq")]
    backlog = FeedbackBacklog(client, urls)
    assert backlog.is_empty()
    client.send_message(QueueUrl=urls[1], MessageBody="x")
    assert not backlog.is_empty()
    client.receive_message(QueueUrl=urls[1], VisibilityTimeout=30)
    assert not backlog.is_empty(), "in flight, and not read to its end"


def test_an_unreadable_depth_is_an_error(client: SQSClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("get_queue_attributes", "AccessDenied")
        with pytest.raises(TransientError, match=r"^SQS error reading queue depth: ") as caught:
            FeedbackBacklog(client, [URL]).is_empty()
    assert caught.value.code == "AWS005"
    fail_with_no_connection(monkeypatch, client, "get_queue_attributes")
    with pytest.raises(TransientError):
        FeedbackBacklog(client, [URL]).is_empty()
