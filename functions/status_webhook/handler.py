"""The Lambda function StatusWebhook: posts a producer's statuses to its URL, signed."""

from __future__ import annotations

import functools
from typing import Any

import botocore.session
from botocore.config import Config

from sesmail_webhook.delivery import BatchResponse, StatusWebhook
from sesmail_webhook.settings import Settings
from sesmail_webhook.signing import SigningSecrets

# botocore waits 60 seconds, five times; the whole function has 45.
_LIMITS = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})


@functools.cache
def _parts() -> tuple[SigningSecrets, StatusWebhook]:
    settings = Settings.from_env()
    session: Any = botocore.session.get_session()
    secrets = SigningSecrets(session.create_client("secretsmanager", config=_LIMITS), settings.secret_arn)
    return secrets, StatusWebhook(settings, secrets, session.create_client("sqs", config=_LIMITS))


def handler(event: dict[str, Any], _context: object) -> BatchResponse | None:
    """Handle a batch of SQS messages and return those that SQS redelivers, or create a secret for Terraform."""
    secrets, webhook = _parts()
    if "secret_version" not in event:
        return webhook.handle(event)
    secrets.create(event["secret_version"])
    return None
