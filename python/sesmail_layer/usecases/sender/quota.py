"""Knows what SES allows: one worker asks once a minute, all others read what it wrote."""

from __future__ import annotations

from typing import Protocol

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.pacing import Quota
from sesmail_layer.usecases.ports import Clock, Log, Metrics

REFRESH_SECONDS = 60.0
_LEASE_SECONDS = 15.0
_LOCAL_SECONDS = 5.0


class QuotaStore(Protocol):
    def read_quota(self) -> Quota | None: ...

    def write_quota(self, quota: Quota) -> None: ...

    def take_quota_lease(self, now: float, seconds: float) -> bool: ...


class QuotaApi(Protocol):
    def ask(self) -> Quota: ...


class QuotaKeeper:
    """Kept for as long as the container lives; remembers an answer for some seconds of its own."""

    def __init__(self, store: QuotaStore, api: QuotaApi, clock: Clock, metrics: Metrics, log: Log) -> None:
        self._store = store
        self._api = api
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._known: Quota | None = None
        self._look_again_at = 0.0

    def quota(self) -> Quota | None:
        """Gives the newest answer; the last one when SES or DynamoDB cannot be asked; None when there is none yet."""
        now = self._clock.now()
        if now < self._look_again_at:
            return self._known
        try:
            self._known = self._refreshed(now)
        except TransientError as err:
            self._log.warning("quota.not_refreshed", message=err.message, code=err.code)
        self._look_again_at = now + _LOCAL_SECONDS
        return self._known

    def _refreshed(self, now: float) -> Quota | None:
        stored = self._store.read_quota()
        if stored is not None and now - stored.checked_at < REFRESH_SECONDS:
            return stored
        # Where nothing is stored yet, nobody can wait for the lease holder's answer.
        if stored is None or self._store.take_quota_lease(now, _LEASE_SECONDS):
            self._known = stored or self._known
            stored = self._api.ask()
            self._store.write_quota(stored)
            self._metrics.level("DailyQuotaUsed", 1 - stored.share_left)
        return stored
