"""Amazon SES's SendRawEmail, and what its answers mean to the one who asked.

https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html#API_SendRawEmail_Errors
"""

from __future__ import annotations

import random
import re
import ssl
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.config import Config
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

# SendRawEmail takes no idempotency token, so nobody but the claim protocol may try again.
ONE_ATTEMPT = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1})

_NEVER_CONNECTED = (ConnectTimeoutError, EndpointConnectionError, NoCredentialsError, ProxyConnectionError)

_REFUSALS = {
    "MessageRejected": "SES001",
    "MailFromDomainNotVerified": "SES002",
    "ConfigurationSetDoesNotExist": "SES003",
    "InvalidParameterValue": "SES008",
    "ValidationError": "SES008",
}
_PAUSES = {"AccountSendingPaused", "ConfigurationSetSendingPaused"}
# SES also says it as MessageRejected; the reason comes first. Further on are names of the customer's choice.
_PAUSED = re.compile(
    r"(?:message rejected: )?(?:(?:email )?sending\b.{0,150}\b(?:paused|disabled|suspended)\b"
    r"|(?:your )?account\b.{0,60}\b(?:paused|disabled|suspended|shut ?down)\b)",
    re.IGNORECASE,
)
_HOLD_SECONDS = 300.0


class SesMailer:
    """Sends one message in one attempt; the client must be made with `ONE_ATTEMPT`."""

    def __init__(self, client: SESClient, configuration_set: str) -> None:
        self._client = client
        self._configuration_set = configuration_set

    def send(self, raw: bytes, *, sender: str, recipients: Sequence[str], tags: Mapping[str, str]) -> str:
        optional: dict[str, Any] = {"ConfigurationSetName": self._configuration_set} if self._configuration_set else {}
        try:
            answer = self._client.send_raw_email(
                Source=sender,
                Destinations=list(recipients),
                RawMessage={"Data": raw},
                Tags=[{"Name": name, "Value": value} for name, value in tags.items()],
                **optional,
            )
        except ClientError as err:
            raise _meaning(err) from err
        except _NEVER_CONNECTED as err:
            raise TransientError(f"SES error (connection): {type(err).__name__}", code="SES009") from err
        except BotoCoreError as err:
            if _handshake_failed(err):
                raise TransientError("SES error (connection): its certificate does not hold", code="SES009") from err
            raise OutcomeUnknownError(type(err).__name__) from err
        return answer["MessageId"]


def _handshake_failed(err: BaseException | None) -> bool:
    """True where a certificate was refused. Any other TLS error may come with the answer, after SES had the message."""
    while err is not None:
        if isinstance(err, ssl.SSLCertVerificationError):
            return True
        err = err.__cause__ or err.__context__
    return False


def _meaning(err: ClientError) -> Exception:
    code = str(err.response.get("Error", {}).get("Code", "")).removesuffix("Exception")
    message = str(err.response.get("Error", {}).get("Message", ""))
    status = int(err.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status >= 500:
        return OutcomeUnknownError(f"SES error ({code}): {message}")
    said = f"SES error ({code}): {message}"
    if code in _PAUSES or (code == "MessageRejected" and _PAUSED.match(message)):
        return PausedBySes(_HOLD_SECONDS, message=said, code="SES004")
    if code.startswith("Throttling") or status == 429:
        if "daily" in message.lower():
            return QuotaUsed(_HOLD_SECONDS, message=said, code="SES005")
        jitter = random.uniform(1, 5)
        return RateLimited(jitter, message=said, code=_throttling_code(message))
    if code in _REFUSALS:
        return PermanentError("ses_rejected", f"SES error ({code}): {message}", code=_REFUSALS[code])
    # AccessDenied, an expired token, a clock that is off: surely not sent, and ours to mend.
    return TransientError(f"SES error ({code}): {message}", code="SES009")


def _throttling_code(message: str) -> str:
    return "SES006" if "Maximum sending rate exceeded" in message else "SES005"
