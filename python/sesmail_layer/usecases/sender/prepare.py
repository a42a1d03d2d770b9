"""Prepare an email: template, rendering, identity; then, at its send time, attachments and MIME message."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.guards.producers import ProducerPolicy, check_role_may_send
from sesmail_layer.domain.message import File, Identity, compose, resolve_identity
from sesmail_layer.domain.request.email_request import Attachment, ListUnsubscribe
from sesmail_layer.domain.request.envelopes import TEST_SOURCE
from sesmail_layer.domain.template.templates import Rendered
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.sender.job import Email
from sesmail_layer.usecases.sender.ports import SenderPorts, SendingRules

RENDER_SECONDS = 2.0
COMPILE_SECONDS = 8.0
"""At most; enough for the largest template on the smallest sender, once for a container."""


LINK_VARIABLES = ("unsubscribeUrl", "unsubscribeLink")
"""Template variables that hold the engine's own link; the starters have the second one."""

# MIME tools wrap base64 in lines; everything else outside its alphabet is an error.
_LINE_BREAKS = dict.fromkeys(map(ord, "\r\n\t "))


class PreparedMail(msgspec.Struct, frozen=True):
    """An email without the bytes of its message: ten of those do not fit into the function's memory."""

    sender: str
    size: int
    """Bytes that the message has, about."""
    seconds: float
    """How long its preparation took."""
    compose: Callable[[], bytes]
    """Reads the attachments and returns the message. Raises PermanentError, TransientError."""


class Preparation:
    """Prepares one batch's emails within the time that the batch has for it."""

    def __init__(self, ports: SenderPorts, rules: SendingRules, seconds: float) -> None:
        """`seconds`: how long the batch's emails may be prepared; none is begun after `last_start` (Unix seconds)."""
        self._templates = ports.templates
        self._attachments = ports.attachments
        self._clock = ports.clock
        self._time_limit = ports.time_limit
        self._unsubscribe_url_of = ports.unsubscribe_url_of
        self._rules = rules
        self._compile_seconds = max(RENDER_SECONDS, min(COMPILE_SECONDS, seconds // 2))
        self.last_start = ports.clock.now() + seconds - self._compile_seconds - RENDER_SECONDS

    def __call__(self, email: Email) -> PreparedMail:
        """Render the email and check what can be checked unread. Raises PermanentError, TransientError."""
        request, rules, began = email.request, self._rules, self._clock.now()
        if email.envelope.source == TEST_SOURCE:
            # Who has just installed a template wants to see that one.
            self._templates.recheck(request.template_name, request.locale)
        template = self._templates.load(request.template_name, request.locale, self._compile_seconds)
        # The retry of a redirected email could come when the mode is `live` again.
        redirected = email.redirection is not None
        email.sensitive = bool(request.sensitive) or template.metadata.sensitive or redirected
        defaults = {**rules.brand, "year": int(utc_text(self._clock.now())[:4])}
        unsubscribe = None
        if email.bulk or request.list_unsubscribe is not None:
            unsubscribe = self._unsubscribe(email)
            if request.list_unsubscribe is True:
                defaults |= dict.fromkeys(LINK_VARIABLES, unsubscribe.url if unsubscribe else None)
        with self._time_limit(RENDER_SECONDS):
            rendered = template.render(request.template_data, request.subject, defaults)
        email.facts["subject"] = rendered.subject
        identity = resolve_identity(request, rendered, rules.default_sender_email, rules.default_sender_name)
        email.policy.check_sender(email.envelope.source, identity.email)
        if email.role_senders is not None:
            check_role_may_send(identity, email.role_senders)
        size = self._check_attachments(request.attachments, email.policy)
        size += len(rendered.html.encode()) + len(rendered.text.encode())
        return PreparedMail(
            identity.email,
            min(size, rules.max_message_bytes),
            self._clock.now() - began,
            partial(self._compose, email, rendered, identity, unsubscribe),
        )

    def _unsubscribe(self, email: Email) -> ListUnsubscribe | None:
        from sesmail_layer.usecases.sender.unsubscribe_links import unsubscribe_of  # Not in every cold start.

        return unsubscribe_of(email, self._unsubscribe_url_of, self._rules)

    def _check_attachments(self, attachments: Sequence[Attachment], policy: ProducerPolicy) -> int:
        """Return the bytes that the attachments take in the message, unread. Raises PermanentError, TransientError."""
        limit = self._rules.max_message_bytes
        size = sum(len(one.content_base64 or "") for one in attachments)
        if size > limit:
            raise _too_large(size, limit, attachments=True)
        for index, one in enumerate(attachments):
            field = f"attachments[{index}]"
            if one.s3_uri is None:
                _decoded(one.content_base64 or "", field)
                continue
            if not policy.may_read(one.s3_uri):
                message = f"Validation error: {field}.s3Uri: not under a prefix that this producer was given"
                raise PermanentError("attachment_error", message, code="ATT001")
            size += _encoded_size(self._attachments.size(one.s3_uri, f"{field}.s3Uri", _most_bytes(limit - size)))
        return size

    def _compose(
        self, email: Email, rendered: Rendered, identity: Identity, unsubscribe: ListUnsubscribe | None
    ) -> bytes:
        request, limit = email.request, self._rules.max_message_bytes
        raw = compose(
            request,
            rendered,
            identity,
            email_id=email.email_id,
            attempt=email.hop.attempt,
            now=self._clock.now(),
            cc=[address for address in request.cc if address in email.recipients],
            redirection=email.redirection,
            bulk=email.bulk,
            unsubscribe=unsubscribe,
            files=self._read(request.attachments),
        )
        if len(raw) > limit:
            raise _too_large(len(raw), limit, attachments=bool(request.attachments))
        return raw

    def _read(self, attachments: Sequence[Attachment]) -> list[File]:
        """Read no more than one message may have: an object in S3 may have changed since it was weighed.

        Raises PermanentError `attachment_error`, and TransientError.
        """
        left = self._rules.max_message_bytes
        files = []
        for index, one in enumerate(attachments):
            field = f"attachments[{index}]"
            if one.s3_uri is None:
                content = _decoded(one.content_base64 or "", field)
            else:
                content = self._attachments.read(one.s3_uri, f"{field}.s3Uri", _most_bytes(left))
            left = max(0, left - _encoded_size(len(content)))
            files.append(File(one.filename, content, one.content_type, one.content_id))
        return files


def _encoded_size(size: int) -> int:
    """Return how long base64 makes a number of bytes, without its line breaks."""
    return (size + 2) // 3 * 4


def _most_bytes(encoded_size: int) -> int:
    return encoded_size * 3 // 4


def _too_large(size: int, limit: int, *, attachments: bool) -> PermanentError:
    return PermanentError(
        "attachment_error" if attachments else "validation_error",
        f"Validation error: attachments: the message is {size} bytes, at most {limit} are allowed",
        code="VAL007",
    )


def _decoded(text: str, field: str) -> bytes:
    try:
        return base64.b64decode(text.translate(_LINE_BREAKS), validate=True)
    except ValueError as err:
        message = f"Validation error: {field}.contentBase64: not base64"
        raise PermanentError("attachment_error", message, code="ATT002") from err
