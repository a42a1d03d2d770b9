"""A dead-letter queue's messages: what each is, why it is there, and whether it could succeed now."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from sesmail_cli.operator.stack import BUS_DEAD_LETTER_QUEUE, DEAD_LETTER_QUEUES
from sesmail_cli.operator.words import pause_in_words
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.envelopes import EnvelopeError, RequestEnvelope, open_envelope
from sesmail_layer.domain.ses.ses_events import NotificationError, open_notification, read_event

EMAIL_QUEUES = frozenset({"EmailQueue", "BulkQueue", "RetryQueue"})
_FEEDBACK_FAILED = "it failed on every try; the FeedbackProcessor's log says why"
_NOT_YET = frozenset({Status.SENDING, Status.DEFERRED})


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it was received."""

    message_id: str
    body: str
    receipt_handle: str
    sent_at: float
    """Unix seconds."""
    attributes: Mapping[str, str] = {}
    """The message attributes that are texts: EventBridge says with them why it gave up."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was found out about one message."""

    message_id: str
    age_seconds: float
    what: str
    why: str
    """Why it is in the dead-letter queue, as far as that is known."""
    target: str | None
    """The queue that it goes back to; None: it stays, and `stays` says why."""
    stays: str | None = None


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be known beside the messages to judge them."""

    now: float
    paused: Mapping[str, SendingState]
    ses_sends: bool | None
    records: Mapping[str, TrackingRecord]
    """By emailId, those of the emails that the messages are about."""
    logged: Mapping[str, str]
    """By SQS message id, the last error that the function logged."""
    topics: Collection[str]
    """The names of the topics that the feedback queue listens to."""


def email_id_of(letter: DeadLetter) -> str | None:
    """The email that a request is about; None where it is none."""
    try:
        return _email_id(open_envelope(letter.body))
    except EnvelopeError:
        return None


def source_of(letter: DeadLetter) -> str | None:
    """The producer of a request; None where it is none."""
    try:
        return open_envelope(letter.body).source
    except EnvelopeError:
        return None


def examine(letter: DeadLetter, dead_letter_queue: str, around: Surroundings) -> Finding:
    """Judges one message."""
    if dead_letter_queue == DEAD_LETTER_QUEUES["FeedbackQueue"]:
        what, why, target, stays = _feedback(letter, around)
    else:
        what, why, target, stays = _request(letter, dead_letter_queue, around)
    return Finding(
        message_id=letter.message_id,
        age_seconds=max(0.0, around.now - letter.sent_at),
        what=what,
        why=around.logged.get(letter.message_id) or why,
        target=None if stays else target,
        stays=stays,
    )


_Judgement = tuple[str, str, str, str | None]


def _request(letter: DeadLetter, dead_letter_queue: str, around: Surroundings) -> _Judgement:
    target = _target(letter, dead_letter_queue)
    try:
        envelope = open_envelope(letter.body)
    except EnvelopeError as err:
        return "not a request", f"it cannot be read: no EventBridge event ({err})", target, "it would fail again"
    email_id = _email_id(envelope)
    what = f"email {email_id} from {envelope.source}"
    why = _undeliverable(letter) if dead_letter_queue == BUS_DEAD_LETTER_QUEUE else _given_up(email_id, around)
    if envelope.detail_type != "Email Request":
        return what, why, target, f"its detail-type is '{envelope.detail_type}', not 'Email Request'"
    return what, why, target, _obstacle(envelope, around)


def _obstacle(envelope: RequestEnvelope, around: Surroundings) -> str | None:
    """What stands in the way of an email just now: it would only go round, or come back here."""
    for source in (ACCOUNT, envelope.source):
        if source in around.paused:
            return f"paused: {pause_in_words(source, around.paused[source])}"
    return "SES itself has paused sending" if around.ses_sends is False else None


def _feedback(letter: DeadLetter, around: Surroundings) -> _Judgement:
    target = "FeedbackQueue"
    try:
        notification = open_notification(letter.body)
        if notification.topic_arn and notification.topic_arn.rpartition(":")[2] not in around.topics:
            return (
                "an SNS message",
                f"it is from another topic: {notification.topic_arn}",
                target,
                "it would be refused",
            )
        document = notification.document()
        event = read_event(document)
    except NotificationError as err:
        return "not a notification", f"it cannot be read ({err})", target, "it would fail again"
    if isinstance(document.get("AlarmName"), str):
        return f"alarm {document['AlarmName']}", _FEEDBACK_FAILED, target, None
    what = f"SES event {event.type_name or 'of no type'} about {event.email_id or event.ses_message_id or 'no email'}"
    return what, _FEEDBACK_FAILED, target, None


def _target(letter: DeadLetter, dead_letter_queue: str) -> str:
    """Where a message belongs. EventBridge names the queue that it could not reach."""
    if dead_letter_queue != BUS_DEAD_LETTER_QUEUE:
        return next(queue for queue, dead in DEAD_LETTER_QUEUES.items() if dead == dead_letter_queue)
    asked = letter.attributes.get("TARGET_ARN", "")
    if asked.endswith("-BulkQueue") or asked.endswith("-EmailQueue"):
        return asked.rpartition("-")[2]
    return "BulkQueue" if _detail(letter).get("priority") == "bulk" else "EmailQueue"


def _undeliverable(letter: DeadLetter) -> str:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    code = letter.attributes.get("ERROR_CODE", "an unknown error")
    message = letter.attributes.get("ERROR_MESSAGE", "")
    return f"EventBridge could not deliver it: {code}" + (f" ({message})" if message else "")


def _given_up(email_id: str, around: Surroundings) -> str:
    record = around.records.get(email_id)
    if record is None:
        return "it failed on every try before it had a record; the EmailSender's log says why"
    if record.status in _NOT_YET:
        return f"it failed on every try; its record says '{record.status}'"
    return f"its record says '{record.status}': what is left is to tell subscribers of it"


def _email_id(envelope: RequestEnvelope) -> str:
    given = envelope.detail.get("emailId") if isinstance(envelope.detail, dict) else None
    return given if isinstance(given, str) and given else f"email-{envelope.id}"


def _detail(letter: DeadLetter) -> Mapping[str, Any]:
    try:
        document = json.loads(letter.body)
        detail = document["detail"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return detail if isinstance(detail, dict) else {}
