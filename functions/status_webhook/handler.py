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

_session = functools.cache(botocore.session.get_session)


def _client(service: str) -> Any:
    return _session().create_client(service, config=_LIMITS)


@functools.cache
def _secrets() -> SigningSecrets:
    return SigningSecrets(_client("secretsmanager"), Settings.from_env().secret_arn)


@functools.cache
def _webhook() -> StatusWebhook:
    return StatusWebhook(Settings.from_env(), _secrets(), _client("sqs"))


def handler(event: dict[str, Any], _context: object) -> BatchResponse | None:
    """Handle a batch of SQS messages and return those that SQS redelivers, or create a secret for Terraform."""
    if "secret_version" not in event:
        return _webhook().handle(event)
    _secrets().create(event["secret_version"])
    return None
