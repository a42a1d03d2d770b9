"""Events `Email Cancel Requested`: a producer cancels its own emails, by `emailId` or by `tag`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.figures import Reached
from sesmail_layer.domain.guards.cancelling import PRODUCER, CancellationsFullError, CancelRule, kept_seconds
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.request.cancel_request import CancelDetail, parse_cancel
from sesmail_layer.domain.request.envelopes import check_envelope
from sesmail_layer.domain.request.refusals import Refusal
from sesmail_layer.domain.status_event import Outbox
from sesmail_layer.usecases.cancel import Outcome, cancel_email
from sesmail_layer.usecases.sender.job import CancelRequest
from sesmail_layer.usecases.sender.ports import SenderPorts, SendingRules
from sesmail_layer.usecases.sender.producer_guard import ProducerGuard
from sesmail_layer.usecases.sender.requeue import Requeue

_TIME_STEP_SECONDS = 1.0
"""EventBridge cuts an event's time to the second."""


class CancelRequests:
    """Carries out one batch's cancellations, before any email of the batch is looked at."""

    def __init__(
        self,
        ports: SenderPorts,
        rules: SendingRules,
        producers: ProducerGuard,
        requeue: Requeue,
        outbox: Outbox,
        reached: list[Reached],
    ) -> None:
        self._tracking = ports.tracking
        self._cancel_rules = ports.cancel_rules
        self._clock = ports.clock
        self._metrics = ports.metrics
        self._log = ports.log
        self._rules = rules
        self._producers = producers
        self._requeue = requeue
        self._outbox = outbox
        self._reached = reached

    def run(self, requests: Sequence[CancelRequest]) -> None:
        """Carry out each request; what AWS does not answer is tried again, what cannot be right is logged.

        After the first call without an answer the others are not made: they would use up the batch's time.
        """
        unanswered: TransientError | None = None
        for request in requests:
            source = request.envelope.source
            try:
                if unanswered:
                    raise unanswered
                check_envelope(request.envelope, request.message.body, self._rules.max_request_bytes)
                self._cancel(request, parse_cancel(request.envelope.detail), source)
            except TransientError as err:
                unanswered = err
                self._requeue.retry(request, err, "cancel.failed", failing=True)
            except Refusal as err:
                self._reject(source, err.message, err.code)
            except CancellationsFullError as err:
                self._reject(source, f"Cancellation rejected: {err}; cancel by emailId, or wait", "CAN002")

    def _cancel(self, request: CancelRequest, detail: CancelDetail, source: str) -> None:
        now = self._clock.now()
        about: dict[str, Any] = {"source": source}
        if detail.email_id is not None:
            done = cancel_email(
                self._tracking,
                detail.email_id,
                source,
                by=PRODUCER,
                now=now,
                retention_days=self._rules.retention_days,
            )
            # Before its request there is no email to report on.
            if done.record.request_event_id:
                self._outbox.add(done.record, done.transitions, [request.message.message_id])
            if done.outcome is Outcome.CANCELLED:
                self._reached.append((done.record, [Status.FAILED]))
                self._metrics.count("EmailFailed")
            about |= {"email_id": done.record.email_id, "outcome": done.outcome}
        else:
            rule = CancelRule(before=_asked_before(request), tag=detail.tag, by=PRODUCER)
            self._cancel_rules.add_rule(source, rule, kept_seconds=kept_seconds(self._rules.max_schedule_days))
            self._producers.forget_cancellations(source)
            about |= {"tag": detail.tag}
        self._metrics.count("CancelRequested")
        self._log.info("cancel.requested", **about)

    def _reject(self, source: str, message: str, code: str) -> None:
        self._metrics.count("CancelRejected")
        self._log.error("cancel.rejected", message=message, code=code, source=source)


def _asked_before(request: CancelRequest) -> float:
    """Return the Unix time before which emails were requested: the event's own, where it arrives late."""
    accepted_at, asked_at = request.hop.accepted_at, request.envelope.asked_at
    return min(accepted_at, asked_at + _TIME_STEP_SECONDS) if asked_at else accepted_at
