"""The FeedbackProcessor function, put together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sesmail_layer.aws.alarm_states import AlarmStates
from sesmail_layer.aws.call_limit import CallLimit
from sesmail_layer.aws.clients import client, limits_of
from sesmail_layer.aws.daily_figures import DailyFigures
from sesmail_layer.aws.feedback_progress import OutstandingNotes
from sesmail_layer.aws.pending_table import PendingTable
from sesmail_layer.aws.producer_states import ProducerStates
from sesmail_layer.aws.queues import DeadLetterQueues, DelayQueue
from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.aws.status_bus import StatusBus
from sesmail_layer.aws.suppression_table import SuppressionTable
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.guards.breaker import SES_ALARMS, Limits
from sesmail_layer.domain.guards.cancelling import Cancellations
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.guards.suppression import Suppression
from sesmail_layer.domain.record.soft_bounce_run import PastEmail
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.envelopes import Hop, RawEnvelope, RequestEnvelope
from sesmail_layer.domain.status_event import StatusEvent
from sesmail_layer.runtime import batch
from sesmail_layer.runtime.clock import SystemClock
from sesmail_layer.runtime.logging import configure
from sesmail_layer.runtime.metrics import EmfMetrics
from sesmail_layer.runtime.parallel import RunAll, prepare_types, run_all
from sesmail_layer.runtime.settings import Settings
from sesmail_layer.usecases.feedback.batch import RecordFeedback
from sesmail_layer.usecases.feedback.ports import FeedbackPorts, FeedbackRules
from sesmail_layer.usecases.feedback.record_email import FeedbackTime
from sesmail_layer.usecases.feedback.requeue import FeedbackHop

_RETRY_FAILED = "Failed to schedule retry"


class FeedbackProcessor:
    """Made once for a container, called for every invocation."""

    def __init__(self, settings: Settings) -> None:
        self._run_all: RunAll = run_all
        if settings.tracing:
            from sesmail_layer.runtime.tracing import enable_tracing

            self._run_all = enable_tracing(run_all)
        prepare_types(Hop, RawEnvelope, RequestEnvelope, FeedbackHop)
        prepare_types(TrackingRecord, PastEmail, StatusEvent, Suppression, SendingState, ProducerPolicy, Cancellations)
        self._metrics = EmfMetrics(settings.name, settings.function_name)
        self._clock = SystemClock()
        self._calls = CallLimit(self._clock.now)
        rules = _rules(settings)
        self._call_seconds = rules.call_seconds
        self._record = RecordFeedback(self._ports(settings), rules)

    def handle(self, event: Mapping[str, Any], seconds_left: float) -> batch.BatchResponse:
        now = self._clock.now()
        deadline = now + seconds_left
        self._calls.last_start = FeedbackTime.until(deadline, now, self._call_seconds).act
        try:
            return batch.response(self._record(batch.messages(event), deadline))
        finally:
            self._metrics.flush()

    def _ports(self, settings: Settings) -> FeedbackPorts:
        clock, limit = self._clock, self._calls.attach
        connect = partial(client, function_seconds=settings.timeout_seconds)
        # SQS's calls have no limit: what has no time left is requeued. Nor have announcements: each follows the write
        # that it announces, and no other worker repeats it.
        dynamodb, sqs = connect("dynamodb", prepare=limit), connect("sqs")
        log = configure(settings.log_level, function="FeedbackProcessor", environment=settings.environment)
        bus_name, source = settings.event_bus_name, settings.status_event_source
        return FeedbackPorts(
            tracking=TrackingTable(dynamodb, settings.tracking_table),
            suppression=SuppressionTable(dynamodb, settings.suppression_table, clock),
            producer_states=ProducerStates(dynamodb, settings.control_table),
            sending_counts=SendingCounts(dynamodb, settings.control_table),
            figures=DailyFigures(dynamodb, settings.control_table, count_of=self._metrics.count_of, clock=clock.now),
            alarm_states=AlarmStates(dynamodb, settings.control_table, connect("cloudwatch", prepare=limit)),
            pending=PendingTable(dynamodb, settings.pending_table, clock),
            retry_queue=DelayQueue(sqs, settings.retry_queue_url, failure=_RETRY_FAILED, code="FBK005"),
            feedback_queue=DelayQueue(
                sqs,
                settings.feedback_queue_url,
                failure="Failed to put the event on the feedback queue",
                code="QUE003",
                run_all=self._run_all,
            ),
            dead_letters=DeadLetterQueues(sqs, settings.dead_letter_urls, self._run_all),
            progress=OutstandingNotes(dynamodb, settings.control_table, run_all=self._run_all),
            run_all=self._run_all,
            bulk_retry_queue=DelayQueue(sqs, settings.bulk_retry_queue_url, failure=_RETRY_FAILED, code="FBK005"),
            bus=StatusBus(connect("events", prepare=limit), bus_name, source, run_all=self._run_all),
            sending_bus=StatusBus(connect("events"), bus_name, source),
            clock=clock,
            metrics=self._metrics,
            log=log,
        )


def _limits(settings: Settings) -> Limits:
    return Limits(
        bounce_rate=settings.bounce_rate_pause_threshold,
        complaint_rate=settings.complaint_rate_pause_threshold,
        min_emails=settings.breaker_min_emails,
        min_bounces=settings.breaker_min_bounces,
        min_complaints=settings.breaker_min_complaints,
        cooldown_seconds=settings.breaker_cooldown_minutes * 60,
        pauses=settings.breaker_mode == "pause",
    )


def _rules(settings: Settings) -> FeedbackRules:
    return FeedbackRules(
        topic_arn=settings.feedback_topic_arn,
        alarm_topic_arn=settings.alarm_topic_arn,
        alarms={f"{settings.name}-{end}": measured for end, measured in SES_ALARMS.items()},
        soft_bounce_threshold=settings.consecutive_soft_bounce_threshold,
        soft_bounce_retries=settings.soft_bounce_retries,
        soft_bounce_retry_delay_seconds=settings.soft_bounce_retry_delay_seconds,
        not_spam_lifts_suppression=settings.not_spam_lifts_suppression,
        limits=_limits(settings),
        call_seconds=limits_of("dynamodb", settings.timeout_seconds).call_seconds,
    )
