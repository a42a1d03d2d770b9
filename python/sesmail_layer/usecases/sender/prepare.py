"""Everything about an email that can fail without SES: refusals, rules, times, template, message."""

from __future__ import annotations

import random

from sesmail_layer.domain.errors import HoldError, PermanentError
from sesmail_layer.domain.message import compose, resolve_identity
from sesmail_layer.domain.times import utc_seconds, utc_text
from sesmail_layer.usecases.sender.job import Job
from sesmail_layer.usecases.sender.ports import SendingPorts, SendingRules

RENDER_SECONDS = 2.0
COMPILE_SECONDS = 8.0
"""At most; so long that the largest template compiles on the smallest sender, once for a container."""
_QUOTA_SECONDS = 300.0
_CLOCKS_DIFFER_SECONDS = 1.0


class Preparation:
    """Turns a job into the message that SES is handed."""

    def __init__(self, ports: SendingPorts, rules: SendingRules, seconds: float) -> None:
        """`seconds`: how long the batch's emails may be prepared."""
        self.ports = ports
        self.rules = rules
        self.compile_seconds = max(RENDER_SECONDS, min(COMPILE_SECONDS, seconds // 2))
        self.last_start = ports.clock.now() + seconds - self.compile_seconds - RENDER_SECONDS

    def __call__(self, job: Job) -> bytes:
        """Gives the raw message. Raises PermanentError, HoldError, TransientError."""
        if job.refusal is not None or job.request is None:
            raise job.refusal or PermanentError("validation_error", "Validation error: no request", code="VAL005")
        request = job.request
        now = self.ports.clock.now()
        if job.hop.not_before - now > _CLOCKS_DIFFER_SECONDS:
            raise HoldError("soft_bounce_retry", delay_seconds=job.hop.not_before - now, deferred=False)
        self.ports.guard.check_request(job)
        if request.expires_at and now >= utc_seconds(request.expires_at):
            raise PermanentError("expired", f"Email not sent: expired at {request.expires_at}", code="EXP001")
        if request.send_at and now < utc_seconds(request.send_at):
            raise HoldError("scheduled", delay_seconds=utc_seconds(request.send_at) - now)
        self._check_daily_quota(job)
        if now > self.last_start:
            # The templates before it took as long as they may: its turn would come when there is no time to send.
            raise HoldError("time", delay_seconds=random.uniform(1, 10), deferred=False)
        template = self.ports.templates.load(request.template_name, request.locale, self.compile_seconds)
        job.sensitive = bool(request.sensitive) or template.metadata.sensitive
        data = {"year": int(utc_text(now)[:4]), **request.template_data}
        with self.ports.time_limit(RENDER_SECONDS):
            rendered = template.render(data, request.subject)
        job.subject = rendered.subject
        identity = resolve_identity(request, rendered, self.rules.default_sender_email, self.rules.default_sender_name)
        job.sender = identity.email
        job.policy.check_sender(job.envelope.source, identity.email)
        raw = compose(
            request,
            rendered,
            identity,
            email_id=job.email_id,
            attempt=job.hop.attempt,
            now=now,
            cc=job.copies("cc"),
            files=job.files(self.ports.attachments, self.rules.max_message_bytes),
        )
        if len(raw) > self.rules.max_message_bytes:
            kind = "attachment_error" if request.attachments else "validation_error"
            raise PermanentError(
                kind,
                f"Validation error: attachments: the message is {len(raw)} bytes, at most "
                f"{self.rules.max_message_bytes} are allowed",
                code="VAL007",
            )
        self.ports.guard.admit_probe(job)
        return raw

    def _check_daily_quota(self, job: Job) -> None:
        quota = self.ports.quota.quota()
        if quota is None:
            return
        if quota.share_left <= (self.rules.daily_quota_reserve if job.bulk else 0.0):
            raise HoldError("daily_quota", delay_seconds=_QUOTA_SECONDS)
