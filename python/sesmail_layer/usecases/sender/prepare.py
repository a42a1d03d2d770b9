"""Prepare an email: template, rendering, identity, attachments, MIME message."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from contextlib import AbstractContextManager

import msgspec

from sesmail_layer.domain.errors import OutOfTime, PermanentError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.message import File, compose, resolve_identity
from sesmail_layer.domain.request.email_request import Attachment
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.ports import Clock
from sesmail_layer.usecases.sender.job import Email
from sesmail_layer.usecases.sender.ports import AttachmentObjects, SendingRules, Templates

RENDER_SECONDS = 2.0
COMPILE_SECONDS = 8.0
"""At most; enough for the largest template on the smallest sender, once for a container."""


# MIME tools wrap base64 in lines; everything else outside its alphabet is an error.
_LINE_BREAKS = dict.fromkeys(map(ord, "\r\n\t "))


class PreparedMail(msgspec.Struct, frozen=True):
    """What SES is handed."""

    raw: bytes
    sender: str


class Preparation:
    """Prepares one batch's emails within the time that the batch has for it."""

    def __init__(
        self,
        templates: Templates,
        attachments: AttachmentObjects,
        clock: Clock,
        time_limit: Callable[[float], AbstractContextManager[None]],
        rules: SendingRules,
        seconds: float,
    ) -> None:
        """`seconds`: how long the batch's emails may be prepared."""
        self._templates = templates
        self._attachments = attachments
        self._clock = clock
        self._time_limit = time_limit
        self._rules = rules
        self._compile_seconds = max(RENDER_SECONDS, min(COMPILE_SECONDS, seconds // 2))
        self._last_start = clock.now() + seconds - self._compile_seconds - RENDER_SECONDS

    def has_time(self) -> bool:
        """Return True while one more email can be prepared and sent."""
        return self._clock.now() <= self._last_start

    def __call__(self, email: Email) -> PreparedMail:
        """Compose the message. Raises PermanentError, OutOfTime, TransientError."""
        request, rules = email.request, self._rules
        now = self._clock.now()
        if not self.has_time():
            # The templates before it took the time: there would be none left to send it.
            raise OutOfTime(random.uniform(1, 10))
        template = self._templates.load(request.template_name, request.locale, self._compile_seconds)
        email.sensitive = bool(request.sensitive) or template.metadata.sensitive
        data = {"year": int(utc_text(now)[:4]), **request.template_data}
        with self._time_limit(RENDER_SECONDS):
            rendered = template.render(data, request.subject)
        email.facts["subject"] = rendered.subject
        identity = resolve_identity(request, rendered, rules.default_sender_email, rules.default_sender_name)
        email.policy.check_sender(email.envelope.source, identity.email)
        raw = compose(
            request,
            rendered,
            identity,
            email_id=email.email_id,
            attempt=email.hop.attempt,
            now=now,
            cc=[address for address in request.cc if address in email.recipients],
            files=[self._file(index, one, email.policy) for index, one in enumerate(request.attachments)],
        )
        if len(raw) > rules.max_message_bytes:
            raise PermanentError(
                "attachment_error" if request.attachments else "validation_error",
                f"Validation error: attachments: the message is {len(raw)} bytes, at most "
                f"{rules.max_message_bytes} are allowed",
                code="VAL007",
            )
        return PreparedMail(raw, identity.email)

    def _file(self, index: int, attachment: Attachment, policy: ProducerPolicy) -> File:
        """Raises PermanentError `attachment_error`, and TransientError."""
        field = f"attachments[{index}]"
        if attachment.s3_uri is None:
            content = _decoded(attachment.content_base64 or "", field)
        elif policy.may_read(attachment.s3_uri):
            content = self._attachments.read(attachment.s3_uri, f"{field}.s3Uri", self._rules.max_message_bytes)
        else:
            message = f"Validation error: {field}.s3Uri: not under a prefix that this producer was given"
            raise PermanentError("attachment_error", message, code="ATT001")
        return File(attachment.filename, content, attachment.content_type, attachment.content_id)


def _decoded(text: str, field: str) -> bytes:
    try:
        return base64.b64decode(text.translate(_LINE_BREAKS), validate=True)
    except ValueError as err:
        message = f"Validation error: {field}.contentBase64: not base64"
        raise PermanentError("attachment_error", message, code="ATT002") from err
