"""Keeps all senders together below the rate that SES allows, and bulk behind transactional mail."""

from __future__ import annotations

from collections.abc import Sequence

from sesmail_layer.domain.guards.pacing import Quota, floor_of, grants
from sesmail_layer.usecases.ports import Bucket, Clock

_ALL = "pacer#all"
_BULK = "pacer#bulk"
_FALLBACK_RATE = 1.0
"""Recipients a second while nobody knows better: SES's rate for a sandboxed account."""
_CHUNK_SECONDS = 0.5
"""How much bulk mail may at most stand before a transactional one."""


class Pacer:
    """Hands out times at which messages may go. Bulk waits its turn in a bucket of its own first."""

    def __init__(
        self,
        bucket: Bucket,
        clock: Clock,
        *,
        max_send_rate: float | None,
        utilisation: float,
        bulk_share: float,
    ) -> None:
        self._bucket = bucket
        self._clock = clock
        self._max_send_rate = max_send_rate
        self._utilisation = utilisation
        self._bulk_share = bulk_share

    def rate(self, quota: Quota | None) -> float:
        """Recipients a second that the engine allows itself."""
        allowed = self._max_send_rate or (quota.max_send_rate if quota else 0) or _FALLBACK_RATE
        return allowed * self._utilisation

    def reserve(self, recipients: Sequence[int], rate: float, until: float) -> list[float]:
        """Reserves for as many of the messages, in order, as may go by `until`; gives the time of each."""
        return self._reserve(_ALL, recipients, rate, until)

    def wait_for_bulk(self, recipients: int, rate: float, until: float) -> bool:
        """Waits until one bulk message may go; False when that is not before `until`.

        Bulk never queues in the shared bucket: it takes what is there at the moment, so that a transactional email
        finds at most a message's worth of it ahead.
        """
        times = self._reserve(_BULK, [recipients], rate * self._bulk_share, until)
        if not times:
            return False
        self._clock.sleep(times[0] - self._clock.now())
        while not self._reserve(_ALL, [recipients], rate, self._clock.now()):
            if self._clock.now() + _CHUNK_SECONDS > until:
                return False
            self._clock.sleep(min(_CHUNK_SECONDS, recipients / rate))
        return True

    def _reserve(self, name: str, recipients: Sequence[int], rate: float, until: float) -> list[float]:
        recipients = list(recipients)
        while recipients:
            cost = sum(recipients) / rate
            # The last message's time, counted from the bucket's, must not be after `until`.
            latest_start = until - grants(0.0, recipients, rate)[-1]
            reserved = self._bucket.advance(name, cost, floor=floor_of(self._clock.now()), latest_start=latest_start)
            if reserved.granted:
                return grants(reserved.empty_at, recipients, rate)
            fitting = [at for at in grants(reserved.empty_at, recipients, rate) if at <= until]
            if len(fitting) == len(recipients):
                continue  # The bucket moved between its answer and now: ask again.
            recipients = recipients[: len(fitting)]
        return []
