"""One message of the sender's batch, read once; every later step works on what is found here."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.suppression import Suppression
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.claims import key_of_source
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, RecipientState, TrackingRecord
from sesmail_layer.domain.request.addresses import AddressError, address_key, parse_address
from sesmail_layer.domain.request.email_request import (
    EMAIL_ID,
    MAX_TAGS,
    TAG,
    TEMPLATE_NAME,
    EmailRequest,
    Priority,
    fingerprint,
    metadata_fault,
    parse_request,
)
from sesmail_layer.domain.request.envelopes import (
    CANCEL_REQUESTED,
    UNSUBSCRIBE_REQUESTED,
    Hop,
    RequestEnvelope,
    check_envelope,
    open_envelope,
    with_storable_numbers,
)
from sesmail_layer.domain.request.refusals import Refusal
from sesmail_layer.domain.times import utc_seconds, utc_text

if TYPE_CHECKING:
    # In the delivery mode `live` nothing of it is loaded.
    from sesmail_layer.domain.guards.delivery_mode import Redirection

_UNSUSPICIOUS_RECEIVES = 2
_RECEIVES = 5
"""After so many SQS moves a message to the dead-letter queue (modules/queue)."""


class Job(msgspec.Struct, kw_only=True):
    """What every message of the batch has: enough to write its tracking record."""

    message: QueueMessage
    envelope: RequestEnvelope
    hop: Hop
    email_id: str
    """The key of its tracking record."""
    requested_id: str
    """The emailId as the producer gave it; empty: it gave none, and the EventBridge event's id makes one."""
    fingerprint: str
    """Of the canonical request and its source."""
    facts: dict[str, Any]
    """Attributes of the tracking record that come from the request; only what is valid."""
    recipient_states: dict[str, RecipientState] = {}
    """The record's `recipients` before anything happened: each cc and bcc."""
    send_at: float = 0.0
    """Unix time before which it is not sent; 0: at once."""
    is_new: bool = False
    """True: no record and no earlier try of it are known; `find_records` has looked for one."""
    claim: TrackingRecord | None = None
    """Set by `claim`: the record as this worker claimed it."""

    def use_key_of_source(self) -> None:
        """Move on to a record of the source's own: another source used the id first, also where it only guessed it."""
        given = self.requested_id or self.email_id
        self.email_id = key_of_source(given, self.envelope.source)
        self.facts["requested_email_id"] = given
        self.hop = msgspec.structs.replace(self.hop, record_id=self.email_id)

    def with_dropped(self, entry: Entry) -> list[Entry]:
        """Return the entry, and with an email's claim those of the cc and bcc addresses that it leaves out."""
        return [entry]

    def forget_recipients(self, fingerprint: str = "") -> None:
        """Leave what identifies a person out of the record: the address was erased.

        `fingerprint` is a keyed hash of the request's own: the id stays bound to the request, without its content.
        """
        self.facts |= {"to_email": None, "subject": None, "metadata": None, "fingerprint": fingerprint}
        self.recipient_states = {}

    @property
    def is_suspicious(self) -> bool:
        """True: SQS delivers it so often that it may be what ended the invocations before."""
        return self.message.receive_count > _UNSUSPICIOUS_RECEIVES

    @property
    def has_receives_left(self) -> bool:
        """True: SQS delivers it again if it is reported as failed."""
        return self.message.receive_count < _RECEIVES

    @property
    def keys(self) -> dict[str, object]:
        """What finds the email in a log."""
        return {"email_id": self.email_id, "source": self.envelope.source}


class RejectedRequest(Job, kw_only=True):
    """A request that cannot be right. It leaves its emailId free for a corrected one."""

    error: Refusal
    readable: bool
    """False: it may hold what cannot be written again, so it cannot be requeued with a hop."""


class CancelRequest(Job, kw_only=True):
    """An event `Email Cancel Requested`."""


class UnsubscribeRequest(Job, kw_only=True):
    """An event `Email Unsubscribe Requested`."""


class Email(Job, kw_only=True):
    """A valid request on its way to SES."""

    request: EmailRequest
    recipients: list[str]
    """The envelope's recipients, each once as in the request; the guards remove those that are suppressed."""
    # Set by the guards:
    policy: ProducerPolicy
    bulk: bool
    """True in the lane for mail that may wait: the policy decides, else the request."""
    role_senders: Sequence[str] | None = None
    """Patterns of the senders that IAM lets the function use; None: not known, IAM decides."""
    dropped: dict[str, Suppression] = {}
    """The suppressed cc and bcc addresses."""
    probe: bool = False
    """True: it is sent although its producer is paused, as one of the breaker's probes."""
    # Set by the guards in a delivery mode other than `live`:
    sunk: bool = False
    """True: it is rendered and recorded, and not sent."""
    redirection: Redirection | None = None
    """Where it goes in place of its recipients."""
    not_allowed: list[str] = []
    """The cc and bcc addresses that `allow` does not list."""
    claim_detail: dict[str, Any] = {}
    """What its claim says of the attempt: it decides what the attempt's SES events mean."""
    # Set by `prepare`:
    sensitive: bool = False
    """True: nothing of it is kept for a retry."""
    # Set by `deliver`:
    kept_as: tuple[str, int] | None = None
    """The id and the attempt under which its request is in the pending table."""

    def with_dropped(self, entry: Entry) -> list[Entry]:
        return [entry, *self.dropped_entries(entry.attempt, entry.at)] if entry.status is Status.SENDING else [entry]

    def dropped_entries(self, attempt: int, at: str) -> list[Entry]:
        """The record's entries for the cc and bcc addresses that an attempt leaves out."""
        reasons = {
            address: ("suppressed", f"recipient is suppressed ({suppression.reason})")
            for address, suppression in self.dropped.items()
        }
        reasons |= dict.fromkeys(self.not_allowed, ("not_allowed", "recipient is not in delivery.allow"))
        return [
            Entry(
                f"failed/{attempt}/{address}",
                at,
                attempt,
                Status.FAILED,
                recipient=address,
                detail={"errorType": error_type, "errorMessage": f"Email not sent: {why}"},
            )
            for address, (error_type, why) in reasons.items()
        ]

    def leave_out(self, copies: Collection[str]) -> None:
        """Leave some cc and bcc addresses out, of the mail and of the record: they were erased."""
        self.recipients = [one for one in self.recipients if address_key(one) not in copies]
        self.recipient_states = {key: state for key, state in self.recipient_states.items() if key not in copies}
        # An entry for an address that is no recipient concerns the whole email.
        self.dropped = {key: entry for key, entry in self.dropped.items() if key not in copies}
        self.not_allowed = [key for key in self.not_allowed if key not in copies]

    def sunk_entries(self, attempt: int, now: float) -> list[Entry]:
        """The record's entries for the recipients of a sunk email, which SES reports nothing about."""
        at = utc_text(now + 0.001)  # After `sent`.
        return [
            Entry(f"delivered/{attempt}/{address}/{at}", at, attempt, Status.DELIVERED, recipient=address)
            for address in map(address_key, self.recipients)
        ]


def receive(
    message: QueueMessage,
    *,
    now: float,
    max_schedule_days: int,
    max_request_bytes: int,
    refuse_unknown: bool,
    delivery_mode: str | None = None,
) -> Email | RejectedRequest | CancelRequest | UnsubscribeRequest:
    """Read a message. Raises EnvelopeError where no record can be made for it."""
    envelope = open_envelope(message.body)
    hop = envelope.hop
    if not hop.accepted_at:
        hop = msgspec.structs.replace(hop, accepted_at=round(message.sent_at or now, 3))
    detail = envelope.detail
    given = detail if isinstance(detail, dict) else {}
    requested_id = _usable(given.get("emailId"), EMAIL_ID) or ""
    common: dict[str, Any] = {
        "message": message,
        "envelope": envelope,
        "hop": hop,
        "email_id": envelope.hop.record_id or requested_id or f"email-{envelope.id}",
        "requested_id": requested_id,
        "fingerprint": fingerprint(detail, envelope.source) if isinstance(detail, dict) else "",
        "is_new": envelope.hop == Hop() and message.receive_count == 1,
    }
    if envelope.detail_type == CANCEL_REQUESTED:
        return CancelRequest(**common, facts={})
    if envelope.detail_type == UNSUBSCRIBE_REQUESTED:
        return UnsubscribeRequest(**common, facts={})
    restricted = {"delivery_mode": delivery_mode} if delivery_mode else {}
    try:
        check_envelope(envelope, message.body, max_request_bytes)
        request, unknown_fields = parse_request(detail, now=now, max_schedule_days=max_schedule_days)
    except Refusal as err:
        facts = _facts_of_rejected(envelope, given) | restricted
        return RejectedRequest(**common, facts=facts, error=err, readable=False)
    common["facts"] = _facts(envelope, request, unknown_fields) | restricted
    common["recipient_states"] = _recipient_states(request) if request.cc or request.bcc else {}
    if unknown_fields and refuse_unknown:
        error = Refusal(f"Unknown fields: {unknown_fields}", code="VAL006")
        return RejectedRequest(**common, error=error, readable=True)
    common["facts"]["fingerprint"] = common["fingerprint"]
    return Email(
        **common,
        request=request,
        send_at=utc_seconds(request.send_at) if request.send_at else 0.0,
        recipients=[request.to, *request.cc, *request.bcc],
        policy=ProducerPolicy(),
        bulk=request.priority is Priority.BULK,
    )


def _facts(envelope: RequestEnvelope, request: EmailRequest, unknown_fields: list[str]) -> dict[str, Any]:
    return {
        **_facts_of_envelope(envelope, request.email_id or f"email-{envelope.id}"),
        "fingerprint": "",  # Only a request that is accepted binds its emailId.
        "to_email": address_key(request.to),
        "template_name": request.template_name,
        "subject": request.subject,
        "metadata": request.metadata,
        "tags": request.tags,
        "topic": request.topic or request.template_name,
        "unknown_fields": unknown_fields,
    }


def _facts_of_envelope(envelope: RequestEnvelope, email_id: str | None) -> dict[str, Any]:
    return {
        "original_source": envelope.source,
        "request_event_id": envelope.id,
        "requested_email_id": email_id if envelope.hop.record_id not in ("", email_id) else None,
    }


def _facts_of_rejected(envelope: RequestEnvelope, detail: dict[str, Any]) -> dict[str, Any]:
    """What is valid in a request that cannot be read, and nothing of an earlier one under its id."""
    metadata, tags = detail.get("metadata"), detail.get("tags")
    template_name = _usable(detail.get("templateName"), TEMPLATE_NAME)
    return {
        **_facts_of_envelope(envelope, None),
        "fingerprint": "",
        "subject": None,
        "unknown_fields": [],
        "to_email": _usable_address(detail.get("to")),
        "template_name": template_name,
        "tags": [tag for tag in tags[:MAX_TAGS] if _usable(tag, TAG)] if isinstance(tags, list) else [],
        "topic": _usable(detail.get("topic"), TEMPLATE_NAME) or template_name,
        "metadata": with_storable_numbers(metadata)
        if isinstance(metadata, dict) and metadata_fault(metadata) is None
        else None,
    }


def _recipient_states(request: EmailRequest) -> dict[str, RecipientState]:
    return {
        address_key(address): RecipientState(status=Status.SENDING, type=kind)
        for kind, addresses in (("cc", request.cc), ("bcc", request.bcc))
        for address in addresses
    }


def _usable(value: object, pattern: str) -> str | None:
    return value if isinstance(value, str) and re.search(pattern, value) else None


def _usable_address(value: object) -> str | None:
    try:
        return address_key(parse_address(value)) if isinstance(value, str) else None
    except AddressError:
        return None
