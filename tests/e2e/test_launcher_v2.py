"""The emulated SES through its API v2: the same messages, limits and events, v2's own errors, tenants, default sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.clients import client
from localcloud.emulator import Emulator, start_ministack
from localcloud.ses.faults import V2_ERRORS

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

SET = "watched"
Send = Callable[..., str]


def raw(size: int = 0) -> bytes:
    body = (b"x" * 76 + b"\r\n") * (size // 78)
    return b"From: Shop <shop@example.com>\r\nTo: someone@example.org\r\nSubject: Hello\r\n\r\nHi\r\n" + body


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator without the engine."""
    started = start_ministack()
    client(started, "ses").verify_domain_identity(Domain="example.com")
    client(started, "sesv2").create_configuration_set(ConfigurationSetName=SET)
    yield started
    started.stop()


@pytest.fixture
def ses(emulator: Emulator) -> Iterator[SESV2Client]:
    yield cast("SESV2Client", client(emulator, "sesv2", Config(retries={"total_max_attempts": 1})))
    emulator.request("POST", "_sesmail/reset", {})


@pytest.fixture
def send(ses: SESV2Client) -> Send:
    def send_email(message: bytes = raw(), **more: Any) -> str:
        given: dict[str, Any] = {"ConfigurationSetName": SET, **more}
        return ses.send_email(
            FromEmailAddress="Shop <shop@example.com>",
            Destination={"ToAddresses": ["someone@example.org", "other@example.org"]},
            Content={"Raw": {"Data": message}},
            EmailTags=[{"Name": "emailId", "Value": "c29tZQ"}],
            **given,
        )["MessageId"]

    return send_email


def accepted(emulator: Emulator) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = emulator.request("GET", "_sesmail/messages?raw=0")["messages"]
    return found


def test_a_message_is_accepted_with_its_envelope_tags_and_set(emulator: Emulator, send: Send) -> None:
    message_id = send()
    [message] = accepted(emulator)
    assert message["messageId"] == message_id
    assert message["destinations"] == ["someone@example.org", "other@example.org"]
    assert (message["tags"], message["configurationSet"]) == ({"emailId": "c29tZQ"}, SET)
    assert (message["api"], message["tenant"]) == ("v2", "")


@pytest.mark.parametrize("fault", V2_ERRORS)
def test_each_error_of_v2_comes_as_v2_words_it(emulator: Emulator, ses: SESV2Client, send: Send, fault: str) -> None:
    emulator.request("POST", "_sesmail/faults", {"kind": fault})
    expected = V2_ERRORS[fault]
    with pytest.raises(ClientError) as caught:
        send()
    assert isinstance(caught.value, getattr(ses.exceptions, expected.code))
    assert caught.value.response["Error"] == {"Code": expected.code, "Message": expected.message}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == expected.status
    assert accepted(emulator) == []


def test_v1_does_not_answer_with_errors_of_v2(emulator: Emulator, send: Send) -> None:
    emulator.request("POST", "_sesmail/faults", {"kind": "bad_request"})
    client(emulator, "ses").send_raw_email(RawMessage={"Data": raw()})
    with pytest.raises(ClientError, match="BadRequestException"):
        send()


def test_v2_takes_more_than_ten_megabytes_and_at_most_forty(emulator: Emulator, send: Send) -> None:
    send(raw(11 * 1024 * 1024))
    with pytest.raises(ClientError, match=r"BadRequestException.*more than 41943040 bytes"):
        send(raw(41 * 1024 * 1024))
    assert len(accepted(emulator)) == 1


def test_an_unknown_set_or_tenant_is_not_found(ses: SESV2Client, send: Send, emulator: Emulator) -> None:
    with pytest.raises(ClientError, match=r"NotFoundException.*gone"):
        send(ConfigurationSetName="gone")
    with pytest.raises(ClientError, match=r"NotFoundException.*shop"):
        send(TenantName="shop")
    ses.create_tenant(TenantName="shop")
    send(TenantName="shop")
    assert [message["tenant"] for message in accepted(emulator)] == ["shop"]


@pytest.mark.parametrize("service", ["ses", "sesv2"])
def test_a_message_without_a_set_uses_the_identity_s_default_one(
    emulator: Emulator, ses: SESV2Client, send: Send, service: str
) -> None:
    ses.put_email_identity_configuration_set_attributes(EmailIdentity="example.com", ConfigurationSetName=SET)
    if service == "ses":
        client(emulator, "ses").send_raw_email(RawMessage={"Data": raw()})
    else:
        ses.send_email(Content={"Raw": {"Data": raw()}})
    assert accepted(emulator)[0]["configurationSet"] == SET


def test_only_raw_content_is_taken(ses: SESV2Client) -> None:
    body: Any = {"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hi"}}}}
    with pytest.raises(ClientError, match="BadRequestException"):
        ses.send_email(FromEmailAddress="shop@example.com", Content=body)
