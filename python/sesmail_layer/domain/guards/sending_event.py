"""The events that subscribers get for a pause and a resumption (`Email Sending Paused`, `Email Sending Resumed`)."""

from __future__ import annotations

import uuid

import msgspec

from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.times import utc_text

PAUSED = "Email Sending Paused"
RESUMED = "Email Sending Resumed"

_NAMESPACE = uuid.UUID("0d7c7f0a-5a0e-5c53-8d3e-6b1f5e0c9a44")


class SendingEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What subscribers receive as `detail`; a republished event has the same `event_id`."""

    detail_type: str = msgspec.field(name="detailType")
    producer: str
    """The event source; `*` is the whole account."""
    reason: str
    by: str
    """`breaker` or `operator`."""
    timestamp: str
    event_id: str
    trip: str | None = None
    """`bounce`, `complaint` or `ses_metrics`, where the breaker paused."""
    rates: dict[str, float] | None = None
    """`bounce` and `complaint`, as fractions."""
    counts: dict[str, int] | None = None
    """`emails`, `bounces` and `complaints` of `windowSeconds`."""
    until: str | None = None
    """When the first probes are sent; absent: an operator has to resume."""

    @property
    def detail(self) -> bytes:
        """The event as JSON, without its detail-type."""
        fields = msgspec.to_builtins(self)
        del fields["detailType"]
        return msgspec.json.encode(fields)


def paused_event(producer: str, state: SendingState, cooldown_seconds: float) -> SendingEvent:
    """Return the event of a pause. All of it comes from the state, so that it can be republished as it was."""
    found = state.evidence
    return SendingEvent(
        detail_type=PAUSED,
        producer=producer,
        reason=state.paused_reason,
        by=state.paused_by,
        timestamp=state.paused_at,
        event_id=_id(PAUSED, producer, state.paused_at),
        trip=state.trip or None,
        rates={"bounce": round(found.bounce_rate, 6), "complaint": round(found.complaint_rate, 6)} if found else None,
        counts=msgspec.to_builtins(found),
        until=utc_text(state.opened_at + cooldown_seconds) if state.trip == "bounce" else None,
    )


def probed_event(producer: str, state: SendingState) -> SendingEvent:
    """Return the event of a resumption by the breaker; all of it comes from the state, too."""
    return resumed_event(producer, f"{state.good_probes} probes arrived", "breaker", state.counts_from)


def resumed_event(producer: str, reason: str, by: str, now: float) -> SendingEvent:
    """Return the event of a resumption."""
    at = utc_text(now)
    return SendingEvent(
        detail_type=RESUMED, producer=producer, reason=reason, by=by, timestamp=at, event_id=_id(RESUMED, producer, at)
    )


def _id(detail_type: str, producer: str, at: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{detail_type}\n{producer}\n{at}"))
