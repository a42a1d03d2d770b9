"""The breaker: when a producer, or the account, has to stop sending, and what lets it send again.

             rate above its threshold                       cool-down over
    closed ──────────────────────────► open ──────────────────────────────► half-open: a few probes go
       ▲                                ▲ │  (after complaints, or where SES's                │  │
       │                                │ │   own metrics opened it: an operator only)        │  │
       │                                │ └── an operator ──► closed                          │  │
       │                                └────────────── one probe bounced, or was complained of  │
       └────────────────────────────────────────────── enough probes arrived; counts begin anew ─┘

Emails are counted when they are sent, bounces and complaints when news of them comes, in slots of five minutes. An
email counts once, however many of its recipients bounce.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto

import msgspec

from sesmail_layer.domain.guards.sending_state import Evidence, SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord
from sesmail_layer.domain.ses.bounces import EFFECTS, BounceClass
from sesmail_layer.domain.times import utc_text

SLOT_SECONDS = 300
WINDOWS_SECONDS = (3_600, 86_400)
PROBES = 5
"""Emails that the breaker lets through after its cool-down."""
GOOD_PROBES = 3
"""So many of the probes must be delivered; the outcome of the others may not be known yet."""
PROBE = "probe"
"""How a probe's claim is marked in its email's history."""

SIMULATOR_DOMAIN = "@simulator.amazonses.com"
"""SES's mailbox simulator, which counts towards no rate of SES's:
https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html"""
_COUNTED = frozenset(kind.value for kind in BounceClass if EFFECTS[kind].counts)
_ARRIVED = frozenset({Status.DELIVERED, Status.OPENED, Status.CLICKED})


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided."""

    bounce_rate: float = 0.05
    complaint_rate: float = 0.001
    min_emails: int = 100
    min_bounces: int = 10
    min_complaints: int = 5
    cooldown_seconds: float = 3_600
    pauses: bool = True
    """False: it only alarms."""


class Counts(msgspec.Struct, frozen=True):
    """What happened in a slot, or in a window of them."""

    emails: int = 0
    bounces: int = 0
    complaints: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.emails + other.emails, self.bounces + other.bounces, self.complaints + other.complaints)

    def __sub__(self, other: Counts) -> Counts:
        """Takes away what does not count; counters may be off by a batch, but never below nothing."""
        return Counts(
            max(0, self.emails - other.emails),
            max(0, self.bounces - other.bounces),
            max(0, self.complaints - other.complaints),
        )


Timeline = Mapping[int, Counts]
"""Counts by the Unix time at which their slot begins."""


class Trip(msgspec.Struct, frozen=True):
    """A rate above its threshold."""

    kind: str
    """`bounce` or `complaint`, as in SendingState."""
    evidence: Evidence
    allowed: float

    @property
    def number(self) -> int:
        return self.evidence.bounces if self.kind == "bounce" else self.evidence.complaints

    def in_words(self) -> str:
        emails, hours = self.evidence.emails, self.evidence.window_seconds // 3_600
        what = "bounced" if self.kind == "bounce" else "were complained of"
        last = "the last hour" if hours == 1 else f"the last {hours} hours"
        rate = self.number / emails
        return f"{self.number} of {emails} emails {what} in {last}: {rate:.2%}, allowed are {self.allowed:.2%}"


def judge(timeline: Timeline, now: float, limits: Limits, left_out: Timeline | None = None) -> Trip | None:
    """Gives the first rate that is too high: complaints before bounces, since those are not probed."""
    nothing = Counts()
    timeline = {start: counts - (left_out or {}).get(start, nothing) for start, counts in timeline.items()}
    windows = [(seconds, _sum(timeline, now, seconds)) for seconds in WINDOWS_SECONDS]
    rates = (
        ("complaint", limits.complaint_rate, limits.min_complaints),
        ("bounce", limits.bounce_rate, limits.min_bounces),
    )
    for kind, allowed, least in rates:
        for seconds, counts in windows:
            number = counts.bounces if kind == "bounce" else counts.complaints
            if counts.emails >= limits.min_emails and number >= least and number > allowed * counts.emails:
                evidence = Evidence(
                    window_seconds=seconds, emails=counts.emails, bounces=counts.bounces, complaints=counts.complaints
                )
                return Trip(kind, evidence, allowed)
    return None


def counting(timeline: Timeline, state: SendingState) -> Timeline:
    """Those counts of a source that still count for it."""
    return {start: counts for start, counts in timeline.items() if start >= state.counts_from}


def not_counting(timeline: Timeline, state: SendingState) -> Timeline:
    """Those counts of a source that do not count for the account: a paused producer does no more harm."""
    return {start: counts for start, counts in timeline.items() if state.paused or start < state.counts_from}


def added_up(timelines: Iterable[Timeline]) -> Timeline:
    total: dict[int, Counts] = {}
    for timeline in timelines:
        for start, counts in timeline.items():
            total[start] = total.get(start, Counts()) + counts
    return total


def _sum(timeline: Timeline, now: float, seconds: int) -> Counts:
    """Adds the slots up that reach into the window: it is up to five minutes longer than it says."""
    begin = now - seconds - SLOT_SECONDS
    return sum((counts for start, counts in timeline.items() if start > begin), Counts())


# --- what counts ------------------------------------------------------------------------------------------------------


def counted_bounce(entry: Entry) -> bool:
    """True for a bounce that SES counts: not the simulator's, and none that SES did not even attempt."""
    return entry.what in _COUNTED and entry.status is Status.BOUNCED and not _simulated(entry)


def counted_complaint(entry: Entry) -> bool:
    return entry.status is Status.COMPLAINED and not _simulated(entry)


def _simulated(entry: Entry) -> bool:
    return (entry.recipient or "").endswith(SIMULATOR_DOMAIN)


# --- the state machine ------------------------------------------------------------------------------------------------


def opened(state: SendingState, kind: str, reason: str, evidence: Evidence | None, now: float) -> SendingState | None:
    """Pauses; None where that changes nothing: an operator's pause stands, and a complaint's waits for one anyway."""
    if state.paused and not (state.held_by_breaker and state.trip == "bounce" and kind != "bounce"):
        return None
    return SendingState(
        paused=True,
        paused_by="breaker",
        paused_reason=reason,
        paused_at=utc_text(now),
        opened_at=now,
        trip=kind,
        evidence=evidence,
        counts_from=state.counts_from,
    )


def reopened(state: SendingState, now: float) -> SendingState:
    """Begins the cool-down anew after a bad probe."""
    return msgspec.structs.replace(state, opened_at=now, probes=[], probed_at=0, good_probes=0)


def closed(state: SendingState, now: float, good_probes: int) -> SendingState:
    """Sends again; what happened before does not count any more. The probes stay, so that it can be told again."""
    return SendingState(counts_from=now, probes=state.probes, good_probes=good_probes)


class ProbeVerdict(Enum):
    GOOD = auto()
    BAD = auto()
    OPEN = auto()
    """Not enough is known yet."""


def judge_probes(records: Sequence[TrackingRecord]) -> tuple[ProbeVerdict, int]:
    """Says what the probes' records tell, and how many of them arrived."""
    good = sum(record.delivered_at is not None or record.status in _ARRIVED for record in records)
    if any(counted_bounce(entry) or counted_complaint(entry) for record in records for entry in record.history):
        return ProbeVerdict.BAD, good
    return (ProbeVerdict.GOOD if good >= GOOD_PROBES else ProbeVerdict.OPEN), good


def is_probe(record: TrackingRecord) -> bool:
    return any(entry.what == PROBE for entry in record.history)
