"""What became of a mailing's emails, by their records."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from sesmail_cli.bulk.sending import BATCH, Records
from sesmail_cli.bulk.store import EmailStore
from sesmail_layer.domain.record.claims import never_reached_ses
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord

NO_RECORD = "on the bus"
"""In a queue: the sender has not come to it yet."""
# These change later if at all: not worth waiting for.
_SETTLED = frozenset(Status) - {Status.SENDING, Status.DEFERRED, Status.SENT, Status.DELAYED}
_POLL_SECONDS = 2.0


def outcomes(
    store: EmailStore,
    records: Records,
    *,
    wait_seconds: float,
    progress: Callable[[int], object],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Counter[str]:
    """Count the emails by status, a failed one by its errorType too: `failed: suppressed`.

    A failure that was there before the email was asked for again does not count: it is on the bus until a later one.
    Waits up to `wait_seconds` in all for those that are under way, oldest first: mail leaves about in order, so nearly
    every record is read once. An interrupt (Ctrl-C) ends the wait, not the count. Raises TransientError.
    """
    end = clock() + wait_seconds
    counts: Counter[str] = Counter()
    for batch in store.requested(BATCH):
        failed_before = {each.email_id: each.failed_event for each in batch}
        left = list(failed_before)
        while True:
            found = {
                email_id: record
                for email_id, record in records(left).items()
                if not (never_reached_ses(record) and record.request_event_id == failed_before[email_id])
            }
            settled = [email_id for email_id in left if email_id in found and found[email_id].status in _SETTLED]
            counts.update(_label(found[email_id]) for email_id in settled)
            left = [email_id for email_id in left if email_id not in settled]
            progress(counts.total())
            if not left or clock() >= end:
                break
            try:
                sleep(_POLL_SECONDS)
            except KeyboardInterrupt:
                end = clock()
        counts.update(_label(found.get(email_id)) for email_id in left)
    return counts


def _label(record: TrackingRecord | None) -> str:
    if record is None:
        return NO_RECORD
    why = record.error_type if record.status is Status.FAILED else None
    why = record.defer_reason if record.status is Status.DEFERRED else why
    return f"{record.status.value}: {why}" if why else record.status.value
