"""Whether a producer, or the whole account, may send right now: an operator's pause, or the breaker's."""

from __future__ import annotations

import msgspec


class SendingState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One producer's (or the account's) state, as the control table holds it; no item means: it sends."""

    paused: bool = False
    paused_by: str = ""
    """`operator` or `breaker`."""
    paused_reason: str = ""
    paused_at: str = ""
    opened_at: float = 0
    """When the breaker opened, in Unix seconds."""
    trip: str = ""
    """What opened it: `bounce`, `complaint` or `ses_metrics`."""
    counts_from: float = 0
    """Bounces and complaints before this Unix time do not count any more."""
    probes: list[str] = []
    """The ids of the emails let through since the cool-down."""
    good_probes: int = 0

    def probing(self, now: float, cooldown_seconds: float) -> bool:
        """True where the breaker lets a few emails through to see how they fare: complaints wait for an operator."""
        return (
            self.paused
            and self.paused_by == "breaker"
            and self.trip == "bounce"
            and now >= self.opened_at + cooldown_seconds
        )
