"""Amazon SES's two ways to send a raw message, and what their errors mean for the email.

https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html#API_SendRawEmail_Errors
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
"""

from __future__ import annotations

import random
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,  # The runtime's botocore does not know `TenantName` yet.
    ProxyConnectionError,
)

from sesmail_layer.aws.answers import code_of, known_words
from sesmail_layer.domain.errors import (
    OutcomeUnknownError,
    PausedBySes,
    PermanentError,
    QuotaUsed,
    RateLimited,
    SendingDenied,
    TransientError,
)

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient
    from mypy_boto3_sesv2 import SESV2Client

_NOT_SENT = (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,  # The runtime's botocore does not know `TenantName` yet.
    ProxyConnectionError,
)

# What v2 calls otherwise than v1: logs, records and runbooks have one name for one error.
_NAMES_IN_V1 = {
    "TooManyRequests": "Throttling",
    "LimitExceeded": "Throttling",
    "SendingPaused": "AccountSendingPaused",
    "AccountSuspended": "AccountSendingPaused",
    "NotFound": "ConfigurationSetDoesNotExist",
    "BadRequest": "InvalidParameterValue",
}
_REJECTIONS = {
    "MessageRejected": "SES001",
    "MailFromDomainNotVerified": "SES002",
    "ConfigurationSetDoesNotExist": "SES003",
    "InvalidParameterValue": "SES008",
    "ValidationError": "SES008",
}
_PAUSES = {"AccountSendingPaused", "ConfigurationSetSendingPaused"}
# SES reports a pause as MessageRejected, too, in its first sentence. Names of identities are no such words.
_STOPPED = r"(?<![-.])\b(?:paused|disabled|suspended|shut ?down)\b(?![-@]|\.\w)"
_PAUSED = re.compile(
    r"(?:(?:message rejected|access denied|transaction failed): )?(?![^.]*\bnot verified)[\w' ]{0,60}?\b(?:"
    rf"(?:sending|account)\b[^.:;@<\"]{{0,150}}{_STOPPED}|{_STOPPED}[\w' ]{{0,60}}\b(?:send|sending|account)\b)",
    re.IGNORECASE,
)
_HOLD_SECONDS = 300.0
_DENIED_SECONDS = 30.0
_TRIES_OF_A_REFUSAL = 10


Client = TypeVar("Client", covariant=True)


class Clients(Protocol[Client]):
    """SES's clients by the size of a message, each made for one attempt (`clients.py`)."""

    def __call__(self, size: int) -> Client: ...

    def longest_seconds(self, size: int) -> float: ...


class SesMailer:
    """SendRawEmail (v1): messages of up to 10 MB."""

    def __init__(self, clients: Clients[SESClient], configuration_set: str) -> None:
        self._clients = clients
        self._configuration_set = configuration_set

    def longest_seconds(self, size: int) -> float:
        """Return how long `send` may take for a message of `size` bytes."""
        return self._clients.longest_seconds(size)

    def send(
        self,
        raw: bytes,
        *,
        sender: str,
        recipients: Sequence[str],
        tags: Mapping[str, str],
        tenant: str = "",  # noqa: ARG002
    ) -> str:
        """Send once. v1 has no tenants, and Terraform takes none with it."""
        optional: dict[str, Any] = {"ConfigurationSetName": self._configuration_set} if self._configuration_set else {}
        with _send_errors():
            answer = self._clients(len(raw)).send_raw_email(
                Source=sender,
                Destinations=list(recipients),
                RawMessage={"Data": raw},
                Tags=[{"Name": name, "Value": value} for name, value in tags.items()],
                **optional,
            )
        return answer["MessageId"]


class SesV2Mailer:
    """SendEmail (v2) with raw content: messages of up to 40 MB, without URL-encoding, and tenants."""

    def __init__(self, clients: Clients[SESV2Client], configuration_set: str) -> None:
        self._clients = clients
        self._configuration_set = configuration_set

    def longest_seconds(self, size: int) -> float:
        """Return how long `send` may take for a message of `size` bytes."""
        return self._clients.longest_seconds(size)

    def send(
        self, raw: bytes, *, sender: str, recipients: Sequence[str], tags: Mapping[str, str], tenant: str = ""
    ) -> str:
        """Send once. The destination is the envelope; what the recipients see of each other is in the message."""
        optional: dict[str, Any] = {"ConfigurationSetName": self._configuration_set} if self._configuration_set else {}
        if tenant:
            optional["TenantName"] = tenant
        with _send_errors():
            answer = self._clients(len(raw)).send_email(
                FromEmailAddress=sender,
                Destination={"ToAddresses": list(recipients)},
                Content={"Raw": {"Data": raw}},
                EmailTags=[{"Name": name, "Value": value} for name, value in tags.items()],
                **optional,
            )
        return answer["MessageId"]


@contextmanager
def _send_errors() -> Iterator[None]:
    try:
        yield
    except ClientError as err:
        raise _error_for(err) from err
    except _NOT_SENT as err:
        raise TransientError(f"SES error (connection): {type(err).__name__}", code="SES009") from err
    except BotoCoreError as err:
        if _handshake_failed(err):
            raise TransientError("SES error (connection): its certificate does not hold", code="SES009") from err
        raise OutcomeUnknownError(type(err).__name__) from err


def _handshake_failed(err: BaseException | None) -> bool:
    """Return True if SES's certificate was rejected. Any other TLS error may come after SES has the message."""
    while err is not None:
        if isinstance(err, ssl.SSLCertVerificationError):
            return True
        err = err.__cause__ or err.__context__
    return False


def _error_for(err: ClientError) -> Exception:
    code = code_of(err).removesuffix("Exception")
    code = _NAMES_IN_V1.get(code, code)
    message = str(err.response.get("Error", {}).get("Message", ""))
    status = int(err.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    text = f"SES error ({code}): {known_words(message)}"
    if status >= 500:
        return OutcomeUnknownError(text)
    if code in _PAUSES or (code == "MessageRejected" and _PAUSED.match(message)):
        return PausedBySes(_HOLD_SECONDS, message=text, code="SES004")
    if code.startswith("Throttling") or status == 429:
        if "daily" in message.lower():
            return QuotaUsed(_HOLD_SECONDS, message=text, code="SES005")
        return RateLimited(random.uniform(1, 5), message=text, code=_throttling_code(message))
    if code in _REJECTIONS:
        return PermanentError("ses_rejected", text, code=_REJECTIONS[code])
    if code == "AccessDenied":
        # Its text has the sender's address; the check against the role's senders comes before (producers.py).
        text = "SES error (AccessDenied): the function's role may not send this email"
        return SendingDenied(_DENIED_SECONDS, message=text, code="SES009")
    # An expired token, a wrong clock: certainly not sent, and for the operator to fix.
    return TransientError(text, code="SES009", max_tries=_TRIES_OF_A_REFUSAL)


def _throttling_code(message: str) -> str:
    return "SES006" if "Maximum sending rate exceeded" in message else "SES005"
