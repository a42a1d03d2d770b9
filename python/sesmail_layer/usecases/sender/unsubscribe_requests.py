"""Events `Email Unsubscribe Requested`: a recipient left on a producer's own page, or by a call to its support."""

from __future__ import annotations

from collections.abc import Sequence

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.request.envelopes import check_envelope
from sesmail_layer.domain.request.refusals import Refusal
from sesmail_layer.domain.request.unsubscribe_request import UnsubscribeDetail, parse_unsubscribe
from sesmail_layer.usecases.cancel import record_key
from sesmail_layer.usecases.sender.job import UnsubscribeRequest
from sesmail_layer.usecases.sender.ports import SenderPorts, SendingRules
from sesmail_layer.usecases.sender.requeue import Requeue
from sesmail_layer.usecases.subscriptions import Subscriptions


class UnsubscribeRequests:
    """Carries out one batch's unsubscriptions, before any email of the batch is looked at."""

    def __init__(self, ports: SenderPorts, rules: SendingRules, requeue: Requeue) -> None:
        self._subscriptions = Subscriptions(ports.suppression, ports.bus, ports.clock, ports.metrics, ports.log)
        self._tracking = ports.tracking
        self._metrics = ports.metrics
        self._log = ports.log
        self._rules = rules
        self._requeue = requeue

    def run(self, requests: Sequence[UnsubscribeRequest]) -> None:
        """Carry out each request; what AWS does not answer is tried again, what cannot be right is logged."""
        unanswered: TransientError | None = None
        for request in requests:
            source = request.envelope.source
            try:
                if unanswered:
                    raise unanswered
                check_envelope(request.envelope, request.message.body, self._rules.max_request_bytes)
                self._unsubscribe(parse_unsubscribe(request.envelope.detail), source)
            except TransientError as err:
                unanswered = err
                self._requeue.retry(request, err, "unsubscribe.failed", failing=True)
            except Refusal as err:
                self._metrics.count("UnsubscribeRejected")
                self._log.error("unsubscribe.rejected", message=err.message, code=err.code, source=source)

    def _unsubscribe(self, detail: UnsubscribeDetail, source: str) -> None:
        if detail.email is not None:
            self._subscriptions.leave(detail.email, detail.topic, source=source, by="producer")
            return
        record = record_key(self._tracking, detail.email_id or "", source)[1]
        if record is None or not record.to_email:
            raise Refusal(
                f"emailId: found '{detail.email_id}', which no email of this source has; allowed: the emailId of a "
                "request that arrived within data_retention_days, or email",
                code="UNS002",
            )
        topic = record.topic or record.template_name
        self._subscriptions.leave(record.to_email, topic, source=source, by="producer", record=record)
