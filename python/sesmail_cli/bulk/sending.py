"""Put a mailing's emails on the bus, at a rate, without those that were asked for before."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sesmail_cli.bulk.mailing import request_of
from sesmail_cli.bulk.store import EmailStore, StoredEmail
from sesmail_client import SESMailClient
from sesmail_layer.domain.guards.suppression import TOMBSTONE_PREFIX
from sesmail_layer.domain.record.claims import never_reached_ses
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.email_request import fingerprint

BATCH = 100
"""Emails of one read of the tracking table, and of one call of the client."""

Records = Callable[[Collection[str]], Mapping[str, TrackingRecord]]
"""Returns the tracking records by emailId."""


def mark_known(store: EmailStore, records: Records, producer: str, progress: Callable[[int], object]) -> None:
    """Mark the emails that an earlier run asked for, but for those that failed before SES. Raises TransientError.

    Also those of recipients that are suppressed by now, such as by a bounce of this mailing. Of those that failed, the
    ones with other data than then are marked as changed: the engine takes an id again with the same data alone. The
    store has the event of each failure, so that `outcomes` knows it from a later one.
    """
    looked_at = 0
    for batch in store.not_requested(BATCH):
        found = records([each.email_id for each in batch])
        failed = {email_id: record for email_id, record in found.items() if never_reached_ses(record)}
        store.mark_requested(found.keys() - failed.keys())
        store.mark_failed({email_id: record.request_event_id for email_id, record in failed.items()})
        store.mark_changed(
            each.email_id
            for each in batch
            if each.email_id in failed and _has_other_data(each, failed[each.email_id], producer)
        )
        looked_at += len(batch)
        progress(looked_at)


def _has_other_data(email: StoredEmail, record: TrackingRecord, producer: str) -> bool:
    known = record.fingerprint
    # Without one the id is free. That of an erased person is a keyed hash, which the engine alone compares.
    if not known or known.startswith(TOMBSTONE_PREFIX):
        return False
    return fingerprint(request_of(email.email), producer) != known


@dataclass
class Pace:
    """At most `rate` emails a second, None: no limit. Sleeps after each batch until the next may follow."""

    rate: float | None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _start: float | None = None

    def wait(self, count: int) -> None:
        """Wait until `count` emails may have gone since the first call of `begin`."""
        if self.rate is None or self._start is None:
            return
        if (seconds := self._start + count / self.rate - self.clock()) > 0:
            self.sleep(seconds)

    def begin(self) -> None:
        self._start = self.clock()


def send_stored(client: SESMailClient, store: EmailStore, pace: Pace, progress: Callable[[int], object]) -> None:
    """Put all emails that are not marked on the bus; `progress` is given the number so far, after each call.

    It may be repeated after any error: an id is one email. Raises NotAcceptedError, and what botocore raises.
    """
    pace.begin()
    sent = 0
    for batch in store.to_request(BATCH):

        def accepted(count: int, before: int = sent) -> None:
            progress(before + count)
            pace.wait(before + count)

        client.send_many([each.email for each in batch], progress=accepted)
        sent += len(batch)
        store.mark_requested(each.email_id for each in batch)
