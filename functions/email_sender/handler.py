"""The Lambda function EmailSender: sends the emails of the email, bulk and retry queues."""

from __future__ import annotations

import functools
from typing import Any

from sesmail_layer.runtime.imports import quick_imports

with quick_imports():
    from sesmail_layer.composition.email_sender import EmailSender
    from sesmail_layer.runtime.batch import BatchResponse
    from sesmail_layer.runtime.settings import Settings


@functools.cache
def _sender() -> EmailSender:
    return EmailSender(Settings.from_env())


def handler(event: dict[str, Any], context: Any) -> BatchResponse:
    """Handle a batch of SQS messages; return those that SQS redelivers."""
    return _sender().handle(event, context.get_remaining_time_in_millis() / 1000)
