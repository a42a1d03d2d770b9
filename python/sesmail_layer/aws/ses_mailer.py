"""Amazon SES's SendRawEmail, and what its errors mean for the email.

https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html#API_SendRawEmail_Errors
"""

from __future__ import annotations

import random
import re
import ssl
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ProxyConnectionError,
)

from sesmail_layer.domain.errors import (
    OutcomeUnknownError,
    PausedBySes,
    PermanentError,
    QuotaUsed,
    RateLimited,
    TransientError,
)

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient

_NEVER_CONNECTED = (ConnectTimeoutError, EndpointConnectionError, NoCredentialsError, ProxyConnectionError)

_REJECTIONS = {
    "MessageRejected": "SES001",
    "MailFromDomainNotVerified": "SES002",
    "ConfigurationSetDoesNotExist": "SES003",
    "InvalidParameterValue": "SES008",
    "ValidationError": "SES008",
}
_PAUSES = {"AccountSendingPaused", "ConfigurationSetSendingPaused"}
# SES reports a pause as MessageRejected, too, and begins with the reason. Names of identities come later in a message.
_PAUSED = re.compile(
    r"(?:message rejected: )?(?:(?:email )?sending\b.{0,150}\b(?:paused|disabled|suspended)\b"
    r"|(?:your )?account\b.{0,60}\b(?:paused|disabled|suspended|shut ?down)\b)",
    re.IGNORECASE,
)
_HOLD_SECONDS = 300.0
_TRIES_OF_A_REFUSAL = 10


Client = TypeVar("Client", covariant=True)


class Clients(Protocol[Client]):
    """SES's clients by the size of a message, each made for one attempt (`clients.py`)."""

    def __call__(self, size: int) -> Client: ...

    def longest_seconds(self, size: int) -> float: ...


class SesMailer:
    def __init__(self, clients: Clients[SESClient], configuration_set: str) -> None:
        self._clients = clients
        self._configuration_set = configuration_set

    def longest_seconds(self, size: int) -> float:
        """Return how long `send` may take for a message of `size` bytes."""
        return self._clients.longest_seconds(size)

    def send(self, raw: bytes, *, sender: str, recipients: Sequence[str], tags: Mapping[str, str]) -> str:
        optional: dict[str, Any] = {"ConfigurationSetName": self._configuration_set} if self._configuration_set else {}
        try:
            answer = self._clients(len(raw)).send_raw_email(
                Source=sender,
                Destinations=list(recipients),
                RawMessage={"Data": raw},
                Tags=[{"Name": name, "Value": value} for name, value in tags.items()],
                **optional,
            )
        except ClientError as err:
            raise _error_for(err) from err
        except _NEVER_CONNECTED as err:
            raise TransientError(f"SES error (connection): {type(err).__name__}", code="SES009") from err
        except BotoCoreError as err:
            if _handshake_failed(err):
                raise TransientError("SES error (connection): its certificate does not hold", code="SES009") from err
            raise OutcomeUnknownError(type(err).__name__) from err
        return answer["MessageId"]


def _handshake_failed(err: BaseException | None) -> bool:
    """Return True if SES's certificate was rejected. Any other TLS error may come after SES has the message."""
    while err is not None:
        if isinstance(err, ssl.SSLCertVerificationError):
            return True
        err = err.__cause__ or err.__context__
    return False


def _error_for(err: ClientError) -> Exception:
    code = str(err.response.get("Error", {}).get("Code", "")).removesuffix("Exception")
    message = str(err.response.get("Error", {}).get("Message", ""))
    status = int(err.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    text = f"SES error ({code}): {message}"
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
    # AccessDenied, an expired token, a wrong clock: certainly not sent, and for the operator to fix.
    return TransientError(text, code="SES009", max_tries=_TRIES_OF_A_REFUSAL)


def _throttling_code(message: str) -> str:
    return "SES006" if "Maximum sending rate exceeded" in message else "SES005"
