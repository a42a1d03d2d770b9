"""Whether a producer, or the whole account, may send: pauses by an operator or by the breaker."""

from __future__ import annotations

import msgspec

ACCOUNT = "*"
"""The source that stands for the whole account in states and counts."""

HOLD_SECONDS = 60.0
"""How long a held email waits until it is checked again."""
_SHORTEST_HOLD_SECONDS = 5.0
_HALF_OPEN_HOLD_SECONDS = 20.0
"""Shorter, because the probes' outcomes are expected soon."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The counts that made the breaker open."""

    window_seconds: int
    emails: int
    bounces: int
    complaints: int

    @property
    def bounce_rate(self) -> float:
        return self.bounces / self.emails if self.emails else 0.0

    @property
    def complaint_rate(self) -> float:
        return self.complaints / self.emails if self.emails else 0.0


class SendingState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The state of one producer, or of the account, in the control table; without an item, it sends."""

    paused: bool = False
    paused_by: str = ""
    """`operator` or `breaker`."""
    paused_reason: str = ""
    paused_at: str = ""
    opened_at: float = 0
    """When the breaker opened, or reopened after a failed probe, in Unix seconds."""
    trip: str = ""
    """What opened the breaker: `bounce`, `complaint` or `ses_metrics`."""
    evidence: Evidence | None = None
    counts_from: float = 0
    """Emails, bounces and complaints before this Unix time no longer count."""
    probes: list[str] = []
    """The ids of the emails sent as probes since the cool-down."""
    probed_at: float = 0
    """When the latest of them was sent, in Unix seconds."""
    good_probes: int = 0
    excluded: bool = False
    """The account's rate leaves its counts out. It is set last: a producer's pause without it is incomplete."""

    @property
    def held_by_breaker(self) -> bool:
        return self.paused and self.paused_by == "breaker"

    def probing(self, now: float, cooldown_seconds: float) -> bool:
        """True where the breaker lets a few emails through as probes; after complaints it waits for an operator."""
        return self.held_by_breaker and self.trip == "bounce" and now >= self.opened_at + cooldown_seconds

    def has_room_for_probe(self, limit: int, now: float, cooldown_seconds: float) -> bool:
        """True where one more may be sent; probes without an outcome for a whole cool-down are replaced."""
        return len(self.probes) < limit or self.probed_at < now - cooldown_seconds

    def hold_seconds(self, now: float, cooldown_seconds: float) -> float:
        """Return how long an email waits that the breaker holds: at most until the first probes."""
        if self.probing(now, cooldown_seconds):
            return _HALF_OPEN_HOLD_SECONDS
        left = self.opened_at + cooldown_seconds - now if self.trip == "bounce" else HOLD_SECONDS
        return min(HOLD_SECONDS, max(_SHORTEST_HOLD_SECONDS, left))
