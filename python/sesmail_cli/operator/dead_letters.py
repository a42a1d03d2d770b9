"""Classify dead-letter messages: what each is, why it is there, and whether it can succeed now."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from sesmail_cli.operator.engine import BUS_DEAD_LETTER_QUEUE, DEAD_LETTER_QUEUE_OF
from sesmail_cli.operator.format import describe_pause
from sesmail_layer.aws.queues import REASON
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.record.claims import belongs_to_another, key_of_source
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.envelopes import CANCEL_REQUESTED, EnvelopeError, RequestEnvelope, open_envelope
from sesmail_layer.domain.ses.ses_events import NotificationError, open_notification, read_event

UNREADABLE = "unreadable"
_CANCEL_FAILED = ("cancel-failed", "it failed on every try; see the EmailSender's log")
_FEEDBACK_FAILED = "it failed on every try; see the FeedbackProcessor's log"
_UNSENT = frozenset({"no-record", "not-sent"})
MAY_BE_DELETED = {
    UNREADABLE: "yes, once you know who sends it",
    "other-event": "yes",
    "cancel-failed": "no: its emails would be sent",
    "other-topic": "yes, once you know who sends it",
    "no-record": "no: the email was never sent",
    "not-sent": "no: the email was never sent",
    "status-not-published": "only if no subscriber needs the event",
    "feedback-failed": "no: a bounce or complaint in it would not suppress its address",
}
"""By cause; the documentation has the same table."""
_NOT_SENT = frozenset({Status.SENDING, Status.DEFERRED})


class DeadLetterMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message as received."""

    message_id: str
    body: str
    receipt_handle: str
    sent_at: float
    """Unix seconds."""
    attributes: Mapping[str, str] = {}
    """The string attributes: EventBridge puts its error and its target there."""


class Classification(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one message is, and where it can go."""

    message_id: str
    age_seconds: float
    what: str
    cause: str
    """A short name of the reason, equal for messages that failed alike: a code of the log, or one of this module's."""
    why: str
    """Why it is in the dead-letter queue, if known."""
    target: str | None
    """The queue that it can go back to; None: it stays, and `stays` has the reason."""
    stays: str | None = None
    unsent: bool = False
    """True: an email that was never sent; who deletes the message loses it."""
    may_be_deleted: str


class LoggedError(msgspec.Struct, frozen=True):
    """One error of a function's log; the code may be empty."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}" if self.code else self.text


class RedriveContext(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the engine that decides whether a message can succeed."""

    now: float
    paused: Mapping[str, SendingState]
    ses_sending_enabled: bool | None
    records: Mapping[str, TrackingRecord]
    """By key, for the emails of the messages (`record_keys_of`)."""
    logged: Mapping[str, LoggedError]
    """By SQS message id: the last error that the function logged."""
    topics: Collection[str]
    """The names of the topics that feed the feedback queue."""


def request_of(message: DeadLetterMessage) -> RequestEnvelope | None:
    """Return the request in a message; None if there is none."""
    try:
        return open_envelope(message.body)
    except EnvelopeError:
        return None


def email_id_of(request: RequestEnvelope) -> str:
    """Return the id of a request's email: its record's key, the given id, or the one made of the event's id."""
    if request.hop.record_id:
        return request.hop.record_id
    given = request.detail.get("emailId") if isinstance(request.detail, dict) else None
    return given if isinstance(given, str) and given else f"email-{request.id}"


def record_keys_of(request: RequestEnvelope) -> list[str]:
    """Return the keys that the record of a request's email may have: another source may have used the id first."""
    email_id = email_id_of(request)
    return [email_id] if request.hop.record_id else [email_id, key_of_source(email_id, request.source)]


def record_of(request: RequestEnvelope, records: Mapping[str, TrackingRecord]) -> TrackingRecord | None:
    """Choose the record of a request's email among those under its keys; never that of another source."""
    plain = records.get(email_id_of(request))
    if request.hop.record_id:
        return plain
    own = records.get(key_of_source(email_id_of(request), request.source))
    return own or (None if plain is None or belongs_to_another(plain, request.source) else plain)


def classify(message: DeadLetterMessage, dead_letter_queue: str, context: RedriveContext) -> Classification:
    """Decide what a message is, and whether it can go back to its queue."""
    if dead_letter_queue == DEAD_LETTER_QUEUE_OF["FeedbackQueue"]:
        what, cause, why, target, stays = _feedback(message, context)
    else:
        what, cause, why, target, stays = _request(message, dead_letter_queue, context)
    logged = context.logged.get(message.message_id)
    unsent = cause in _UNSENT or (dead_letter_queue == BUS_DEAD_LETTER_QUEUE and _is_email(message))
    # EventBridge's errors are causes, too: what it could not deliver is an email, or the cancellation of one.
    undelivered = MAY_BE_DELETED["not-sent" if unsent else "cancel-failed"]
    return Classification(
        message_id=message.message_id,
        age_seconds=max(0.0, context.now - message.sent_at),
        what=what,
        cause=(logged and logged.code) or cause,
        why=str(logged or why),
        target=None if stays else target,
        stays=stays,
        unsent=unsent,
        may_be_deleted=MAY_BE_DELETED.get(cause, undelivered),
    )


# What it is, the cause and why it is there, its queue, and why it must stay.
_Verdict = tuple[str, str, str, str | None, str | None]


def _request(message: DeadLetterMessage, dead_letter_queue: str, context: RedriveContext) -> _Verdict:
    try:
        envelope = open_envelope(message.body)
    except EnvelopeError as err:
        why = f"it cannot be read: {message.attributes.get(REASON) or f'no EventBridge event ({err})'}"
        return "not a request", UNREADABLE, why, None, "it would fail again"
    email_id, target = email_id_of(envelope), _target(message, envelope, dead_letter_queue)
    what = f"email {email_id} from {envelope.source}"
    undelivered = dead_letter_queue == BUS_DEAD_LETTER_QUEUE
    if envelope.detail_type == CANCEL_REQUESTED:
        cause, why = _bus_error(message) if undelivered else _CANCEL_FAILED
        return f"cancellation {_cancelled(envelope)}from {envelope.source}", cause, why, "EmailQueue", None
    cause, why = _bus_error(message) if undelivered else _send_error(record_of(envelope, context.records))
    if envelope.detail_type != "Email Request":
        stays = f"its detail-type is '{envelope.detail_type}', not 'Email Request'"
        return what, "other-event", why, target, stays
    return what, cause, why, target, _blocker(envelope, context)


def _is_email(message: DeadLetterMessage) -> bool:
    request = request_of(message)
    return request is not None and request.detail_type == "Email Request"


def _cancelled(envelope: RequestEnvelope) -> str:
    """Name what a producer cancels: one email, or all with a tag; empty where it cannot be read."""
    detail = envelope.detail if isinstance(envelope.detail, dict) else {}
    names = {"emailId": "of email", "tag": "of tag"}
    return next((f"{text} {detail[name]} " for name, text in names.items() if isinstance(detail.get(name), str)), "")


def _blocker(envelope: RequestEnvelope, context: RedriveContext) -> str | None:
    """Return why an email cannot be sent now; it would wait again, or return to this queue."""
    for source in (ACCOUNT, envelope.source):
        if source in context.paused:
            return f"paused: {describe_pause(source, context.paused[source])}"
    return "SES has paused sending" if context.ses_sending_enabled is False else None


def _feedback(message: DeadLetterMessage, context: RedriveContext) -> _Verdict:
    try:
        notification = open_notification(message.body)
        if notification.topic_arn and notification.topic_arn.rpartition(":")[2] not in context.topics:
            why = f"it is from another topic: {notification.topic_arn}"
            return "an SNS message", "other-topic", why, None, "it would be rejected"
        document = notification.document()
        event = read_event(document)
    except NotificationError as err:
        why = f"it cannot be read: {message.attributes.get(REASON) or err}"
        return "not a notification", UNREADABLE, why, None, "it would fail again"
    if isinstance(document.get("AlarmName"), str):
        return f"alarm {document['AlarmName']}", "feedback-failed", _FEEDBACK_FAILED, "FeedbackQueue", None
    what = f"SES event {event.type_name or 'of no type'} about {event.email_id or event.ses_message_id or 'no email'}"
    return what, "feedback-failed", _FEEDBACK_FAILED, "FeedbackQueue", None


def _target(message: DeadLetterMessage, request: RequestEnvelope, dead_letter_queue: str) -> str:
    """Return the queue of a message. EventBridge names the queue that it could not reach."""
    if dead_letter_queue != BUS_DEAD_LETTER_QUEUE:
        return next(queue for queue, dead in DEAD_LETTER_QUEUE_OF.items() if dead == dead_letter_queue)
    name = message.attributes.get("TARGET_ARN", "").rpartition("-")[2]
    if name in ("BulkQueue", "EmailQueue"):
        return name
    bulk = isinstance(request.detail, dict) and request.detail.get("priority") == "bulk"
    return "BulkQueue" if bulk else "EmailQueue"


def _bus_error(message: DeadLetterMessage) -> tuple[str, str]:
    """Describe EventBridge's error: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    code = message.attributes.get("ERROR_CODE", "")
    detail = message.attributes.get("ERROR_MESSAGE", "")
    why = f"EventBridge could not deliver it: {code or 'an unknown error'}" + (f" ({detail})" if detail else "")
    return code or "undelivered", why


def _send_error(record: TrackingRecord | None) -> tuple[str, str]:
    if record is None:
        return "no-record", "it failed on every try before it had a record; see the EmailSender's log"
    if record.status in _NOT_SENT:
        return "not-sent", f"it failed on every try; its record has status '{record.status}'"
    why = f"its record has status '{record.status}', but subscribers may not have received it"
    return "status-not-published", why
