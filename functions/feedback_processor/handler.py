"""The Lambda function FeedbackProcessor: records what SES says of the emails sent."""

from __future__ import annotations

import functools
from typing import Any

from sesmail_layer.composition.feedback_processor import FeedbackProcessor
from sesmail_layer.runtime.batch import BatchResponse
from sesmail_layer.runtime.settings import Settings


@functools.cache
def _processor() -> FeedbackProcessor:
    return FeedbackProcessor(Settings.from_env())


def handler(event: dict[str, Any], _context: object) -> BatchResponse:
    """Handles a batch of SQS messages; names those that SQS should bring again."""
    return _processor().handle(event)
