"""Whether a producer, or the whole account, may send right now: an operator's pause, or the breaker's."""

from __future__ import annotations

import msgspec

ACCOUNT = "*"
"""The source under which the whole account's state and counts stand."""

HOLD_SECONDS = 60.0
"""How long an email waits before it is looked at again."""
_SHORTEST_HOLD_SECONDS = 5.0
_HALF_OPEN_HOLD_SECONDS = 20.0
"""While probes are under way, a verdict is near."""


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
    """One producer's (or the account's) state, as the control table holds it; no item means: it sends."""

    paused: bool = False
    paused_by: str = ""
    """`operator` or `breaker`."""
    paused_reason: str = ""
    paused_at: str = ""
    opened_at: float = 0
    """When the breaker opened, or a bad probe opened it again, in Unix seconds."""
    trip: str = ""
    """What opened it: `bounce`, `complaint` or `ses_metrics`."""
    evidence: Evidence | None = None
    counts_from: float = 0
    """Emails, bounces and complaints before this Unix time do not count any more."""
    probes: list[str] = []
    """The ids of the emails let through since the cool-down."""
    probed_at: float = 0
    """When the latest of them was let through, in Unix seconds."""
    good_probes: int = 0

    @property
    def held_by_breaker(self) -> bool:
        return self.paused and self.paused_by == "breaker"

    def probing(self, now: float, cooldown_seconds: float) -> bool:
        """True where the breaker lets a few emails through to see how they fare: complaints wait for an operator."""
        return self.held_by_breaker and self.trip == "bounce" and now >= self.opened_at + cooldown_seconds

    def has_room_for_probe(self, limit: int, now: float, cooldown_seconds: float) -> bool:
        """True where one more may go; probes that nothing was heard of for a whole cool-down make room for others."""
        return len(self.probes) < limit or self.probed_at < now - cooldown_seconds

    def hold_seconds(self, now: float, cooldown_seconds: float) -> float:
        """How long an email waits that the breaker holds: not longer than until the first probes."""
        if self.probing(now, cooldown_seconds):
            return _HALF_OPEN_HOLD_SECONDS
        left = self.opened_at + cooldown_seconds - now if self.trip == "bounce" else HOLD_SECONDS
        return min(HOLD_SECONDS, max(_SHORTEST_HOLD_SECONDS, left))
