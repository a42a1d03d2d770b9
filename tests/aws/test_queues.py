"""The engine's own queues: delays within SQS's limits, and as few calls as SQS allows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from moto import mock_aws

from sesmail_layer.aws.queues import DeadLetterQueues, DelayQueue
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.runtime.parallel import run_all

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


def test_a_queue_takes_a_message_of_its_size_in_bytes_and_no_more(client: SQSClient) -> None:
    url = client.create_queue(QueueName="retry", Attributes={"MaximumMessageSize": "262144"})["QueueUrl"]
    delay_queue(client, url).put("ü" * 131_072, 0)
    with pytest.raises(TransientError, match="Failed to put it there") as caught:
        delay_queue(client, url).put("ü" * 131_072 + "x", 0)
    assert caught.value.code == "QUE999"


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


def test_many_messages_are_put_all_at_once(client: SQSClient, monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(5, timeout=10)
    monkeypatch.setattr(client, "send_message_batch", lambda **_: {"Failed": []} if together.wait() >= 0 else {})
    queue = DelayQueue(client, URL, failure="Failed", code="QUE999", run_all=run_all)
    assert queue.put_all([("{}", 5)] * 50) == {}


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


# --- dead letters ---------------------------------------------------------------------------------------------------


def dead_letters(client: SQSClient, *queues: str) -> DeadLetterQueues:
    urls = {queue: client.create_queue(QueueName=f"{queue}DLQ")["QueueUrl"] for queue in queues}
    return DeadLetterQueues(client, urls)


def received(client: SQSClient, queue: str) -> list[Any]:
    url = client.get_queue_url(QueueName=queue)["QueueUrl"]
    answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return list(answer.get("Messages", []))


def test_a_dead_letter_has_its_body_its_reason_and_when_it_was_sent(client: SQSClient) -> None:
    message = QueueMessage("m", "hello", sent_at=1_795_000_000.5, queue="Email")

    assert dead_letters(client, "Email").put_all([(message, "no JSON")]) == {}

    [letter] = received(client, "EmailDLQ")
    assert letter["Body"] == "hello"
    assert {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()} == {
        "Reason": "no JSON",
        "SentAt": "2026-11-18T11:06:40.500Z",
    }


def test_each_dead_letter_goes_to_the_queue_of_its_own(client: SQSClient) -> None:
    letters = [(QueueMessage("a", "1", queue="Email"), "x"), (QueueMessage("b", "2", queue="Retry"), "x")]

    dead_letters(client, "Email", "Retry").put_all(letters)

    assert [letter["Body"] for queue in ("EmailDLQ", "RetryDLQ") for letter in received(client, queue)] == ["1", "2"]


def test_a_message_of_an_unknown_queue_is_an_error_and_the_others_go(client: SQSClient) -> None:
    letters = [(QueueMessage("a", "1", queue="Nowhere"), "x"), (QueueMessage("b", "2", queue="Email"), "x")]

    errors = dead_letters(client, "Email").put_all(letters)

    assert {index: (err.code, err.message) for index, err in errors.items()} == {
        0: ("QUE004", "Failed to put the message on its dead-letter queue: its queue is not known")
    }
    assert [letter["Body"] for letter in received(client, "EmailDLQ")] == ["2"]


def test_a_reason_is_cut_and_has_only_what_an_attribute_may_hold(client: SQSClient) -> None:
    reason = "\x00\ud800" + "x" * 1_000

    assert dead_letters(client, "Email").put_all([(QueueMessage("a", "1", queue="Email"), reason)]) == {}

    [letter] = received(client, "EmailDLQ")
    assert letter["MessageAttributes"]["Reason"]["StringValue"] == "x" * 300


def test_dead_letters_are_put_ten_a_call_within_the_bytes_of_a_call(client: SQSClient) -> None:
    letters = [(QueueMessage(str(n), "x" * 60_000, queue="Email"), "y" * 300) for n in range(12)]

    assert dead_letters(client, "Email").put_all(letters) == {}

    assert len(received(client, "EmailDLQ")) + len(received(client, "EmailDLQ")) == 12
