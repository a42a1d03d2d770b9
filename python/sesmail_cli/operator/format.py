"""Durations, pauses and suppressions as text for operators."""

from __future__ import annotations

import shlex

from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason
from sesmail_layer.domain.times import utc_text

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))

_TRIPS = {
    "bounce": "too many bounces",
    "complaint": "too many complaints",
    "ses_metrics": "SES's own bounce or complaint rate",
}

SUPPRESSION_REASONS = {
    SuppressionReason.HARD_BOUNCE: "an email to it hard-bounced",
    SuppressionReason.CONSECUTIVE_SOFT_BOUNCES: "the latest emails to it all soft-bounced",
    SuppressionReason.SPAM_COMPLAINT: "the recipient complained about an email",
    SuppressionReason.UNSUBSCRIBE: "the recipient unsubscribed, which blocks bulk mail only",
    SuppressionReason.MANUAL: "an operator added it",
    SuppressionReason.SES_SUPPRESSED: "it is on a suppression list of the SES account",
}


def duration(seconds: float) -> str:
    """Format a time span in its two largest units: `2 h 5 min`."""
    left = max(0, round(seconds))
    parts = []
    for unit, size in _UNITS:
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
    return " ".join(parts[:2]) or "0 s"


def scope(source: str) -> str:
    """Name what a sending state applies to."""
    return "all sending" if source == ACCOUNT else f"producer '{source}'"


def describe_pause(source: str, state: SendingState, cooldown_seconds: float | None = None) -> str:
    """Describe who paused what, why and since when; with the breaker's cool-down, also what ends it."""
    why = state.paused_reason or _TRIPS.get(state.trip, "")
    by = {"breaker": "the breaker", "operator": "an operator"}.get(state.paused_by, state.paused_by or "an operator")
    since = f" since {state.paused_at}" if state.paused_at else ""
    end = "" if cooldown_seconds is None or not state.held_by_breaker else f" ({_end(source, state, cooldown_seconds)})"
    return f"{scope(source)}, by {by}{since}" + (f": {why}" if why else "") + end


def describe_origin(entry: Suppression) -> str:
    """Describe since when an address is suppressed, by whom, and until when."""
    by = f" by {entry.source}" if entry.source else ""
    email = f" after email {entry.email_id}" if entry.email_id else ""
    until = f", until {entry.expires_at}" if entry.expires_at else ""
    return f"since {entry.added_to_suppression_date}{by}{email}{until}"


def _end(source: str, state: SendingState, cooldown_seconds: float) -> str:
    if state.trip != "bounce":
        option = "--all" if source == ACCOUNT else f"--producer {shlex.quote(source)}"
        return f"until `sesmail resume {option}`"
    return f"probes start at {utc_text(state.opened_at + cooldown_seconds)}"


def describe_rejected_cancellations(count: int) -> str:
    """Describe that the engine did not do what producers asked for, and what to do."""
    asked = "1 cancellation that a producer asked for was" if count == 1 else f"{count:,} cancellations were"
    return (
        f"{asked} rejected in the last 24 hours, so the emails go out: cancel.rejected in the sender's log has the "
        "producer and the reason, `sesmail cancel --producer SOURCE --tag TAG` cancels them"
    )
