"""The proofs see defects: each of these, planted in the engine, fails within the seeds of test_claim_protocol.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError, TransientError
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.ses.tags import encode_tags
from sesmail_layer.domain.status_event import Outbox
from sesmail_layer.usecases.feedback import batch as feedback_batch
from sesmail_layer.usecases.feedback.record_email import EmailFeedback, FeedbackMessage, FeedbackResult
from sesmail_layer.usecases.retry import KeptRequests
from sesmail_layer.usecases.sender.claim import Claims
from sesmail_layer.usecases.sender.deliver import Delivery
from sesmail_layer.usecases.sender.requeue import Requeue
from tools.simulation.claim_worlds import first_failure, prove_interleaving, prove_random_world
from tools.simulation.fakes import FakeTrackingTable
from tools.simulation.ses import SimulatedSes

Plant = Callable[[pytest.MonkeyPatch], None]
SEEDS = range(500)


def writes_without_condition(plant: pytest.MonkeyPatch) -> None:
    """Claims, and all other writes, replace whatever is there."""

    def put(table: FakeTrackingTable, record: TrackingRecord) -> None:
        table.records[record.email_id] = record.next_revision()

    plant.setattr(FakeTrackingTable, "create", put)
    plant.setattr(FakeTrackingTable, "replace", put)


def claim_without_lease(plant: pytest.MonkeyPatch) -> None:
    claim = Claims.claim
    plant.setattr(Claims, "claim", lambda self, email, _until: claim(self, email, 0.0))


def lease_ends_before_the_invocation(plant: pytest.MonkeyPatch) -> None:
    """And nothing waits for the event of the claim, so that the lease alone protects a slow worker."""
    resend_without_settle_wait(plant)
    claim = Claims.claim
    plant.setattr(Claims, "claim", lambda self, email, until: claim(self, email, until - 34))


def resend_without_settle_wait(plant: pytest.MonkeyPatch) -> None:
    init = Claims.__init__

    def without(self: Claims, *args: Any, **options: Any) -> None:
        init(self, *args, **options | {"settle_seconds": 0.0})

    plant.setattr(Claims, "__init__", without)


def resend_while_events_are_unread(plant: pytest.MonkeyPatch) -> None:
    plant.setattr("sesmail_layer.usecases.sender.claim.is_settled", lambda *_args: True)


def resend_although_an_earlier_attempt_arrived(plant: pytest.MonkeyPatch) -> None:
    plant.setattr("sesmail_layer.domain.record.claims.accepted_earlier", lambda _record: None)


def resend_as_the_same_attempt(plant: pytest.MonkeyPatch) -> None:
    after_unknown = Claims._attempt_after_unknown

    def same(self: Claims, job: Any, record: TrackingRecord, status: Any) -> int:
        return min(record.attempt, after_unknown(self, job, record, status))

    plant.setattr(Claims, "_attempt_after_unknown", same)


def timeout_counts_as_not_sent(plant: pytest.MonkeyPatch) -> None:
    send = SimulatedSes.send

    def not_sent(self: SimulatedSes, *args: Any, **options: Any) -> str:
        try:
            return send(self, *args, **options)
        except OutcomeUnknownError as err:
            raise TransientError("timeout", code="SES009") from err

    plant.setattr(SimulatedSes, "send", not_sent)


def send_before_claim(plant: pytest.MonkeyPatch) -> None:
    """The claim is written when SES has the mail."""

    def send(self: Delivery, email: Any, mail: Any) -> Any:
        tags = encode_tags(email.email_id, 1, "welcome", email.envelope.source)
        message_id = self._mailer.send(
            mail.compose(), sender=mail.sender, recipients=email.recipients, tags=tags, tenant=""
        )
        claim = self._claims.claim(email, self._lease_until(0))
        return None if claim is None else (claim, message_id)

    plant.setattr(Delivery, "_send", send)


def failures_are_acknowledged(plant: pytest.MonkeyPatch) -> None:
    """The sender acknowledges what it has not recorded."""
    plant.setattr(Requeue, "report_failure", lambda *_args, **_keys: None)


def feedback_failures_are_acknowledged(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(feedback_batch._Batch, "_retry_later", lambda *_args: None)


def redelivery_publishes_nothing(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Claims, "_republish", lambda *_args: None)


def feedback_redelivery_publishes_nothing(plant: pytest.MonkeyPatch) -> None:
    record = EmailFeedback.record

    def once(self: EmailFeedback, known: TrackingRecord, messages: Sequence[FeedbackMessage], others: Any) -> Any:
        messages = [msgspec.structs.replace(message, maybe_unpublished=False) for message in messages]
        return record(self, known, messages, others)

    plant.setattr(EmailFeedback, "record", once)


def publish_before_the_fold(plant: pytest.MonkeyPatch) -> None:
    record = feedback_batch._Batch._record

    def publish_first(self: Any, email_id: str | None, messages: Sequence[FeedbackMessage]) -> None:
        if (known := self._records.get(email_id or "")) is not None:
            folded = self._emails._fold(known, messages, ())
            outbox = Outbox()
            outbox.add(folded.record, folded.transitions_to_act_on, [])
            self._bus.publish(outbox.take())
        record(self, email_id, messages)

    plant.setattr(feedback_batch._Batch, "_record", publish_first)


def suppression_after_the_fold(plant: pytest.MonkeyPatch) -> None:
    record = EmailFeedback.record

    class Later:
        def __init__(self) -> None:
            self.calls: list[tuple[Any, ...]] = []

        def apply(self, *args: Any) -> None:
            self.calls.append(args)

    def fold_first(
        self: EmailFeedback, known: TrackingRecord, messages: Any, others: Iterable[TrackingRecord]
    ) -> FeedbackResult:
        suppression, later = self._suppression, Later()
        self._suppression = later  # type: ignore[assignment]
        try:
            return record(self, known, messages, others)
        finally:
            self._suppression = suppression
            for args in later.calls:
                suppression.apply(*args)

    plant.setattr(EmailFeedback, "record", fold_first)


def every_soft_bounce_is_retried(plant: pytest.MonkeyPatch) -> None:
    init = KeptRequests.__init__
    plant.setattr(KeptRequests, "__init__", lambda self, pending, log, *, retries: init(self, pending, log, retries=9))


PLANTS: list[Plant] = [
    writes_without_condition,
    claim_without_lease,
    lease_ends_before_the_invocation,
    resend_without_settle_wait,
    resend_while_events_are_unread,
    resend_although_an_earlier_attempt_arrived,
    resend_as_the_same_attempt,
    timeout_counts_as_not_sent,
    send_before_claim,
    failures_are_acknowledged,
    feedback_failures_are_acknowledged,
    redelivery_publishes_nothing,
    feedback_redelivery_publishes_nothing,
    publish_before_the_fold,
    suppression_after_the_fold,
    every_soft_bounce_is_retried,
]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_defect_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    assert first_failure(prove_random_world, SEEDS) or first_failure(prove_interleaving, SEEDS)
