"""The breaker: when a producer, or the account, is paused, and when it may send again.

             rate above its threshold                       cool-down over
    closed ──────────────────────────► open ──────────────────────────────► half-open: probes are sent
       ▲                                ▲ │  (after complaints, or where SES's                │  │
       │                                │ │   own metrics opened it: an operator only)        │  │
       │                                │ └── an operator ──► closed                          │  │
       │                                └────────────── one probe bounced, or was complained of  │
       └────────────────────────────────────────────── enough probes were delivered; counts restart ─┘

Emails are counted when they are sent, bounces and complaints when their events are recorded, in slots of five minutes.
An email counts once, however many of its recipients bounce.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum, auto

import msgspec

from sesmail_layer.domain.guards.sending_state import Evidence, SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import REDIRECTED, Entry, TrackingRecord, Transition
from sesmail_layer.domain.ses.bounces import EFFECTS, BounceClass
from sesmail_layer.domain.times import utc_text

SLOT_SECONDS = 300
WINDOWS_SECONDS = (3_600, 86_400)
MOST_SOURCES = 50
"""So many producers are read to judge the account, however many there are, and as many are listed in an hour."""
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
_PROBE_OUTCOMES = frozenset({Status.DELIVERED, Status.BOUNCED, Status.COMPLAINED})
_DELIVERED = frozenset({Status.DELIVERED, Status.OPENED, Status.CLICKED})


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided; Terraform sets every one."""

    bounce_rate: float
    complaint_rate: float
    min_emails: int
    min_bounces: int
    min_complaints: int
    cooldown_seconds: float
    pauses: bool
    """False: `breaker_mode` is `alarm`."""


class Counts(msgspec.Struct, frozen=True):
    """Emails, bounces and complaints of a slot or of a window."""

    emails: int = 0
    bounces: int = 0
    complaints: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.emails + other.emails, self.bounces + other.bounces, self.complaints + other.complaints)

    def __sub__(self, other: Counts) -> Counts:
        """Subtract what does not count; counters may be off by a batch, but are never negative."""
        return Counts(
            max(0, self.emails - other.emails),
            max(0, self.bounces - other.bounces),
            max(0, self.complaints - other.complaints),
        )


Timeline = Mapping[int, Counts]
"""Counts by the Unix time at which their slot begins."""


class Tally(msgspec.Struct, frozen=True):
    """A source's state with a day's counts of it."""

    state: SendingState
    timeline: Timeline
    """By the Unix time at which each slot of five minutes begins."""


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


def judge(timeline: Timeline, now: float, limits: Limits, excluded: Timeline | None = None) -> Trip | None:
    """Return the first rate above its limit: complaints before bounces, since a complaint trip is not probed."""
    nothing = Counts()
    timeline = {start: counts - (excluded or {}).get(start, nothing) for start, counts in timeline.items()}
    windows = [(seconds, sum_window(timeline, now, seconds)) for seconds in WINDOWS_SECONDS]
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


def counts_in_force(tally: Tally) -> Timeline:
    """Return the counts of a source since it was last resumed."""
    return {start: counts for start, counts in tally.timeline.items() if start >= tally.state.counts_from}


def counts_to_exclude(tally: Tally) -> Timeline:
    """Return the counts in force that the account's rate does not leave out so far."""
    return {} if tally.state.excluded else counts_in_force(tally)


def sum_timelines(timelines: Iterable[Timeline]) -> Timeline:
    total: dict[int, Counts] = {}
    for timeline in timelines:
        for start, counts in timeline.items():
            total[start] = total.get(start, Counts()) + counts
    return total


def sum_window(timeline: Timeline, now: float, seconds: int) -> Counts:
    """Sum the slots that overlap the window, which makes it up to five minutes longer."""
    begin = now - seconds - SLOT_SECONDS
    return sum((counts for start, counts in timeline.items() if start > begin), Counts())


SES_METRICS = "ses_metrics"
"""The trip of the account by an alarm on SES's own metrics, as in SendingState."""

SES_ALARMS = {"SES-BounceRate-Pause": "bounce rate", "SES-ComplaintRate-Pause": "complaint rate"}
"""The alarms on SES's own metrics, by the end of their names, with what each of them measures."""


def ses_metrics_reason(measured: str, alarm: str) -> str:
    return f"SES's own {measured} of the account is above the limit for a pause (alarm {alarm})"


# --- what counts ------------------------------------------------------------------------------------------------------


def counted_bounce(entry: Entry) -> bool:
    """True for a bounce that SES counts: not the simulator's, and none of an email that SES did not attempt."""
    return entry.what in _COUNTED and entry.status is Status.BOUNCED and not _simulated(entry)


def counted_complaint(entry: Entry) -> bool:
    return entry.status is Status.COMPLAINED and entry.what != REDIRECTED and not _simulated(entry)


def counts_towards_rates(entries: Iterable[Entry]) -> bool:
    return any(counted_bounce(entry) or counted_complaint(entry) for entry in entries)


def count_email(history: Iterable[Entry], new_entries: Collection[str]) -> Counts:
    """Count an email once for its bounces, and once for its complaints: when the first of them is new."""
    history = list(history)
    bounces = {entry.key for entry in history if counted_bounce(entry)}
    complaints = {entry.key for entry in history if counted_complaint(entry)}
    return Counts(
        bounces=int(bool(bounces) and bounces.issubset(new_entries)),
        complaints=int(bool(complaints) and complaints.issubset(new_entries)),
    )


def _simulated(entry: Entry) -> bool:
    return (entry.recipient or "").endswith(SIMULATOR_DOMAIN)


# --- the state machine ------------------------------------------------------------------------------------------------


def opened(state: SendingState, kind: str, reason: str, evidence: Evidence | None, now: float) -> SendingState | None:
    """Return the paused state; None where it is already paused by an operator or waits for one anyway."""
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
        excluded=state.excluded,
    )


def reopened(state: SendingState, now: float) -> SendingState:
    """Return the state with its cool-down restarted after a failed probe."""
    return msgspec.structs.replace(state, opened_at=now, probes=[], probed_at=0, good_probes=0)


def closed(state: SendingState, now: float, good_probes: int) -> SendingState:
    """Return the resumed state, with counts from now on. The probes stay, so that its event can be republished."""
    return SendingState(counts_from=now, probes=state.probes, good_probes=good_probes)


class ProbeVerdict(Enum):
    GOOD = auto()
    BAD = auto()
    OPEN = auto()
    """Too few outcomes are known yet."""


def judge_probes(records: Sequence[TrackingRecord]) -> tuple[ProbeVerdict, int]:
    """Return the verdict of the probes' records, and how many of them were delivered."""
    good = sum(record.delivered_at is not None or record.status in _DELIVERED for record in records)
    if any(counted_bounce(entry) or counted_complaint(entry) for record in records for entry in record.history):
        return ProbeVerdict.BAD, good
    return (ProbeVerdict.GOOD if good >= GOOD_PROBES else ProbeVerdict.OPEN), good


def has_probe_outcome(record: TrackingRecord, transitions: Iterable[Transition]) -> bool:
    """True where one of a probe's transitions decides about the probe."""
    return (
        is_probe(record)
        and not record.redirected_to
        and any(moved.entry.status in _PROBE_OUTCOMES for moved in transitions)
    )


def is_probe(record: TrackingRecord) -> bool:
    return any(entry.what == PROBE for entry in record.history)
