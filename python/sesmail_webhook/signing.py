"""Signatures by Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

webhook-id         the status event's eventId: the same in every try
webhook-timestamp  when this try was made, in Unix seconds
webhook-signature  v1,<base64 of HMAC-SHA256 over "id.timestamp.body">, one for each secret, separated by spaces
"""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from standardwebhooks.webhooks import Webhook

from sesmail_webhook.log import log

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

PREFIX = "whsec_"
# Standard Webhooks: "between 24 bytes (192 bits) and 64 bytes (512 bits)".
SECRET_BYTES = range(24, 65)
# A rotated secret signs after this time at the latest; until then its predecessor does, which still verifies.
CACHE_SECONDS = 300.0


_KEY_BYTES = 32
# IAM takes seconds to let a new role in: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html
_PAUSES = (1.0, 2.0, 4.0, 8.0)


class SecretError(Exception):
    """The secret cannot be read or is none; the message says why, without its value."""


class SigningSecrets:
    """The secret's current version, and its previous one while there is one, kept for five minutes."""

    def __init__(
        self,
        client: SecretsManagerClient,
        arn: str,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._arn = arn
        self._monotonic = monotonic
        self._sleep = sleep
        self._read_at: float | None = None
        self._webhooks: list[Webhook] = []

    def __call__(self) -> list[Webhook]:
        """Return the signers, the current secret's first. Raises SecretError."""
        now = self._monotonic()
        if self._read_at is None or now - self._read_at >= CACHE_SECONDS:
            current, previous = self._read("AWSCURRENT"), self._read("AWSPREVIOUS")
            if current is None:
                raise SecretError("the secret has no value: apply the module again, or put a whsec_ value into it")
            self._webhooks = [_signer(current), *_previous_signer(previous)]
            self._read_at = now
        return self._webhooks

    def create(self, version: int) -> None:
        """Make a version of the secret up and write it, once: Terraform may ask again. Raises ClientError."""
        value = PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
        for pause in (*_PAUSES, None):
            try:
                self._client.put_secret_value(
                    SecretId=self._arn,
                    SecretString=value,
                    ClientRequestToken=f"sesmail-status-webhook-secret-{version:08d}",
                )
            except self._client.exceptions.ResourceExistsException:
                return
            except ClientError as err:
                if pause is None or err.response["Error"]["Code"] != "AccessDeniedException":
                    raise
                self._sleep(pause)
            else:
                return

    def _read(self, stage: str) -> str | None:
        """Return the value of one version, None if there is no such version or no text in it."""
        try:
            return self._client.get_secret_value(SecretId=self._arn, VersionStage=stage).get("SecretString") or None
        except self._client.exceptions.ResourceNotFoundException:
            return None
        except ClientError as err:
            raise SecretError(f"Secrets Manager: {err.response['Error']['Code']}") from err
        except BotoCoreError as err:
            raise SecretError(f"Secrets Manager: {type(err).__name__}") from err


def _previous_signer(secret: str | None) -> list[Webhook]:
    """Return no signer for a value that is no secret: no receiver verifies with it, and the current one signs."""
    try:
        return [] if secret is None else [_signer(secret)]
    except SecretError as err:
        log("WARNING", "webhook.previous_secret_left_out", reason=str(err))
        return []


def _signer(secret: str) -> Webhook:
    """Check a secret more strictly than the library, which skips what is not base64."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True) if secret.startswith(PREFIX) else b""
    except binascii.Error:
        key = b""
    if len(key) not in SECRET_BYTES:
        raise SecretError("the secret must be whsec_ and the base64 of 24 to 64 bytes")
    return Webhook(key)


def signed_headers(signers: Sequence[Webhook], event_id: str, body: str, seconds: float) -> dict[str, str]:
    """Return the three headers of a try that is made at `seconds` (Unix time)."""
    timestamp = datetime.fromtimestamp(int(seconds), UTC)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(seconds)),
        "webhook-signature": " ".join(signer.sign(event_id, timestamp, body) for signer in signers),
    }
