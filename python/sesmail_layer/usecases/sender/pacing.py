"""How fast mail may be sent: SES's quota, read once for all workers, and the rate that they share."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.pacing import Quota, first_chunk, floor_of, grants, seconds_in_bucket
from sesmail_layer.usecases.ports import Clock, Log, Metrics
from sesmail_layer.usecases.sender.ports import QuotaApi, QuotaCache, RateBucket
from sesmail_layer.usecases.sender.ses_holds import SesHolds

REFRESH_SECONDS = 60.0
_LEASE_SECONDS = 15.0
_LOCAL_SECONDS = 5.0

_ALL = "pacer#all"
_BULK = "pacer#bulk"
_FALLBACK_RATE = 1.0
"""Recipients a second while the quota is unknown: SES's rate for an account in the sandbox."""
_LONGEST_JITTER = 8
"""In times of the room that is waited for: the more workers wait, the rarer each of them asks."""


class QuotaReader:
    """Reads SES's quota: one worker asks SES once a minute, all others read its answer. Lives with the container."""

    def __init__(self, cache: QuotaCache, api: QuotaApi, clock: Clock, metrics: Metrics, log: Log) -> None:
        self._cache = cache
        self._api = api
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._known: Quota | None = None
        self._read_again_at = 0.0

    def quota(self) -> Quota | None:
        """Return the newest answer; the last one when SES or DynamoDB cannot be asked; None when there is none yet."""
        now = self._clock.now()
        if now < self._read_again_at:
            return self._known
        try:
            self._known = self._refreshed(now)
        except TransientError as err:
            self._log.warning("quota.refresh_failed", message=err.message, code=err.code)
        self._read_again_at = self._clock.now() + _LOCAL_SECONDS  # Where there was no answer, that took its time.
        return self._known

    def _refreshed(self, now: float) -> Quota | None:
        stored = self._cache.read_quota()
        if stored is not None and abs(now - stored.checked_at) < REFRESH_SECONDS:
            return stored
        # Where nothing is stored yet, no worker can wait for the lease holder's answer.
        if stored is None or self._cache.take_quota_lease(now, _LEASE_SECONDS):
            self._known = stored or self._known
            stored = self._api.ask()
            self._cache.write_quota(stored)
            self._metrics.level("DailyQuotaUsed", 1 - stored.share_left)
        return stored


class Pacer:
    """Assigns send times. Bulk mail waits for its turn in a bucket of its own first. Lives with the container."""

    def __init__(
        self,
        bucket: RateBucket,
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
        self.ses_holds = SesHolds()

    def rate(self, quota: Quota | None) -> float:
        """Recipients a second that the engine allows itself."""
        allowed = self._max_send_rate or (quota.max_send_rate if quota else 0) or _FALLBACK_RATE
        return allowed * self._utilisation

    def reserve(self, recipients: Sequence[int], rate: float, until: float) -> list[float]:
        """Reserve for as many of the messages, in order, as may be sent by `until`; return the time of each."""
        return self._reserve(_ALL, recipients, rate, until)

    def bulk_chunks(self, recipients: Sequence[int], rate: float, until: float) -> Iterator[int]:
        """Sleep until the next of the messages, in order, may be sent; yield how many. End when none may by `until`.

        Bulk takes its turn in a bucket of its own, once for the batch. It never queues in the shared bucket: it takes
        what is there at the moment, so that a transactional email finds none of it ahead.
        """
        times = self._reserve(_BULK, recipients, rate * self._bulk_share, until)
        left = list(recipients[: len(times)])
        while left:
            chunk = first_chunk(left, rate)
            left = left[len(chunk) :]
            self._clock.sleep(times[-1 - len(left)] - self._clock.now())
            if not self._take(sum(chunk), rate, until):
                return
            yield len(chunk)

    def _take(self, recipients: int, rate: float, until: float) -> bool:
        """Take room for so many recipients from the shared bucket as soon as it is there; False: not by `until`.

        A refusal names the time at which there will be room; nothing is asked before it. Jitter keeps those apart that
        wait for the same room, the more so the longer they wait; meanwhile the room stays in the bucket.
        """
        room = seconds_in_bucket(recipients, rate)
        jitter = room / 4
        while (now := self._clock.now()) <= until:
            taken = self._bucket.advance(_ALL, recipients / rate, floor=floor_of(now), latest_start=now - room)
            if taken.granted:
                return True
            ask_again_at = taken.empty_at + room + random.uniform(0, jitter)
            if ask_again_at > until:
                return False
            self._clock.sleep(ask_again_at - self._clock.now())
            jitter = min(2 * jitter, _LONGEST_JITTER * room)
        return False

    def _reserve(self, name: str, recipients: Sequence[int], rate: float, until: float) -> list[float]:
        recipients = list(recipients)
        answered = 0.0
        while recipients:
            cost = sum(recipients) / rate
            # The last message's time, counted from the bucket's, must not be after `until`.
            latest_start = until - grants(0.0, recipients, rate)[-1]
            reserved = self._bucket.advance(name, cost, floor=floor_of(self._clock.now()), latest_start=latest_start)
            times = grants(reserved.empty_at, recipients, rate)
            if reserved.granted:
                return times
            fitting = sum(at <= until for at in times)
            if fitting < len(recipients):
                recipients = recipients[:fitting]
            elif reserved.empty_at == answered:
                recipients.pop()
            # Else the bucket moved between its answer and now: ask again.
            answered = reserved.empty_at
        return []
