"""SendRawEmail: its request, and the error for each of its answers."""

from __future__ import annotations

import email
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.stub import Stubber
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from sesmail_layer.aws.clients import SesClients, session
from sesmail_layer.aws.ses_mailer import SesMailer
from sesmail_layer.domain.errors import HoldError, OutcomeUnknownError, PermanentError, TransientError
from tests.aws.conftest import REGION
from tests.aws.ses_server import OneClient, Server

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient

RAW = b"From: shop@example.com\r\nTo: john@example.com\r\nSubject: Hi\r\n\r\nHello\r\n"
TAGS = {"emailId": "b3JkZXItMQ", "attempt": "MQ"}
ADDRESS = "john.smith@example.com"
ONE_ATTEMPT = Config(retries={"total_max_attempts": 1})


def client(**given: Any) -> SESClient:
    return boto3.client("ses", region_name=REGION, config=ONE_ATTEMPT, **given)


def send(ses: SESClient, configuration_set: str = "") -> str:
    return SesMailer(OneClient(ses), configuration_set).send(
        RAW, sender="shop@example.com", recipients=["john@example.com", "jane@example.com"], tags=TAGS
    )


@pytest.mark.parametrize("configuration_set", ["", "mail-ConfigSet"])
def test_a_message_goes_out_with_envelope_tags_and_configuration_set(configuration_set: str) -> None:
    ses = client()
    expected: dict[str, Any] = {
        "Source": "shop@example.com",
        "Destinations": ["john@example.com", "jane@example.com"],
        "RawMessage": {"Data": RAW},
        "Tags": [{"Name": "emailId", "Value": "b3JkZXItMQ"}, {"Name": "attempt", "Value": "MQ"}],
    }
    if configuration_set:
        expected["ConfigurationSetName"] = configuration_set
    with Stubber(ses) as stub:
        stub.add_response("send_raw_email", {"MessageId": "0100-abc"}, expected)
        assert send(ses, configuration_set) == "0100-abc"


def test_ses_receives_the_message_byte_for_byte() -> None:
    with mock_aws():
        ses = client()
        ses.verify_domain_identity(Domain="example.com")
        assert send(ses)
        [message] = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
        assert email.message_from_string(message.raw_data).as_bytes() == email.message_from_bytes(RAW).as_bytes()


def answer(code: str, message: str = "", status: int = 400) -> Exception:
    """Send once to an SES that answers with this error; return the mailer's error."""
    ses = client()
    with Stubber(ses) as stub:
        stub.add_client_error("send_raw_email", code, message, status)
        with pytest.raises((HoldError, OutcomeUnknownError, PermanentError, TransientError)) as caught:
            send(ses)
    return caught.value


# https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html#API_SendRawEmail_Errors and
# https://docs.aws.amazon.com/ses/latest/APIReference/CommonErrors.html
@pytest.mark.parametrize(
    ("code", "known_as"),
    [
        ("MessageRejected", "SES001"),
        ("MailFromDomainNotVerified", "SES002"),
        ("MailFromDomainNotVerifiedException", "SES002"),
        ("ConfigurationSetDoesNotExist", "SES003"),
        ("ConfigurationSetDoesNotExistException", "SES003"),
        ("InvalidParameterValue", "SES008"),
        ("ValidationError", "SES008"),
    ],
)
def test_a_rejection_by_ses_is_permanent(code: str, known_as: str) -> None:
    error = answer(code, "Email address is not verified.")
    assert isinstance(error, PermanentError)
    assert (error.error_type, error.code) == ("ses_rejected", known_as)
    assert error.message == f"SES error ({code.removesuffix('Exception')}): Email address is not verified."


@pytest.mark.parametrize(
    "code",
    [
        "AccountSendingPaused",
        "AccountSendingPausedException",
        "ConfigurationSetSendingPaused",
        "ConfigurationSetSendingPausedException",
    ],
)
def test_paused_sending_is_a_hold_not_a_failure(code: str) -> None:
    error = answer(code, "Sending is paused.")
    assert isinstance(error, HoldError)
    assert (error.reason, error.delay_seconds, error.published) == ("sending_paused", 300.0, True)
    assert (error.code, error.message) == (
        "SES004",
        f"SES error ({code.removesuffix('Exception')}): Sending is paused.",
    )


@pytest.mark.parametrize("code", ["Throttling", "ThrottlingException"])
def test_a_rate_limit_is_a_short_unpublished_hold_with_jitter(code: str) -> None:
    errors = [answer(code, "Maximum sending rate exceeded.") for _ in range(8)]
    for error in errors:
        assert isinstance(error, HoldError)
        assert (error.reason, error.published, error.code) == ("rate", False, "SES006")
        assert error.message.endswith("): Maximum sending rate exceeded.")
        assert 1 <= error.delay_seconds <= 5
    assert len({error.delay_seconds for error in errors if isinstance(error, HoldError)}) > 1


def test_a_used_up_daily_quota_is_a_published_hold() -> None:
    error = answer("Throttling", "Daily message quota exceeded.")
    assert isinstance(error, HoldError)
    assert (error.reason, error.delay_seconds, error.published) == ("daily_quota", 300.0, True)
    assert (error.code, error.message) == ("SES005", "SES error (Throttling): Daily message quota exceeded.")


def test_any_other_throttling_is_held_like_a_rate_limit() -> None:
    error = answer("ThrottlingException", "Too many requests.")
    assert isinstance(error, HoldError)
    assert (error.reason, error.published, error.code) == ("rate", False, "SES005")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ExpiredToken", 403),
        ("InvalidClientTokenId", 403),
        ("SignatureDoesNotMatch", 403),
        ("IncompleteSignature", 400),
        ("RequestExpired", 400),
        ("OptInRequired", 403),
        ("NotYetKnown", 400),
        ("", 404),
    ],
)
def test_an_error_for_the_operator_to_fix_means_not_sent(code: str, status: int) -> None:
    error = answer(code, "no", status)
    assert isinstance(error, TransientError)
    assert error.code == "SES009"


@pytest.mark.parametrize(
    ("code", "status"),
    [("InternalFailure", 500), ("ServiceUnavailable", 503), ("Throttling", 503), ("MessageRejected", 500), ("", 502)],
)
def test_after_a_5xx_the_outcome_is_unknown(code: str, status: int) -> None:
    assert isinstance(answer(code, "Maximum sending rate exceeded.", status), OutcomeUnknownError)


def raised(error: Exception, monkeypatch: pytest.MonkeyPatch) -> Exception:
    ses = client()

    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(ses, "send_raw_email", fail)
    with pytest.raises((OutcomeUnknownError, TransientError)) as caught:
        send(ses)
    return caught.value


URL = "https://email.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url=URL),
        EndpointConnectionError(endpoint_url=URL),
        ProxyConnectionError(proxy_url=URL),
        NoCredentialsError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_without_a_connection_nothing_was_sent(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    found = raised(error, monkeypatch)
    assert isinstance(found, TransientError)
    assert found.code == "SES009"


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url=URL),
        ConnectionClosedError(endpoint_url=URL),
        HTTPClientError(error=OSError("reset")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_after_a_broken_connection_the_outcome_is_unknown(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(raised(error, monkeypatch), OutcomeUnknownError)


def tls_error(cause: Exception) -> SSLError:
    """As botocore raises it, while it handles the one of the socket."""
    error = SSLError(endpoint_url=URL, error=cause)
    error.__context__ = cause
    return error


def test_an_invalid_certificate_means_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    found = raised(tls_error(ssl.SSLCertVerificationError("self-signed")), monkeypatch)
    assert isinstance(found, TransientError)
    assert found.code == "SES009"


def test_after_any_other_tls_error_the_outcome_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(
        raised(tls_error(ssl.SSLEOFError("EOF in violation of protocol")), monkeypatch), OutcomeUnknownError
    )


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[BaseHTTPRequestHandler], None]], Server]]:
    servers: list[Server] = []

    def start(act: Callable[[BaseHTTPRequestHandler], None]) -> Server:
        servers.append(Server(act))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def fail_with(status: int) -> Callable[[BaseHTTPRequestHandler], None]:
    def act(handler: BaseHTTPRequestHandler) -> None:
        body = (
            b'<ErrorResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><Error><Type>Sender</Type>'
            b"<Code>Throttling</Code><Message>Maximum sending rate exceeded.</Message></Error></ErrorResponse>"
        )
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return act


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


@pytest.mark.parametrize(
    ("act", "means"),
    [
        (fail_with(400), HoldError),
        (fail_with(503), OutcomeUnknownError),
        (hang_up, OutcomeUnknownError),
    ],
    ids=["throttled", "unavailable", "hangs up"],
)
def test_ses_is_called_once_whatever_it_answers(
    serve: Callable[[Callable[[BaseHTTPRequestHandler], None]], Server],
    act: Callable[[BaseHTTPRequestHandler], None],
    means: type[Exception],
) -> None:
    """SendRawEmail takes no idempotency token: a second try by botocore could be a second mail."""
    server = serve(act)
    with pytest.raises(means):
        send(client(endpoint_url=server.url))
    assert server.asked == 1


def test_a_call_to_an_ses_that_does_not_answer_times_out(
    serve: Callable[[Callable[[BaseHTTPRequestHandler], None]], Server],
) -> None:
    waiting = threading.Event()

    def say_nothing(_handler: BaseHTTPRequestHandler) -> None:
        waiting.wait(5)

    server = serve(say_nothing)
    short = ONE_ATTEMPT.merge(Config(read_timeout=0.2))
    ses: SESClient = boto3.client("ses", region_name=REGION, config=short, endpoint_url=server.url)
    with pytest.raises(OutcomeUnknownError):
        send(ses)
    waiting.set()
    assert server.asked == 1


def test_the_engine_s_own_clients_call_once_and_send_the_whole_message(
    serve: Callable[[Callable[[BaseHTTPRequestHandler], None]], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(fail_with(503))
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    session.cache_clear()
    with pytest.raises(OutcomeUnknownError):
        SesMailer(SesClients("ses", "SendRawEmail"), "").send(RAW, sender=ADDRESS, recipients=[ADDRESS], tags={})
    assert server.asked == 1


def test_a_closed_port_means_not_sent() -> None:
    with pytest.raises(TransientError):
        send(client(endpoint_url="http://127.0.0.1:9"))
