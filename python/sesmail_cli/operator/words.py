"""Times and states as an operator says them."""

from __future__ import annotations

from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.times import utc_text

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))

_TRIPS = {
    "bounce": "too many bounces",
    "complaint": "too many complaints",
    "ses_metrics": "SES's own bounce or complaint rate",
}


def duration(seconds: float) -> str:
    """Writes a time span in its two largest units: `2 h 5 min`."""
    left = max(0, round(seconds))
    parts = []
    for unit, size in _UNITS:
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
    return " ".join(parts[:2]) or "0 s"


def whose(source: str) -> str:
    """Names what a state is about."""
    return "all sending" if source == ACCOUNT else f"producer '{source}'"


def pause_in_words(source: str, state: SendingState, cooldown_seconds: float | None = None) -> str:
    """Says who paused what, why and since when; with the breaker's cool-down, also what ends it."""
    why = state.paused_reason or _TRIPS.get(state.trip, "")
    by = {"breaker": "the breaker", "operator": "an operator"}.get(state.paused_by, state.paused_by or "an operator")
    since = f" since {state.paused_at}" if state.paused_at else ""
    end = "" if cooldown_seconds is None or not state.held_by_breaker else f" ({_end(state, cooldown_seconds)})"
    return f"{whose(source)}, by {by}{since}" + (f": {why}" if why else "") + end


def _end(state: SendingState, cooldown_seconds: float) -> str:
    if state.trip != "bounce":
        return "it waits for `sesmail resume`"
    return f"emails go as probes from {utc_text(state.opened_at + cooldown_seconds)}"
