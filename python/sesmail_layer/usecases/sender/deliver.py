"""One message's way to SES, when its turn comes: claim → send → record."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial

from sesmail_layer.domain.errors import HoldError, TransientError
from sesmail_layer.domain.ses.tags import encode_tags
from sesmail_layer.usecases.sender.claim import Claims
from sesmail_layer.usecases.sender.job import Job
from sesmail_layer.usecases.sender.ports import SendingPorts

_LEASE_EXTRA_SECONDS = 5.0


class Delivery:
    """Hands a batch's messages to SES; `sent` are those that it accepted."""

    def __init__(self, ports: SendingPorts, claims: Claims, deadline: float, turns_until: float) -> None:
        """`turns_until` (Unix seconds): the latest turn that leaves time for sending and recording."""
        self.ports = ports
        self.claims = claims
        self.deadline = deadline
        self.turns_until = turns_until
        self.sent: list[Job] = []

    def steps(self, rendered: Sequence[tuple[Job, bytes]]) -> list[tuple[Job, Callable[[], None]]]:
        """Gives each message the time from which it may go; what has no time any more goes back to the queue."""
        if not rendered:
            return []
        rate = self.ports.pacer.rate(self.ports.quota.quota())
        normal = [(job, raw) for job, raw in rendered if not job.bulk]
        times = self.ports.pacer.reserve([len(job.recipients) for job, _ in normal], rate, self.turns_until)
        steps: list[tuple[Job, Callable[[], None]]] = []
        for index, (job, raw) in enumerate(normal):
            at = times[index] if index < len(times) else None
            steps.append((job, partial(self._deliver, job, raw, at)))
        for job, raw in rendered:
            if job.bulk:
                steps.append((job, partial(self._deliver_bulk, job, raw, rate)))
        return steps

    def _deliver_bulk(self, job: Job, raw: bytes, rate: float) -> None:
        granted = self.ports.pacer.wait_for_bulk(len(job.recipients), rate, self.turns_until)
        self._deliver(job, raw, self.ports.clock.now() if granted else None)

    def _deliver(self, job: Job, raw: bytes, at: float | None) -> None:
        """Claim, send, record. From the claim on, a crash leaves a record that says so."""
        clock = self.ports.clock
        if at is None:
            raise HoldError("rate", delay_seconds=random.uniform(1, 10), deferred=False)
        clock.sleep(at - clock.now())
        self.ports.guard.check_again(job)
        claim = self.claims.take(job, lease_until=self.deadline + _LEASE_EXTRA_SECONDS)
        if claim is None:
            return
        job.claim = claim
        self.ports.kept.keep(job, claim)
        tags = encode_tags(job.email_id, claim.attempt, claim.template_name or "", job.envelope.source)
        try:
            ses_message_id = self.ports.mailer.send(raw, sender=job.sender, recipients=job.recipients, tags=tags)
        except TransientError:
            self.claims.release(job)  # Surely not sent: whoever gets the message next may send at once.
            raise
        self.sent.append(job)
        self.claims.sent(job, claim, ses_message_id)
