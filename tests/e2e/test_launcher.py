"""The emulated SES itself: it rejects what SES rejects and publishes what SES publishes."""

from __future__ import annotations

import functools
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from localcloud.clients import client
from localcloud.emulator import Emulator, start_ministack
from localcloud.queue_policy import allow_delivery
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.wait import wait_for

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient

Send = Callable[..., str]
RAW = (
    b"From: Shop <shop@example.com>\r\nTo: someone@example.org\r\nSubject: Hello\r\n"
    b"X-SES-CONFIGURATION-SET: ignored\r\n\r\nHi\r\n"
)


@pytest.fixture(scope="module")
def plain_emulator() -> Iterator[Emulator]:
    """An emulator without the engine."""
    started = start_ministack()
    client(started, "ses").verify_domain_identity(Domain="example.com")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def queue(plain_emulator: Emulator) -> str:
    """A queue subscribed to the topic of configuration set `watched`, which asks for all but Complaint."""
    sns, sqs, ses = (client(plain_emulator, name) for name in ("sns", "sqs", "sesv2"))
    topic: str = sns.create_topic(Name="feedback")["TopicArn"]
    url: str = sqs.create_queue(QueueName="feedback")["QueueUrl"]
    queue_arn = allow_delivery(sqs, url, "sns.amazonaws.com", topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    ses.create_configuration_set(ConfigurationSetName="watched")
    ses.create_configuration_set(ConfigurationSetName="quiet")
    ses.create_configuration_set_event_destination(
        ConfigurationSetName="watched",
        EventDestinationName="sns",
        EventDestination={
            "Enabled": True,
            "MatchingEventTypes": ["SEND", "DELIVERY", "BOUNCE", "OPEN", "DELIVERY_DELAY"],
            "SnsDestination": {"TopicArn": topic},
        },
    )
    return url


@pytest.fixture
def notifications(plain_emulator: Emulator, queue: str) -> Callable[[int], list[str]]:
    """Waits for so many messages of the topic and returns their texts."""
    sqs = client(plain_emulator, "sqs")

    def take(count: int) -> list[str]:
        texts: list[str] = []
        deadline = time.monotonic() + 5
        while len(texts) < count and time.monotonic() < deadline:
            for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
                texts.append(json.loads(message["Body"])["Message"])
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            time.sleep(0.02)
        return texts

    return take


@pytest.fixture
def events(
    plain_emulator: Emulator, queue: str, notifications: Callable[[int], list[str]]
) -> Callable[[int], list[dict[str, Any]]]:
    """The SES events of this test."""
    client(plain_emulator, "sqs").purge_queue(QueueUrl=queue)

    def take(count: int) -> list[dict[str, Any]]:
        return [json.loads(text) for text in notifications(count)]

    return take


def ses_client(emulator: Emulator, read_timeout: float = 20) -> SESClient:
    """Make a client that makes one attempt, as the engine does."""
    config = Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout)
    return cast("SESClient", client(emulator, "ses", config))


@pytest.fixture
def ses(plain_emulator: Emulator) -> SESClient:
    return ses_client(plain_emulator)


def send_with(
    ses: SESClient, *to: str, tag: str = "c29tZQ", raw: bytes = RAW, configuration_set: str = "watched"
) -> str:
    """SendRawEmail; SES's message id."""
    return ses.send_raw_email(
        Source="Shop <shop@example.com>",
        Destinations=list(to) or ["someone@example.org"],
        RawMessage={"Data": raw},
        ConfigurationSetName=configuration_set,
        Tags=[{"Name": "emailId", "Value": tag}],
    )["MessageId"]


@pytest.fixture
def send(ses: SESClient, plain_emulator: Emulator) -> Iterator[Send]:
    """SendRawEmail with a long read timeout."""
    yield functools.partial(send_with, ses)
    plain_emulator.request("POST", "_sesmail/reset", {})


def test_a_new_event_destination_gets_the_plain_validation_text(
    queue: str, notifications: Callable[[int], list[str]]
) -> None:
    assert notifications(1) == ["Successfully validated SNS topic for Amazon SES event publishing."]


@pytest.mark.parametrize("tag", ["my.application", "a b", "ü", "a=b", "x" * 257, ""])
def test_a_tag_outside_of_ses_s_alphabet_is_rejected(send: Send, queue: str, tag: str) -> None:
    with pytest.raises(ClientError, match=r"InvalidParameterValue.*tag value"):
        send(tag=tag)


def test_the_longest_tag_is_accepted(send: Send, queue: str) -> None:
    assert send(tag="a-_9" * 64, configuration_set="quiet")


def test_more_than_fifty_recipients_are_rejected(send: Send, queue: str) -> None:
    assert send(*(f"r{n}@example.org" for n in range(50)), configuration_set="quiet")
    with pytest.raises(ClientError, match=r"InvalidParameterValue.*Recipient count exceeds 50"):
        send(*(f"r{n}@example.org" for n in range(51)), configuration_set="quiet")


def test_a_message_over_ten_megabytes_is_rejected(send: Send, queue: str) -> None:
    fits = 10 * 1024 * 1024 - len(RAW)
    assert send(raw=RAW + b"x" * fits, configuration_set="quiet")
    with pytest.raises(ClientError, match=r"InvalidParameterValue.*more than 10485760 bytes"):
        send(raw=RAW + b"x" * (fits + 1), configuration_set="quiet")


def test_an_unknown_configuration_set_is_rejected(send: Send, queue: str) -> None:
    with pytest.raises(ClientError, match=r"\(ConfigurationSetDoesNotExist\).*<nowhere>"):
        send(configuration_set="nowhere")


def test_a_non_ascii_local_part_is_rejected(send: Send, queue: str) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        send("jürgen@example.org")


def test_a_paused_configuration_set_sends_nothing(send: Send, queue: str, plain_emulator: Emulator) -> None:
    v2 = client(plain_emulator, "sesv2")
    v2.put_configuration_set_sending_options(ConfigurationSetName="quiet", SendingEnabled=False)
    with pytest.raises(ClientError, match="ConfigurationSetSendingPausedException"):
        send(configuration_set="quiet")
    v2.put_configuration_set_sending_options(ConfigurationSetName="quiet", SendingEnabled=True)


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        ("someone@example.org", [("Send", ""), ("Delivery", "")]),
        (f"success+label@{SIMULATOR_DOMAIN}", [("Send", ""), ("Delivery", "")]),
        (f"bounce+label@{SIMULATOR_DOMAIN}", [("Send", ""), ("Bounce", "Permanent/General")]),
        (f"suppressionlist@{SIMULATOR_DOMAIN}", [("Send", ""), ("Bounce", "Permanent/Suppressed")]),
        (f"softbounce@{SIMULATOR_DOMAIN}", [("Send", ""), ("Bounce", "Transient/MailboxFull")]),
        (f"ooto@{SIMULATOR_DOMAIN}", [("Send", ""), ("Delivery", ""), ("Bounce", "Transient/General")]),
        ("bounce@example.org", [("Send", ""), ("Delivery", "")]),
    ],
)
def test_the_mailbox_simulator_decides_the_events_of_an_email(
    send: Send, events: Callable[[int], list[dict[str, Any]]], recipient: str, expected: list[tuple[str, str]]
) -> None:
    message_id = send(recipient)
    published = events(len(expected))
    assert {event["mail"]["messageId"] for event in published} == {message_id}
    kinds = [
        (event["eventType"], "/".join(event.get("bounce", {}).get(key, "") for key in ("bounceType", "bounceSubType")))
        for event in published
    ]
    assert [(kind, "" if detail == "/" else detail) for kind, detail in kinds] == expected


def test_an_event_type_that_the_destination_does_not_ask_for_is_not_published(
    send: Send, events: Callable[[int], list[dict[str, Any]]], plain_emulator: Emulator
) -> None:
    send(f"complaint@{SIMULATOR_DOMAIN}")
    assert [event["eventType"] for event in events(2)] == ["Send", "Delivery"]
    time.sleep(0.3)
    published = plain_emulator.request("GET", "_sesmail/events")["events"]
    assert [event["eventType"] for event in published] == ["Send", "Delivery"]


def test_an_event_carries_tags_headers_and_utc_times(send: Send, events: Callable[[int], list[dict[str, Any]]]) -> None:
    message_id = send("a@example.org", f"bounce@{SIMULATOR_DOMAIN}", tag="c29tZS1pZA")
    sent, *_ = published = events(3)
    mail = sent["mail"]
    assert mail["messageId"] == message_id
    assert mail["destination"] == ["a@example.org", f"bounce@{SIMULATOR_DOMAIN}"]
    assert mail["tags"]["emailId"] == ["c29tZS1pZA"]
    assert mail["tags"]["ses:configuration-set"] == ["watched"]
    assert mail["commonHeaders"]["subject"] == "Hello"
    assert {"name": "Subject", "value": "Hello"} in mail["headers"]
    assert not [header for header in mail["headers"] if header["name"].startswith("X-SES-")]
    bounce = next(event["bounce"] for event in published if event["eventType"] == "Bounce")
    assert bounce["bouncedRecipients"][0]["emailAddress"] == f"bounce@{SIMULATOR_DOMAIN}"
    assert bounce["timestamp"].endswith("Z")
    assert len(bounce["timestamp"]) == len("2026-11-24T10:31:00.000Z")


def test_a_message_id_has_ses_s_shape(send: Send, queue: str) -> None:
    assert re.fullmatch(
        r"[0-9a-f]{16}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-000000", send(configuration_set="quiet")
    )


def test_events_can_be_held_reversed_and_published_twice(
    send: Send, events: Callable[[int], list[dict[str, Any]]], plain_emulator: Emulator
) -> None:
    plain_emulator.request("PATCH", "_sesmail/settings", {"events": {"hold": True, "copies": 2, "reverse": True}})
    send("someone@example.org")
    assert plain_emulator.request("GET", "_sesmail/events") == {"count": 0, "held": 4, "events": []}
    plain_emulator.request("PATCH", "_sesmail/settings", {"events": {"reverse": False}})
    plain_emulator.request("POST", "_sesmail/release", {})
    assert [event["eventType"] for event in events(4)] == ["Delivery", "Delivery", "Send", "Send"]


def test_an_event_can_be_added_about_an_accepted_email(
    send: Send, events: Callable[[int], list[dict[str, Any]]], plain_emulator: Emulator
) -> None:
    message_id = send("someone@example.org")
    events(2)
    body = {"messageId": message_id, "eventType": "Open", "detail": {"ipAddress": "192.0.2.1"}}
    assert plain_emulator.request("POST", "_sesmail/events", body) == {"published": 1}
    [opened] = events(1)
    assert opened["open"]["ipAddress"] == "192.0.2.1"


@pytest.mark.parametrize(
    ("kind", "error", "message", "accepted"),
    [
        ("throttling", ClientError, r"\(Throttling\).*Maximum sending rate exceeded", 0),
        ("daily_quota", ClientError, r"\(Throttling\).*Daily message quota exceeded", 0),
        ("account_paused", ClientError, "AccountSendingPausedException", 0),
        ("server_error", ClientError, "InternalFailure", 0),
        ("server_error_after", ClientError, "InternalFailure", 1),
        ("drop_before", ConnectionClosedError, "Connection was closed", 0),
        ("drop_after", ConnectionClosedError, "Connection was closed", 1),
        ("timeout_before", ReadTimeoutError, "Read timeout", 0),
        ("timeout_after", ReadTimeoutError, "Read timeout", 1),
    ],
)
def test_an_injected_fault_fires_once(
    send: Send, queue: str, plain_emulator: Emulator, kind: str, error: type[Exception], message: str, accepted: int
) -> None:
    plain_emulator.request("POST", "_sesmail/faults", {"kind": kind, "seconds": 2})
    with pytest.raises(error, match=message):
        send_with(ses_client(plain_emulator, read_timeout=1), configuration_set="quiet")
    assert send(configuration_set="quiet")
    assert plain_emulator.request("GET", "_sesmail/messages?raw=0")["count"] == accepted + 1


def test_a_seeded_fault_hits_the_same_requests_each_time(send: Send, queue: str, plain_emulator: Emulator) -> None:
    def outcomes() -> list[bool]:
        fault = {"kind": "throttling", "times": None, "probability": 0.5, "seed": 7}
        plain_emulator.request("POST", "_sesmail/faults", fault)
        sent = []
        for _ in range(12):
            try:
                sent.append(bool(send(configuration_set="quiet")))
            except ClientError:
                sent.append(False)
        plain_emulator.request("DELETE", "_sesmail/faults")
        return sent

    once = outcomes()
    assert set(once) == {True, False}
    assert outcomes() == once


def test_the_quota_is_what_a_test_sets_and_counts_recipients(
    send: Send, ses: SESClient, queue: str, plain_emulator: Emulator
) -> None:
    quota = {"max_24_hour_send": 200.0, "max_send_rate": 3.0, "enforce": True}
    plain_emulator.request("PATCH", "_sesmail/settings", {"quota": quota})
    send("a@example.org", "b@example.org", configuration_set="quiet")
    answer = ses.get_send_quota()
    assert (answer["Max24HourSend"], answer["MaxSendRate"], answer["SentLast24Hours"]) == (200.0, 3.0, 2.0)
    with pytest.raises(ClientError, match="Maximum sending rate exceeded"):
        send("c@example.org", "d@example.org", configuration_set="quiet")
    wait_for(lambda: bool(send("c@example.org", configuration_set="quiet")), "a free second")


def test_an_unknown_setting_is_rejected(plain_emulator: Emulator) -> None:
    with pytest.raises(Exception, match="unknown settings: speed"):
        plain_emulator.request("PATCH", "_sesmail/settings", {"events": {"speed": 1}})
    with pytest.raises(Exception, match="unknown fault"):
        plain_emulator.request("POST", "_sesmail/faults", {"kind": "earthquake"})
