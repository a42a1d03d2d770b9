"""From one SES event to its outcomes: one for each affected recipient."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import REDIRECTED, Entry
from sesmail_layer.domain.ses import bounces
from sesmail_layer.domain.ses.machine_opens import is_machine
from sesmail_layer.domain.ses.ses_events import SesEvent, address, items, mapping, text, time

_LINK_BYTES = 1000
"""Length to which a clicked link is cut: an email's history must fit into one item."""
_RESPONSE_BYTES = 160
"""Length to which a delivery's answer is cut: an ordinary record stays below 1 KB, and its queue id comes first."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an event means for one recipient: the entry for the record, and what follows from it."""

    entry: Entry
    suppress: SuppressionReason | None = None
    suppress_days: int | None = None
    """None: the suppression does not expire."""
    counts: bool = False
    """Counts towards the bounce or complaint rate."""
    counts_towards_soft_bounce_limit: bool = False
    """Counts as one of the address's consecutive soft bounces."""
    retried: bool = False
    """A soft bounce that is worth another attempt."""
    sender_refused: bool = False
    """The recipient's provider rejects or defers the sender."""
    not_spam: bool = False
    """The recipient withdrew the complaint."""


def outcomes(event: SesEvent, attempt: int, own: Iterable[str] | None = None) -> list[Outcome]:
    """Return an event's outcomes; an event of any type has at least one, for the record's history.

    The same event yields the same entries with the same keys, in either format and however often it is delivered.
    `own` are the recipients of the email's record; without a record, those of SES's envelope are used. An event
    affects no other address: which one a bounce names is the remote side's text (DSN Final-Recipient). What happens to
    a redirected email stands for its `to`, and nothing follows from it.
    """
    if own is not None:
        event = msgspec.structs.replace(event, destinations=tuple(own)[: 1 if event.redirected else None])
    found = _BY_KIND.get(event.kind, _unknown)(event, attempt)
    if event.redirected:
        found = [_without_effect(outcome) for outcome in found]
    accepted = [] if event.ses_message_id is None else [Outcome(entry=sent_entry(event, attempt))]
    return [*accepted, *_gravest(found)]


def _gravest(found: Iterable[Outcome]) -> Iterable[Outcome]:
    """Return one outcome for each entry: several addresses may stand for one recipient."""
    by_key: dict[str, Outcome] = {}
    for outcome in found:
        known = by_key.setdefault(outcome.entry.key, outcome)
        if _gravity(outcome) > _gravity(known):
            by_key[outcome.entry.key] = outcome
    return by_key.values()


_WITH_EFFECT = frozenset({Status.BOUNCED, Status.SOFT_BOUNCED, Status.COMPLAINED})


def _without_effect(outcome: Outcome) -> Outcome:
    """Return the outcome of another mailbox: it is recorded, suppresses no one and counts nowhere."""
    entry = outcome.entry
    return Outcome(entry=msgspec.structs.replace(entry, what=REDIRECTED) if entry.status in _WITH_EFFECT else entry)


def _gravity(outcome: Outcome) -> tuple[bool, ...]:
    limit = outcome.counts_towards_soft_bounce_limit
    return outcome.suppress is not None, outcome.counts, outcome.entry.status is not None, limit


def sent_entry(event: SesEvent, attempt: int) -> Entry:
    """Any event of a message proves that SES accepted it; the sender writes the same entry with the same key."""
    return Entry(
        key=f"sent/{attempt}",
        at=event.accepted_at,
        attempt=attempt,
        status=Status.SENT,
        detail={"sesMessageId": event.ses_message_id},
    )


def _send(_event: SesEvent, _attempt: int) -> list[Outcome]:
    return []  # `outcomes` adds its only one, `sent`, to those of every event


def _delivery(event: SesEvent, attempt: int) -> list[Outcome]:
    recipients = [address(item) for item in items(event.payload.get("recipients"))]
    detail = _present(smtpResponse=text(event.payload.get("smtpResponse"), _RESPONSE_BYTES))
    return [
        Outcome(
            entry=_entry(
                event, attempt, "delivered", recipient, status=_if_known(recipient, Status.DELIVERED), detail=detail
            )
        )
        for recipient in _affected(event, recipients)
    ]


def _delay(event: SesEvent, attempt: int) -> list[Outcome]:
    reason, until = text(event.payload.get("delayType")), time(event.payload.get("expirationTime"))
    return [
        Outcome(
            entry=_entry(
                event,
                attempt,
                "delayed",
                recipient,
                status=_if_known(recipient, Status.DELAYED),
                detail=_present(reason=reason, until=until, diagnosticCode=text(given.get("diagnosticCode"))),
            )
        )
        for recipient, given in _recipients(event, "delayedRecipients")
    ]


def _bounce(event: SesEvent, attempt: int) -> list[Outcome]:
    return [
        _bounce_outcome(event, attempt, recipient, given)
        for recipient, given in _recipients(event, "bouncedRecipients")
    ]


def _bounce_outcome(event: SesEvent, attempt: int, recipient: str | None, given: dict[str, Any]) -> Outcome:
    evidence = bounces.Evidence(
        type=text(event.payload.get("bounceType")) or "",
        sub_type=text(event.payload.get("bounceSubType")) or "",
        status=text(given.get("status")) or "",
        diagnostic=text(given.get("diagnosticCode")) or "",
    )
    return _bounced(event, attempt, recipient, evidence, bounces.classify(evidence))


def _bounced(
    event: SesEvent, attempt: int, recipient: str | None, evidence: bounces.Evidence, kind: bounces.BounceClass
) -> Outcome:
    # Not one of the email's recipients, or SES does not say which: no status changes, and no address is suppressed.
    effect = bounces.EFFECTS[kind] if recipient is not None else bounces.Effect()
    detail = _present(
        bounceType=evidence.type or None,
        bounceSubType=evidence.sub_type or None,
        bounceReason=evidence.sub_type or None,
        diagnosticCode=evidence.diagnostic or None,
        bounceClass=effect.bounce_class,
    )
    return Outcome(
        entry=_entry(event, attempt, "bounce", recipient, status=effect.status, what=kind.value, detail=detail),
        suppress=effect.suppress,
        suppress_days=effect.suppress_days,
        counts=effect.counts,
        counts_towards_soft_bounce_limit=effect.counts_towards_soft_bounce_limit,
        retried=effect.retried,
        sender_refused=effect.sender_refused,
    )


def _complaint(event: SesEvent, attempt: int) -> list[Outcome]:
    sub_type = text(event.payload.get("complaintSubType")) or ""
    listed = [address(mapping(item).get("emailAddress")) for item in items(event.payload.get("complainedRecipients"))]
    candidates = set(_affected(event, listed))
    if sub_type and bounces.is_not_attempted(sub_type):
        evidence = bounces.Evidence(type="Permanent", sub_type=sub_type)
        return [
            _bounced(event, attempt, recipient, evidence, bounces.BounceClass.NOT_ATTEMPTED)
            for recipient in sorted(candidates, key=str)
        ]
    feedback_type = text(event.payload.get("complaintFeedbackType"))
    detail = _present(complaintFeedbackType=feedback_type)
    recipient = candidates.pop() if len(candidates) == 1 else None
    if feedback_type == "not-spam":
        entry = _entry(event, attempt, "complaint", recipient, what="not_spam", detail=detail)
        return [Outcome(entry=entry, not_spam=recipient is not None)]
    if recipient is None:
        # SES lists everyone at the domain that the complaint came from; all but one of them did not complain.
        entry = _entry(event, attempt, "complaint", None, what="one_of_several_complained", detail=detail)
        return [Outcome(entry=entry)]
    entry = _entry(event, attempt, "complaint", recipient, status=Status.COMPLAINED, detail=detail)
    return [Outcome(entry=entry, suppress=SuppressionReason.SPAM_COMPLAINT, counts=True)]


def _reject(event: SesEvent, attempt: int) -> list[Outcome]:
    reason = text(event.payload.get("reason")) or "no reason given"
    return [_failed(event, attempt, "reject", "ses_rejected", f"SES error (Reject): {reason}")]


def _rendering_failure(event: SesEvent, attempt: int) -> list[Outcome]:
    template = text(event.payload.get("templateName")) or ""
    reason = text(event.payload.get("errorMessage")) or "no reason given"
    message = f"Failed to render template '{template}': {reason}"
    return [_failed(event, attempt, "rendering-failure", "template_render_error", message)]


def _failed(event: SesEvent, attempt: int, name: str, error_type: str, message: str) -> Outcome:
    detail = {"errorType": error_type, "errorMessage": message}
    return Outcome(entry=_entry(event, attempt, name, None, status=Status.FAILED, detail=detail))


def _open(event: SesEvent, attempt: int) -> list[Outcome]:
    return [_engagement(event, attempt, "opened", Status.OPENED, {})]


def _click(event: SesEvent, attempt: int) -> list[Outcome]:
    return [
        _engagement(
            event, attempt, "clicked", Status.CLICKED, _present(link=text(event.payload.get("link"), _LINK_BYTES))
        )
    ]


def _engagement(event: SesEvent, attempt: int, name: str, status: Status, detail: dict[str, Any]) -> Outcome:
    """SES does not say which of several recipients opened or clicked: the message did."""
    user_agent = text(event.payload.get("userAgent"))
    detail = detail | {"machine": is_machine(user_agent)}
    # Two people can open a message in the same millisecond; the same event delivered twice is still one.
    mark = _digest(text(event.payload.get("ipAddress")), user_agent, text(event.payload.get("link")))
    recipient = _affected(event, [])[0]
    return Outcome(entry=_entry(event, attempt, name, recipient, mark=mark, status=status, detail=detail))


def _subscription(event: SesEvent, attempt: int) -> list[Outcome]:
    """Opting out of any topic ends bulk mail: suppression has no topics."""
    recipient = _affected(event, [])[0]
    now = mapping(event.payload.get("newTopicPreferences"))
    topics = [mapping(item) for item in items(now.get("topicSubscriptionStatus"))]
    out = {"optout", "opt_out"}
    left = bool(now.get("unsubscribeAll")) or any(
        (text(topic.get("subscriptionStatus")) or "").casefold() in out for topic in topics
    )
    unsubscribed = left or not now
    what = "unsubscribed" if unsubscribed else "resubscribed"
    return [
        Outcome(
            entry=_entry(event, attempt, "subscription", recipient, what=what),
            suppress=SuppressionReason.UNSUBSCRIBE if unsubscribed and recipient else None,
        )
    ]


def _unknown(event: SesEvent, attempt: int) -> list[Outcome]:
    return [Outcome(entry=_entry(event, attempt, "unknown", None, mark=_digest(event.type_name), what="unknown"))]


_BY_KIND: dict[str, Callable[[SesEvent, int], list[Outcome]]] = {
    "send": _send,
    "delivery": _delivery,
    "deliverydelay": _delay,
    "bounce": _bounce,
    "complaint": _complaint,
    "reject": _reject,
    "renderingfailure": _rendering_failure,
    "open": _open,
    "click": _click,
    "subscription": _subscription,
}


def _entry(
    event: SesEvent,
    attempt: int,
    name: str,
    recipient: str | None,
    *,
    mark: str | None = None,
    status: Status | None = None,
    what: str | None = None,
    detail: dict[str, Any] | None = None,
) -> Entry:
    mark = mark or text(event.payload.get("feedbackId"))
    key = "/".join(filter(None, (name, str(attempt), recipient, event.at, mark)))
    return Entry(
        key=key, at=event.at, attempt=attempt, status=status, recipient=recipient, what=what, detail=detail or {}
    )


def _recipients(event: SesEvent, name: str) -> list[tuple[str | None, dict[str, Any]]]:
    """Return the affected recipients with what SES says of each; where it lists none, one without details."""
    listed = [dict(mapping(item)) for item in items(event.payload.get(name))]
    addressed = [item for item in listed if address(item.get("emailAddress"))]
    found = addressed or listed or [{}]
    return [(_own(event, address(item.get("emailAddress"))), item) for item in found]


def _affected(event: SesEvent, listed: Iterable[str | None]) -> list[str | None]:
    """Return the recipients that SES lists; if none, the message's only recipient, or None: one of several."""
    found: list[str | None] = [*dict.fromkeys(filter(None, listed))]
    return [_own(event, given) for given in found or [None]]


def _own(event: SesEvent, given: str | None) -> str | None:
    """Return the email's recipient that an address stands for; None if it is not one of several recipients.

    A single recipient stands for any address: mail may have been forwarded.
    """
    only = event.destinations[0] if len(set(event.destinations)) == 1 else None
    return given if given in event.destinations else only


def _if_known(recipient: str | None, status: Status) -> Status | None:
    """Return the status, or None where SES does not say which of several recipients it was: no status changes then."""
    return status if recipient is not None else None


def _present(**values: str | None) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _digest(*parts: str | None) -> str:
    return hashlib.sha256("\n".join(part or "" for part in parts).encode()).hexdigest()[:12]
