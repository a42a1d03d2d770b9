"""SendEmail with raw content (v2): its request, and each of its errors known by v1's name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ParamValidationError, ReadTimeoutError
from botocore.stub import Stubber

from localcloud.ses import apis
from localcloud.ses.faults import ERRORS, V2_ERRORS
from localcloud.ses.message import Message
from sesmail_layer.aws.clients import SesClients, session
from sesmail_layer.aws.ses_mailer import SesV2Mailer
from sesmail_layer.domain.errors import (
    HoldError,
    OutcomeUnknownError,
    PausedBySes,
    PermanentError,
    QuotaUsed,
    RateLimited,
    TransientError,
)
from tests.aws.conftest import REGION
from tests.aws.ses_server import OneClient, Server

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

RAW = b"From: shop@example.com\r\nTo: john@example.com\r\nSubject: Hi\r\n\r\nHello\r\n"
SENT = {
    "FromEmailAddress": "shop@example.com",
    "Destination": {"ToAddresses": ["john@example.com", "jane@example.com"]},
    "Content": {"Raw": {"Data": RAW}},
    "EmailTags": [{"Name": "emailId", "Value": "b3JkZXItMQ"}, {"Name": "attempt", "Value": "MQ"}],
}
NAMED = (HoldError, OutcomeUnknownError, PermanentError, TransientError)


def client(**given: Any) -> SESV2Client:
    return boto3.client("sesv2", region_name=REGION, config=Config(retries={"total_max_attempts": 1}), **given)


def send(ses: SESV2Client, configuration_set: str = "", tenant: str = "") -> str:
    return SesV2Mailer(OneClient(ses), configuration_set).send(
        RAW,
        sender="shop@example.com",
        recipients=["john@example.com", "jane@example.com"],
        tags={"emailId": "b3JkZXItMQ", "attempt": "MQ"},
        tenant=tenant,
    )


@pytest.mark.parametrize("configuration_set", ["", "mail-ConfigSet"])
@pytest.mark.parametrize("tenant", ["", "shop"])
def test_configuration_set_and_tenant_are_named_only_where_there_is_one(configuration_set: str, tenant: str) -> None:
    ses = client()
    named = {"ConfigurationSetName": configuration_set, "TenantName": tenant}
    with Stubber(ses) as stub:
        expected = SENT | {name: value for name, value in named.items() if value}
        stub.add_response("send_email", {"MessageId": "0100-abc"}, expected)
        assert send(ses, configuration_set, tenant) == "0100-abc"


def error_of(code: str, message: str = "", status: int = 400) -> Any:
    ses = client()
    with Stubber(ses) as stub:
        stub.add_client_error("send_email", code, message, status)
        with pytest.raises(NAMED) as caught:
            send(ses)
    return caught.value


RATE, DAILY = "Maximum sending rate exceeded.", "Daily message quota exceeded."


# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
@pytest.mark.parametrize(
    ("code", "message", "status", "kind", "known_as", "v1_name"),
    [
        ("TooManyRequestsException", RATE, 429, RateLimited, "SES006", "Throttling"),
        ("TooManyRequestsException", DAILY, 429, QuotaUsed, "SES005", "Throttling"),
        ("TooManyRequestsException", "Too many requests.", 429, RateLimited, "SES005", "Throttling"),
        ("LimitExceededException", DAILY, 400, QuotaUsed, "SES005", "Throttling"),
        ("LimitExceededException", RATE, 400, RateLimited, "SES006", "Throttling"),
        ("AccountSuspendedException", "Revoked.", 400, PausedBySes, "SES004", "AccountSendingPaused"),
        ("SendingPausedException", "Paused.", 400, PausedBySes, "SES004", "AccountSendingPaused"),
        ("MessageRejected", "Sending paused for this account.", 400, PausedBySes, "SES004", "MessageRejected"),
        ("MessageRejected", "Email address is not verified.", 400, PermanentError, "SES001", "MessageRejected"),
        ("MailFromDomainNotVerifiedException", "No.", 400, PermanentError, "SES002", "MailFromDomainNotVerified"),
        ("NotFoundException", "No tenant.", 404, PermanentError, "SES003", "ConfigurationSetDoesNotExist"),
        ("BadRequestException", "Headers.", 400, PermanentError, "SES008", "InvalidParameterValue"),
    ],
)
def test_an_error_of_v2_is_what_v1_s_is(
    code: str, message: str, status: int, kind: type[Exception], known_as: str, v1_name: str
) -> None:
    error = error_of(code, message, status)
    assert isinstance(error, kind)
    assert (getattr(error, "code", ""), getattr(error, "message", "")) == (
        known_as,
        f"SES error ({v1_name}): {message}",
    )
    if isinstance(error, PermanentError):
        assert error.error_type == "ses_rejected"


@pytest.mark.parametrize(
    ("code", "status"),
    [("ConflictException", 409), ("NotYetKnownException", 400), ("ExpiredToken", 403)],
)
def test_any_other_refusal_is_tried_ten_times(code: str, status: int) -> None:
    error = error_of(code, "no", status)
    assert isinstance(error, TransientError)
    assert (error.code, error.max_tries) == ("SES009", 10)


@pytest.mark.parametrize(
    ("code", "status"), [("InternalFailure", 500), ("TooManyRequestsException", 503), ("BadRequestException", 500)]
)
def test_after_a_5xx_the_outcome_is_unknown(code: str, status: int) -> None:
    assert isinstance(error_of(code, RATE, status), OutcomeUnknownError)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ReadTimeoutError(endpoint_url="https://email.eu-west-1.amazonaws.com"), OutcomeUnknownError),
        (ParamValidationError(report="Unknown parameter TenantName"), TransientError),
    ],
    ids=["no answer", "a runtime without tenants"],
)
def test_an_error_of_the_client_says_whether_the_message_left(
    error: Exception, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    ses = client()

    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(ses, "send_email", fail)
    with pytest.raises(kind):
        send(ses, tenant="shop")


# --- the emulated SES ------------------------------------------------------------------------------------------------


@pytest.fixture
def emulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[apis.Response], Server]]:
    """An SES over HTTP that gives one answer."""
    servers: list[Server] = []

    def start(response: apis.Response) -> Server:
        status, headers, body = response

        def act(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)

        servers.append(Server(act))
        monkeypatch.setenv("AWS_ENDPOINT_URL", servers[-1].url)
        session.cache_clear()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def mailer() -> SesV2Mailer:
    return SesV2Mailer(SesClients("sesv2", "SendEmail"), "mail-ConfigSet")


def send_to_emulated() -> str:
    return mailer().send(RAW, sender="shop@example.com", recipients=["john@example.com"], tags={}, tenant="shop")


def test_the_message_arrives_whole_and_not_url_encoded(emulated: Callable[[apis.Response], Server]) -> None:
    server = emulated(apis.accepted("v2", "0100-abc"))
    assert send_to_emulated() == "0100-abc"
    given = json.loads(server.bodies[0])
    assert given["TenantName"] == "shop"
    message = Message.from_json(given)
    assert (message.raw, message.tenant, message.configuration_set) == (RAW, "shop", "mail-ConfigSet")
    assert message.destinations == ("john@example.com",)


@pytest.mark.parametrize(
    ("fault", "known_as"),
    {
        "too_many_requests": "SES006",
        "limit_exceeded": "SES005",
        "account_suspended": "SES004",
        "sending_paused": "SES004",
        "message_rejected": "SES001",
        "mail_from_domain_not_verified": "SES002",
        "not_found": "SES003",
        "bad_request": "SES008",
    }.items(),
)
def test_every_error_of_v2_is_offered_and_known(
    emulated: Callable[[apis.Response], Server], fault: str, known_as: str
) -> None:
    server = emulated(apis.rejected("v2", V2_ERRORS[fault]))
    with pytest.raises(NAMED) as caught:
        send_to_emulated()
    assert getattr(caught.value, "code", "") == known_as
    assert server.asked == 1


def test_no_error_of_v2_is_left_out() -> None:
    errors = session().get_service_model("sesv2").operation_model("SendEmail").error_shapes
    assert {shape.name for shape in errors} == {error.code for error in V2_ERRORS.values()}


@pytest.mark.parametrize("fault", ERRORS)
def test_an_error_of_v1_means_the_same_through_v2(emulated: Callable[[apis.Response], Server], fault: str) -> None:
    emulated(apis.rejected("v2", ERRORS[fault]))
    with pytest.raises(NAMED) as caught:
        send_to_emulated()
    in_v2 = getattr(caught.value, "code", "unknown")
    expected = {"throttling": "SES006", "daily_quota": "SES005", "rejected": "SES001", "server_error": "unknown"}
    assert in_v2 == expected.get(fault, "SES002" if fault == "mail_from_not_verified" else "SES004")
