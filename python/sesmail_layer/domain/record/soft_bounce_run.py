"""How often in a row an address soft-bounced, on the evidence of its tracking records."""

from __future__ import annotations

from collections.abc import Iterable

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.ses.bounces import EFFECTS, BounceClass

_COUNTED = frozenset(kind.value for kind in BounceClass if EFFECTS[kind].counts_towards_soft_bounce_limit)
_ARRIVED = frozenset({Status.DELIVERED, Status.OPENED, Status.CLICKED, Status.COMPLAINED})


def soft_bounce_run(newest_first: Iterable[TrackingRecord]) -> int:
    """Count the latest emails to an address that soft-bounced because of the address, back to one that arrived.

    An email without an outcome, or one whose content was the cause, does not count.
    """
    run = 0
    for record in newest_first:
        if record.delivered_at is not None or record.status in _ARRIVED:
            break
        run += _counts(record)
    return run


def _counts(record: TrackingRecord) -> bool:
    return record.status is Status.SOFT_BOUNCED and any(
        entry.what in _COUNTED and entry.status is Status.SOFT_BOUNCED and entry.recipient not in record.recipients
        for entry in record.history
    )
