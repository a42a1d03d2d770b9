"""`StatusWebhook`: what is accepted is gone, what is not comes back later, and nothing is lost in between."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from mypy_boto3_sqs import SQSClient
from standardwebhooks.webhooks import Webhook

from sesmail_webhook.delivery import JITTER, StatusWebhook, delay_seconds
from sesmail_webhook.settings import Settings
from sesmail_webhook.signing import SecretError
from tests.webhook.receiver import DRIPPING, DRIPPING_HEADERS, SILENT, Call, Receiver, receiving

SIGNER = Webhook(b"s" * 32)
MAX_TRIES = 3


@pytest.fixture
def sqs() -> SQSClient:
    return boto3.client("sqs")


@pytest.fixture
def queue_url(sqs: SQSClient) -> str:
    return sqs.create_queue(QueueName="hook", Attributes={"VisibilityTimeout": "270"})["QueueUrl"]


def settings(url: str, queue_url: str) -> Settings:
    return Settings(url=url, queue_url=queue_url, secret_arn="arn", max_tries=MAX_TRIES, allow_private_addresses=True)


def webhook(receiver: Receiver, sqs: SQSClient, queue_url: str, seconds: float = 5) -> StatusWebhook:
    return StatusWebhook(settings(f"{receiver.url}/hook?token=secret", queue_url), lambda: [SIGNER], sqs, seconds)


def status_event(number: int) -> str:
    return json.dumps({"id": f"bridge-{number}", "detail": {"eventId": f"event-{number}", "toEmail": "a@example.com"}})


def received(sqs: SQSClient, queue_url: str, bodies: Sequence[str], tries: int = 1) -> dict[str, Any]:
    """Put bodies on the queue and receive them, as Lambda's poller does."""
    for body in bodies:
        sqs.send_message(QueueUrl=queue_url, MessageBody=body)
    found = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)["Messages"]
    records = [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": {"ApproximateReceiveCount": str(tries)},
        }
        for message in found
    ]
    return {"Records": records}


def hidden_seconds(sqs: SQSClient, queue_url: str) -> dict[str, float]:
    """Seconds until a message is received again, by its body."""
    from moto.sqs.models import sqs_backends

    stored = sqs_backends["123456789012"]["eu-west-1"].queues[queue_url.rpartition("/")[2]]._messages
    return {message.body: message.visible_at / 1000 - time.time() for message in stored}


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_statuses_are_posted_as_eventbridge_wrote_them_and_signed(sqs: SQSClient, queue_url: str) -> None:
    bodies = [status_event(number) for number in range(10)]
    with receiving() as receiver:
        answer = webhook(receiver, sqs, queue_url).handle(received(sqs, queue_url, bodies))
    assert answer == {"batchItemFailures": []}
    assert sorted(call.body for call in receiver.calls) == sorted(bodies)
    for call in receiver.calls:
        assert SIGNER.verify(call.body, call.headers)["detail"]["eventId"] == call.headers["webhook-id"]
        assert (call.path, call.headers["content-type"]) == ("/hook?token=secret", "application/json")


def test_only_what_was_not_accepted_is_reported_and_hidden_for_two_seconds(sqs: SQSClient, queue_url: str) -> None:
    def answer(call: Call) -> int:
        return 500 if "event-1" in call.body else 200

    with receiving(answer) as receiver:
        given = received(sqs, queue_url, [status_event(number) for number in range(3)])
        failures = webhook(receiver, sqs, queue_url).handle(given)["batchItemFailures"]
    [failed] = [record["messageId"] for record in given["Records"] if "event-1" in record["body"]]
    assert failures == [{"itemIdentifier": failed}]
    seconds = hidden_seconds(sqs, queue_url)
    assert 0 < seconds[status_event(1)] <= 2
    assert seconds[status_event(0)] > 200


@pytest.mark.parametrize("status", [301, 400, 401, 404, 410, 429, 500, 503])
def test_any_answer_but_2xx_is_tried_again(sqs: SQSClient, queue_url: str, status: int) -> None:
    with receiving(lambda _: status) as receiver:
        given = received(sqs, queue_url, [status_event(1)])
        assert len(webhook(receiver, sqs, queue_url).handle(given)["batchItemFailures"]) == 1
        assert len(receiver.calls) == 1


@pytest.mark.parametrize("behaviour", [SILENT, DRIPPING, DRIPPING_HEADERS])
def test_a_receiver_that_does_not_answer_in_time_holds_up_no_other(
    sqs: SQSClient, queue_url: str, behaviour: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving(lambda call: behaviour if "event-1" in call.body else 200) as receiver:
        given = received(sqs, queue_url, [status_event(number) for number in range(3)])
        started = time.monotonic()
        failures = webhook(receiver, sqs, queue_url, seconds=0.5).handle(given)["batchItemFailures"]
        assert time.monotonic() - started < 2
        assert len(failures) == 1
    assert lines(capsys)[0]["reason"] in ("no answer in time", "TimeoutError")


@pytest.mark.parametrize("behaviour", [DRIPPING, DRIPPING_HEADERS])
def test_a_receiver_that_answers_for_ever_keeps_neither_thread_nor_socket(
    sqs: SQSClient, queue_url: str, behaviour: int
) -> None:
    with receiving(lambda _: behaviour) as receiver:
        given = received(sqs, queue_url, [status_event(number) for number in range(3)])
        before = set(threading.enumerate())
        assert len(webhook(receiver, sqs, queue_url, seconds=0.5).handle(given)["batchItemFailures"]) == 3
        # The receiver's threads see the end of their calls, too.
        left = [thread for thread in threading.enumerate() if thread not in before]
        for thread in left:
            thread.join(timeout=2)
        assert [thread.name for thread in left if thread.is_alive()] == []


def test_a_status_has_the_same_id_in_every_try_and_a_new_time(sqs: SQSClient, queue_url: str) -> None:
    with receiving(lambda _: 500) as receiver:
        hook, given = webhook(receiver, sqs, queue_url), received(sqs, queue_url, [status_event(1)])
        hook.handle(given)
        time.sleep(1.1)
        hook.handle(given)
    first, second = receiver.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "event-1"
    assert first.headers["webhook-timestamp"] < second.headers["webhook-timestamp"]


@pytest.mark.parametrize("body", ["no JSON", "[]", '{"detail": {}}', '{"detail": {"eventId": "a\\r\\nb: c"}}'])
def test_a_body_that_is_no_status_event_has_the_messages_id(sqs: SQSClient, queue_url: str, body: str) -> None:
    with receiving() as receiver:
        given = received(sqs, queue_url, [body])
        assert webhook(receiver, sqs, queue_url).handle(given) == {"batchItemFailures": []}
    assert receiver.calls[0].headers["webhook-id"] == given["Records"][0]["messageId"]


def test_the_last_try_goes_to_the_dead_letter_queue_at_once(
    sqs: SQSClient, queue_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving(lambda _: 500) as receiver:
        given = received(sqs, queue_url, [status_event(1)], tries=MAX_TRIES)
        assert len(webhook(receiver, sqs, queue_url).handle(given)["batchItemFailures"]) == 1
    assert hidden_seconds(sqs, queue_url)[status_event(1)] <= 0
    line = lines(capsys)[0]
    assert (line["level"], line["event"], line["event_id"]) == ("ERROR", "webhook.gave_up", "event-1")


def test_without_a_secret_nothing_is_posted_and_everything_comes_back(
    sqs: SQSClient, queue_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_secret() -> list[Webhook]:
        raise SecretError("the secret has no value")

    with receiving() as receiver:
        given = received(sqs, queue_url, [status_event(1), status_event(2)])
        hook = StatusWebhook(settings(receiver.url, queue_url), no_secret, sqs)
        assert len(hook.handle(given)["batchItemFailures"]) == 2
        assert receiver.calls == []
    assert lines(capsys)[0]["reason"] == "the secret has no value"


def test_a_delay_that_sqs_refuses_loses_nothing(
    sqs: SQSClient, queue_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving(lambda _: 500) as receiver:
        given = received(sqs, queue_url, [status_event(1)])
        given["Records"][0]["receiptHandle"] = "of another receive"
        assert len(webhook(receiver, sqs, queue_url).handle(given)["batchItemFailures"]) == 1
    assert hidden_seconds(sqs, queue_url)[status_event(1)] > 200
    assert [line["event"] for line in lines(capsys)][1] == "webhook.delay_failed"


def test_an_unreachable_sqs_loses_nothing(
    sqs: SQSClient, queue_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="x")

    with receiving(lambda _: 500) as receiver:
        given = received(sqs, queue_url, [status_event(1)])
        monkeypatch.setattr(sqs, "change_message_visibility_batch", unreachable)
        assert len(webhook(receiver, sqs, queue_url).handle(given)["batchItemFailures"]) == 1
    assert lines(capsys)[1]["reasons"] == ["EndpointConnectionError"]


def test_the_log_names_neither_url_nor_address_nor_answer(
    sqs: SQSClient, queue_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving(lambda call: 500 if "event-1" in call.body else 200) as receiver:
        given = received(sqs, queue_url, [status_event(1), status_event(2)])
        webhook(receiver, sqs, queue_url).handle(given)
    printed = capsys.readouterr().out
    assert "event-1" in printed
    for secret in ("hook", "token", "127.0.0.1", "example.com", "v1,"):
        assert secret not in printed.replace("webhook.", "").replace("StatusWebhook", ""), secret


def test_delays_double_from_two_seconds_to_a_quarter_of_an_hour() -> None:
    longest = [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    for tries, most in enumerate(longest, 1):
        drawn = {delay_seconds(tries) for _ in range(200)}
        assert max(drawn) <= most
        assert min(drawn) >= most * (1 - JITTER) - 1
        assert most < 64 or len(drawn) > 5, "messages that failed together come back apart"
    assert 720 <= delay_seconds(1000) <= 900
