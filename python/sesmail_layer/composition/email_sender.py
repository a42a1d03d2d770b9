"""The EmailSender function, put together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from sesmail_layer.aws.attachment_objects import AttachmentObjects
from sesmail_layer.aws.cancel_rules import CancelRules
from sesmail_layer.aws.cap_counters import CapCounters
from sesmail_layer.aws.clients import SesClients, client
from sesmail_layer.aws.daily_figures import DailyFigures
from sesmail_layer.aws.feedback_progress import FeedbackProgress
from sesmail_layer.aws.pending_table import PendingTable
from sesmail_layer.aws.producer_states import ProducerStates
from sesmail_layer.aws.queues import DeadLetterQueues, DelayQueue
from sesmail_layer.aws.quota_cache import QuotaCache
from sesmail_layer.aws.rate_bucket import RateBucket
from sesmail_layer.aws.secret_keys import SecretKeys
from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.aws.ses_mailer import SesMailer, SesV2Mailer
from sesmail_layer.aws.ses_quota import SesQuota
from sesmail_layer.aws.status_bus import StatusBus
from sesmail_layer.aws.suppression_table import SuppressionTable
from sesmail_layer.aws.template_bucket import TemplateBucket
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.guards.cancelling import Cancellations
from sesmail_layer.domain.guards.pacing import Quota
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.guards.suppression import Suppression
from sesmail_layer.domain.record.soft_bounce_run import PastEmail
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.email_request import EmailRequest
from sesmail_layer.domain.request.envelopes import HOP_KB, Hop, RawEnvelope, RequestEnvelope
from sesmail_layer.domain.status_event import StatusEvent
from sesmail_layer.domain.template.templates import TemplateMetadata
from sesmail_layer.runtime import batch
from sesmail_layer.runtime.clock import SystemClock
from sesmail_layer.runtime.logging import configure
from sesmail_layer.runtime.metrics import EmfMetrics
from sesmail_layer.runtime.parallel import BytesInFlight, RunAll, prepare_types, run_all
from sesmail_layer.runtime.settings import Settings
from sesmail_layer.runtime.time_limit import time_limit
from sesmail_layer.usecases.sender.batch import SendEmails
from sesmail_layer.usecases.sender.ports import Mailer, SenderPorts, SendingRules, UnsubscribeUrlOf

if TYPE_CHECKING:
    from sesmail_layer.domain.guards.delivery_mode import RestrictedDelivery

_REQUEUE_FAILED = "Failed to put the email on the retry queue"


class EmailSender:
    """Made once for a container, called for every invocation."""

    def __init__(self, settings: Settings) -> None:
        self._run_all: RunAll = run_all
        if settings.tracing:
            from sesmail_layer.runtime.tracing import enable_tracing

            self._run_all = enable_tracing(run_all)
        prepare_types(Hop, RawEnvelope, RequestEnvelope, EmailRequest, TemplateMetadata)
        prepare_types(TrackingRecord, PastEmail, StatusEvent, Suppression, SendingState, ProducerPolicy, Quota)
        prepare_types(Cancellations)
        self._metrics = EmfMetrics(settings.name, settings.function_name)
        self._clock = SystemClock()
        self._send = SendEmails(self._ports(settings), _rules(settings))

    def handle(self, event: Mapping[str, Any], seconds_left: float) -> batch.BatchResponse:
        try:
            return batch.response(self._send(batch.messages(event), self._clock.now() + seconds_left))
        finally:
            self._metrics.flush()

    def _ports(self, settings: Settings) -> SenderPorts:
        clock = self._clock
        log = configure(settings.log_level, function="EmailSender", environment=settings.environment)
        connect = partial(client, function_seconds=settings.timeout_seconds)
        dynamodb, s3, sqs = connect("dynamodb"), connect("s3"), connect("sqs")
        control_table = settings.control_table
        keys = SecretKeys(connect("ssm"), settings.name, clock)
        return SenderPorts(
            tracking=TrackingTable(dynamodb, settings.tracking_table),
            suppression=SuppressionTable(dynamodb, settings.suppression_table, clock, keys.tombstones_of),
            pending=PendingTable(dynamodb, settings.pending_table, clock),
            producer_states=ProducerStates(dynamodb, control_table),
            cancel_rules=CancelRules(dynamodb, control_table),
            cap_counters=CapCounters(dynamodb, control_table),
            sending_counts=SendingCounts(dynamodb, control_table),
            figures=DailyFigures(dynamodb, control_table, count_of=self._metrics.count_of, clock=clock.now),
            rate_bucket=RateBucket(dynamodb, control_table),
            quota_cache=QuotaCache(dynamodb, control_table),
            quota_api=SesQuota(connect("ses"), clock),
            templates=TemplateBucket(s3, settings.template_bucket, clock, time_limit),
            attachments=AttachmentObjects(s3),
            mailer=_mailer(settings),
            bus=StatusBus(
                connect("events"), settings.event_bus_name, settings.status_event_source, run_all=self._run_all
            ),
            retry_queue=DelayQueue(sqs, settings.retry_queue_url, failure=_REQUEUE_FAILED, code="QUE001"),
            bulk_retry_queue=DelayQueue(sqs, settings.bulk_retry_queue_url, failure=_REQUEUE_FAILED, code="QUE001"),
            bulk_queue=DelayQueue(
                sqs, settings.bulk_queue_url, failure="Failed to forward the email to the bulk queue", code="QUE002"
            ),
            dead_letters=DeadLetterQueues(sqs, settings.dead_letter_urls),
            progress=FeedbackProgress(dynamodb, control_table, connect("sns"), settings.feedback_topic_arn),
            clock=clock,
            metrics=self._metrics,
            log=log,
            fingerprint=keys.fingerprint,
            tombstones_of=keys.tombstones_of,
            unsubscribe_url_of=_unsubscribe_links(settings, keys),
            time_limit=time_limit,
            run_all=self._run_all,
            # One message of the largest size at once, or many small ones: Terraform checks the memory against it.
            bytes_in_flight=BytesInFlight(_max_message_bytes(settings)).reserve,
        )


def _mailer(settings: Settings) -> Mailer:
    seconds = settings.timeout_seconds
    if settings.ses_api == "v1":
        return SesMailer(SesClients("ses", "SendRawEmail", seconds), settings.configuration_set)
    return SesV2Mailer(SesClients("sesv2", "SendEmail", seconds), settings.configuration_set)


def _unsubscribe_links(settings: Settings, keys: SecretKeys) -> UnsubscribeUrlOf | None:
    if not settings.unsubscribe_url:
        return None
    from sesmail_layer.domain.unsubscribe.links import sign

    def url_of(record_id: str, source: str, address: str) -> str:
        token = sign(keys.unsubscribe_keys()[0], record_id=record_id, source=source, address=address)
        return f"{settings.unsubscribe_url}/u/{token}"

    return url_of


def _max_message_bytes(settings: Settings) -> int:
    return int(settings.max_message_mb * 1024 * 1024)


def _rules(settings: Settings) -> SendingRules:
    return SendingRules(
        default_sender_email=settings.default_sender_email,
        default_sender_name=settings.default_sender_name,
        brand=settings.brand_variables,
        retention_days=settings.data_retention_days,
        refuse_unknown_fields=settings.unknown_fields == "refuse",
        max_request_bytes=(settings.max_request_kb - HOP_KB) * 1024,
        max_message_bytes=_max_message_bytes(settings),
        max_schedule_days=settings.max_schedule_days,
        max_hold_seconds=settings.max_hold_hours * 3600,
        max_send_rate=settings.max_send_rate,
        rate_utilisation=settings.rate_utilisation,
        bulk_rate_share=settings.bulk_rate_share,
        daily_quota_reserve=settings.daily_quota_reserve,
        claim_settle_seconds=settings.claim_settle_seconds,
        resend_unknown=settings.on_unknown_outcome == "resend",
        breaker_cooldown_seconds=settings.breaker_cooldown_minutes * 60,
        soft_bounce_retries=settings.soft_bounce_retries,
        bulk_requires_unsubscribe=settings.bulk_requires_unsubscribe,
        delivery=_delivery(settings),
    )


def _delivery(settings: Settings) -> RestrictedDelivery | None:
    if settings.delivery_mode == "live":
        return None
    from sesmail_layer.domain.guards.delivery_mode import RestrictedDelivery

    return RestrictedDelivery.of(settings.delivery_mode, settings.delivery_to, settings.delivery_allow.split(","))
