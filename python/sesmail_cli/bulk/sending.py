"""Put a mailing's emails on the bus, at a rate, without those that were asked for before."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sesmail_cli.bulk.store import EmailStore
from sesmail_client import SESMailClient
from sesmail_layer.domain.record.claims import never_reached_ses
from sesmail_layer.domain.record.tracking import TrackingRecord

BATCH = 100
"""Emails of one read of the tracking table, and of one call of the client."""

Records = Callable[[Collection[str]], Mapping[str, TrackingRecord]]
"""Returns the tracking records by emailId."""


def mark_known(store: EmailStore, records: Records, progress: Callable[[int], object]) -> None:
    """Mark the emails that an earlier run asked for, but for those that failed before SES. Raises TransientError.

    Also those of recipients that are suppressed by now, such as by a bounce of this mailing.
    """
    looked_at = 0
    for batch in store.not_requested(BATCH):
        found = records([each.email_id for each in batch])
        store.mark_requested(email_id for email_id, record in found.items() if not never_reached_ses(record))
        looked_at += len(batch)
        progress(looked_at)


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
