"""The FeedbackProcessor function, put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3

from sesmail_layer.aws.status_bus import StatusBus
from sesmail_layer.aws.suppression_table import SuppressionTable
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.runtime import batch
from sesmail_layer.runtime.clock import SystemClock
from sesmail_layer.runtime.logging import configure
from sesmail_layer.runtime.metrics import EmfMetrics
from sesmail_layer.runtime.settings import Settings
from sesmail_layer.usecases.record_feedback import FeedbackPorts, FeedbackRules, RecordFeedback


class FeedbackProcessor:
    """Made once for a container, called for every invocation."""

    def __init__(self, settings: Settings) -> None:
        if settings.tracing:
            from sesmail_layer.runtime.tracing import enable_tracing

            enable_tracing()
        self._metrics = EmfMetrics(settings.name, settings.function_name)
        self._record = RecordFeedback(self._ports(settings), _rules(settings))

    def handle(self, event: Mapping[str, Any]) -> batch.BatchResponse:
        try:
            return batch.response(self._record(batch.messages(event)))
        finally:
            self._metrics.flush()

    def _ports(self, settings: Settings) -> FeedbackPorts:
        clock = SystemClock()
        dynamodb = boto3.client("dynamodb")
        return FeedbackPorts(
            tracking=TrackingTable(dynamodb, settings.tracking_table),
            suppression=SuppressionTable(dynamodb, settings.suppression_table, clock),
            bus=StatusBus(boto3.client("events"), settings.event_bus_name, settings.status_event_source),
            clock=clock,
            metrics=self._metrics,
            log=configure(settings.log_level, function="FeedbackProcessor", environment=settings.environment),
        )


def _rules(settings: Settings) -> FeedbackRules:
    return FeedbackRules(
        topic_arn=settings.feedback_topic_arn,
        soft_bounce_threshold=settings.consecutive_soft_bounce_threshold,
        not_spam_lifts_suppression=settings.not_spam_lifts_suppression,
    )
