"""How often in a row an address soft-bounced, on the evidence of its tracking records."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.ses.bounces import EFFECTS, BounceClass

_COUNTED = frozenset(kind.value for kind in BounceClass if EFFECTS[kind].counts_towards_soft_bounce_limit)
_ARRIVED = frozenset({Status.DELIVERED, Status.OPENED, Status.CLICKED, Status.COMPLAINED})


class PastEmail(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a run needs of an email: all of it is in the index by recipient, which holds no history."""

    email_id: str
    timestamp: str
    status: Status
    delivered_at: str | None = None
    counts_as_soft_bounce: bool = False
    diverted: bool = False
    """True: it never went to the address (delivery modes), so it says nothing of it."""


def past_email(record: TrackingRecord) -> PastEmail:
    return PastEmail(
        email_id=record.email_id,
        timestamp=record.timestamp,
        status=record.status,
        delivered_at=record.delivered_at,
        counts_as_soft_bounce=counts_as_soft_bounce(record),
        diverted=is_diverted(record),
    )


def is_diverted(record: TrackingRecord) -> bool:
    """Return True for an email that the delivery mode sank or redirected."""
    return record.sink or record.redirected_to is not None


def counts_as_soft_bounce(record: TrackingRecord) -> bool:
    """Return True where an email soft-bounced because of the address, not because of its content or the sender."""
    return (
        record.status is Status.SOFT_BOUNCED
        and not is_diverted(record)
        and any(
            entry.what in _COUNTED and entry.status is Status.SOFT_BOUNCED and entry.recipient not in record.recipients
            for entry in record.history
        )
    )


def soft_bounce_run(newest_first: Iterable[PastEmail]) -> int:
    """Count the latest emails to an address that soft-bounced because of the address, back to one that arrived.

    An email without an outcome, or one whose content was the cause, does not count.
    """
    run = 0
    for email in newest_first:
        if email.diverted:
            continue
        if email.delivered_at is not None or email.status in _ARRIVED:
            break
        run += email.counts_as_soft_bounce
    return run
