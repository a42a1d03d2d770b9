"""One message of the sender's batch, from its body to what the guards make of it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Any

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.suppression import Suppression
from sesmail_layer.domain.message import File
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import RecipientState, TrackingRecord
from sesmail_layer.domain.request.addresses import AddressError, address_key, parse_address
from sesmail_layer.domain.request.email_request import (
    EMAIL_ID,
    TEMPLATE_NAME,
    Attachment,
    EmailRequest,
    Priority,
    fingerprint,
    metadata_fault,
    parse_request,
)
from sesmail_layer.domain.request.envelopes import Hop, RequestEnvelope, open_envelope
from sesmail_layer.domain.request.refusals import Refusal
from sesmail_layer.usecases.ports import AttachmentObjects


@dataclass(slots=True)
class Job:
    """One request on its way; what each step finds is kept here for the next."""

    message: QueueMessage
    envelope: RequestEnvelope
    email_id: str
    request: EmailRequest | None = None
    """None: it could not be read; `refusal` says why."""
    refusal: PermanentError | None = None
    unknown_fields: list[str] = field(default_factory=list)
    fingerprint: str = ""
    subject: str | None = None
    dropped: dict[str, Suppression] = field(default_factory=dict)
    """The cc and bcc addresses that are not written to."""
    claim: TrackingRecord | None = None
    sender: str = ""
    policy: ProducerPolicy = field(default_factory=ProducerPolicy)
    sensitive: bool = False
    """True: nothing of it is kept for a retry."""
    kept: bool = False
    """True: it is in the pending table."""
    probe: bool = False
    """True: it goes although its producer is paused, to show the breaker how it fares."""

    @property
    def refused(self) -> bool:
        """True where the request itself is at fault: it binds its id to nothing, so that a mended one may use it."""
        return isinstance(self.refusal, Refusal)

    @property
    def hop(self) -> Hop:
        return self.envelope.hop

    @property
    def bulk(self) -> bool:
        """True in the lane for mail that may wait: the policy decides, else the request."""
        asked = self.request.priority if self.request else Priority.TRANSACTIONAL
        return (self.policy.priority or asked) is Priority.BULK

    @property
    def made_bulk(self) -> bool:
        """True where it is bulk by the policy alone, so that the rules of EventBridge could not know it."""
        return self.bulk and self.request is not None and self.request.priority is not Priority.BULK

    def copies(self, kind: str) -> list[str]:
        """The `cc` or `bcc` addresses that are written to."""
        asked = getattr(self.request, kind) if self.request else []
        return [address for address in asked if address_key(address) not in self.dropped]

    @property
    def recipients(self) -> list[str]:
        """The envelope's recipients, each once."""
        if self.request is None:
            return []
        return list(dict.fromkeys([self.request.to, *self.copies("cc"), *self.copies("bcc")]))

    def files(self, objects: AttachmentObjects, max_bytes: int) -> list[File]:
        """Gets the attachments' contents. Raises PermanentError `attachment_error`, and TransientError."""
        asked = self.request.attachments if self.request else []
        return [
            File(
                one.filename,
                self._content(one, f"attachments[{index}]", objects, max_bytes),
                one.content_type,
                one.content_id,
            )
            for index, one in enumerate(asked)
        ]

    def _content(self, asked: Attachment, field_name: str, objects: AttachmentObjects, max_bytes: int) -> bytes:
        if asked.s3_uri is None:
            try:
                return base64.b64decode(asked.content_base64 or "", validate=True)
            except ValueError as err:
                raise PermanentError(
                    "attachment_error", f"Validation error: {field_name}.contentBase64: not base64", code="ATT002"
                ) from err
        if not self.policy.may_read(asked.s3_uri):
            raise PermanentError(
                "attachment_error",
                f"Validation error: {field_name}.s3Uri: not under a prefix that this producer was given",
                code="ATT001",
            )
        return objects.read(asked.s3_uri, f"{field_name}.s3Uri", max_bytes)

    def facts(self) -> dict[str, Any]:
        """What the request says of itself, as attributes of the tracking record; only what is valid."""
        detail = self.envelope.detail if isinstance(self.envelope.detail, dict) else {}
        return {
            "to_email": _usable_address(detail.get("to")),
            "template_name": _usable(detail.get("templateName"), TEMPLATE_NAME),
            "subject": self.subject or (self.request.subject if self.request else None),
            "original_source": self.envelope.source,
            "metadata": _usable_metadata(detail.get("metadata")),
            "unknown_fields": self.unknown_fields,
            "fingerprint": "" if self.refused else self.fingerprint,
            "request_event_id": self.envelope.id,
        }

    def states(self) -> dict[str, RecipientState]:
        """The record's `recipients` before anything happened: each cc and bcc that is not `to` itself."""
        if self.request is None:
            return {}
        states: dict[str, RecipientState] = {}
        for kind in ("bcc", "cc"):
            for address in getattr(self.request, kind):
                states[address_key(address)] = RecipientState(status=Status.SENDING, type=kind)
        states.pop(address_key(self.request.to), None)
        return states


def open_job(message: QueueMessage, *, now: float, max_schedule_days: int, refuse_unknown: bool) -> Job:
    """Reads a message. Raises EnvelopeError where no record can be made for it; a refused request gives a job."""
    envelope = open_envelope(message.body)
    detail = envelope.detail
    fallback_id = f"email-{envelope.id}"
    given_id = detail.get("emailId") if isinstance(detail, dict) else None
    job = Job(message, envelope, _usable(given_id, EMAIL_ID) or fallback_id)
    if isinstance(detail, dict):
        job.fingerprint = fingerprint(detail, envelope.source)
    try:
        if not envelope.source_is_whole:
            raise Refusal("source: found half a surrogate pair; allowed: characters that UTF-8 has")
        job.request, job.unknown_fields = parse_request(detail, now=now, max_schedule_days=max_schedule_days)
        if job.unknown_fields and refuse_unknown:
            raise Refusal(f"Unknown fields: {[name[:60] for name in job.unknown_fields]}", code="VAL006")
    except Refusal as err:
        job.refusal = err
    return job


def _usable(value: object, pattern: str) -> str | None:
    return value if isinstance(value, str) and re.search(pattern, value) else None


def _usable_address(value: object) -> str | None:
    try:
        return address_key(parse_address(value)) if isinstance(value, str) else None
    except AddressError:
        return None


def _usable_metadata(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) and metadata_fault(value) is None else None
