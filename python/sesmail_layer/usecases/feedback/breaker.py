"""The breaker's half in the feedback processor: counts what bounced, stops who makes too much of it, and lets go again.

A follow-up of what was recorded. It writes and reads counts only for news that counts, or that tells of a probe: one
write for each producer and one for the account, one read for the batch. Only where the account itself would be stopped
does it look at all its producers: those that are paused already are left out, and those that make the account's rate
too high are stopped in its place, before they have the volume to be judged by themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.breaker import (
    Counts,
    Limits,
    ProbeVerdict,
    Timeline,
    Trip,
    added_up,
    closed,
    counted_bounce,
    counted_complaint,
    counting,
    is_probe,
    judge,
    judge_probes,
    not_counting,
    opened,
    reopened,
)
from sesmail_layer.domain.guards.sending_event import SendingEvent, paused_event, probed_event
from sesmail_layer.domain.guards.sending_state import ACCOUNT, Evidence, SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord
from sesmail_layer.domain.times import utc_seconds, utc_text
from sesmail_layer.usecases.feedback.ports import BreakerTable, SendingBus, Tally
from sesmail_layer.usecases.feedback.record_email import Recorded
from sesmail_layer.usecases.ports import Clock, Log, Metrics, TrackingTable

_PROBE_OUTCOMES = frozenset({Status.DELIVERED, Status.BOUNCED, Status.COMPLAINED})


class BreakerPorts(msgspec.Struct, frozen=True, kw_only=True):
    """What the breaker needs from outside."""

    table: BreakerTable
    tracking: TrackingTable
    bus: SendingBus
    clock: Clock
    metrics: Metrics
    log: Log


class Breaker:
    def __init__(self, ports: BreakerPorts, limits: Limits, alarms: Mapping[str, str]) -> None:
        """`alarms` are the names of the alarms on SES's own metrics, with what each of them measures."""
        self._ports = ports
        self._limits = limits
        self._alarms = alarms

    def __call__(self, batch: Sequence[Recorded]) -> Mapping[str, TransientError]:
        """Acts on a batch; what could not be done is done when its news comes again, but for the counts."""
        about = [recorded for recorded in batch if _counted(recorded.due_entries()) or _tells_of_probe(recorded)]
        if not about:
            return {}
        try:
            self._act(about)
        except TransientError as err:
            return {recorded.record.email_id: err for recorded in about}
        return {}

    def _act(self, about: Sequence[Recorded]) -> None:
        now = self._ports.clock.now()
        self._count(about, now)
        sources = {source for recorded in about if (source := recorded.record.original_source)}
        tallies = dict(self._ports.table.read({ACCOUNT, *sources}, now))
        probes = [recorded for recorded in about if _tells_of_probe(recorded)]
        for whose in (*sorted(sources), ACCOUNT):
            self._heed_probes(whose, tallies[whose].state, probes)
        if not any(_counted(recorded.due_entries()) for recorded in about):
            return
        again = any(recorded.retold for recorded in about)
        tripped = {source for source in sorted(sources) if self._judge(source, tallies[source], now, again=again)}
        self._judge_account(tallies[ACCOUNT], now, tripped, again=again)

    # --- counting -----------------------------------------------------------------------------------------------------

    def _count(self, about: Iterable[Recorded], now: float) -> None:
        """An email counts once for its bounces, and once for its complaints, when the first of them comes."""
        counts: dict[str, Counts] = defaultdict(Counts)
        for recorded in about:
            found = Counts(
                bounces=_is_first(recorded, counted_bounce), complaints=_is_first(recorded, counted_complaint)
            )
            for source in (recorded.record.original_source or "", ACCOUNT):
                counts[source] += found
        for source, found in counts.items():
            if source:
                self._ports.table.count(source, found, now)

    # --- opening ------------------------------------------------------------------------------------------------------

    def _judge(self, source: str, tally: Tally, now: float, *, again: bool) -> bool:
        trip = judge(counting(tally.timeline, tally.state), now, self._limits)
        if trip is not None:
            self._open(source, tally.state, trip.kind, trip.in_words(), trip.evidence, now, again=again)
        return trip is not None

    def _judge_account(self, account: Tally, now: float, tripped: Collection[str], *, again: bool) -> None:
        timeline = counting(account.timeline, account.state)
        if judge(timeline, now, self._limits) is None:
            return
        states = self._ports.table.states(account.sources)
        some = {source for source, state in states.items() if state.paused or state.counts_from} | set(tripped)
        trip = judge(timeline, now, self._limits, _left_out(self._ports.table.read(some, now), tripped))
        if trip is not None and not account.state.paused:
            trip = self._without_culprits(timeline, account.sources, tripped, now)
        if trip is not None:
            self._open(ACCOUNT, account.state, trip.kind, trip.in_words(), trip.evidence, now, again=again)

    def _without_culprits(
        self, timeline: Timeline, sources: Collection[str], tripped: Collection[str], now: float
    ) -> Trip | None:
        """Stops producers whose own rate is too high, whatever their volume, until the account's is not."""
        lenient = msgspec.structs.replace(self._limits, min_emails=1)
        tallies = self._ports.table.read(sources, now)
        left_out = _left_out(tallies, tripped)
        suspects = {source: tally for source, tally in tallies.items() if source not in tripped}
        found = {source: trip for source, tally in suspects.items() if (trip := _own_trip(tally, now, lenient))}
        for source, own in sorted(found.items(), key=lambda one: (-one[1].number, one[0])):
            if judge(timeline, now, self._limits, left_out) is None:
                break
            tally = tallies[source]
            why = f"{own.in_words()}, and with it the whole account's rate is too high"
            self._open(source, tally.state, own.kind, why, own.evidence, now, again=False)
            left_out = added_up([left_out, counting(tally.timeline, tally.state)])
        return judge(timeline, now, self._limits, left_out)

    def _open(
        self,
        source: str,
        state: SendingState,
        kind: str,
        reason: str,
        evidence: Evidence | None,
        now: float,
        *,
        again: bool,
    ) -> None:
        new = opened(state, kind, reason, evidence, now)
        if new is None:
            if again and state.held_by_breaker:
                self._tell(paused_event(source, state, self._limits.cooldown_seconds))
            return
        if not self._limits.pauses:
            self._ports.metrics.count("BreakerTripped")
            text = f"{_named(source)} would be paused, but breaker_mode is alarm: {reason}"
            self._ports.log.error("breaker.tripped", message=text, producer=source, trip=kind)
            return
        if not self._ports.table.replace(source, state, new):
            return  # Another worker, or an operator, was faster.
        self._ports.metrics.count("BreakerTripped")
        self._ports.metrics.level("SendingPaused", 1)
        event = paused_event(source, new, self._limits.cooldown_seconds)
        then = f"the first probes go at {event.until}" if event.until else "it waits for an operator: sesmail resume"
        text = f"{_named(source)} paused: {reason}; {then}"
        self._ports.log.error("sending.paused", message=text, producer=source, trip=kind, until=event.until)
        self._tell(event)

    # --- probes -------------------------------------------------------------------------------------------------------

    def _heed_probes(self, whose: str, state: SendingState, told: Sequence[Recorded]) -> None:
        """Decides by the records of all probes, so that it does not matter which news came when, or how often."""
        ours = [recorded for recorded in told if recorded.record.email_id in state.probes]
        if ours and state.held_by_breaker:
            self._judge_probes(whose, state, {recorded.record.email_id: recorded.record for recorded in ours})
        elif any(recorded.retold for recorded in ours) and not state.paused:
            self._tell(probed_event(whose, state))

    def _judge_probes(self, whose: str, state: SendingState, about: Mapping[str, TrackingRecord]) -> None:
        others = [email_id for email_id in state.probes if email_id not in about]
        records = [*about.values(), *self._ports.tracking.get_many(others).values()]
        verdict, good = judge_probes(records)
        now = self._ports.clock.now()
        if verdict is ProbeVerdict.BAD:
            if self._ports.table.replace(whose, state, reopened(state, now)):
                until = utc_text(now + self._limits.cooldown_seconds)
                text = f"{_named(whose)} stays paused: a probe bounced or was complained of; the next go at {until}"
                self._ports.metrics.level("SendingPaused", 1)
                self._ports.log.warning("breaker.probe_failed", message=text, producer=whose, until=until)
        elif verdict is ProbeVerdict.GOOD:
            new = closed(state, now, good)
            if self._ports.table.replace(whose, state, new):
                event = probed_event(whose, new)
                self._ports.metrics.count("SendingResumed")
                text = f"{_named(whose)} resumed: {event.reason}; counts begin anew"
                self._ports.log.warning("sending.resumed", message=text, producer=whose)
                self._tell(event)

    # --- SES's own metrics --------------------------------------------------------------------------------------------

    def handle_alarm(self, alarm: Mapping[str, Any]) -> None:
        """Pauses the account when CloudWatch says that SES's own metric is too high. Raises TransientError.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
        """
        name, value = alarm.get("AlarmName"), alarm.get("NewStateValue")
        measured = self._alarms.get(name) if isinstance(name, str) else None
        if measured is None or value != "ALARM":
            self._ports.log.info("breaker.alarm_passed_over", alarm=str(name), state=str(value))
            return
        now = self._ports.clock.now()
        state = self._ports.table.states([ACCOUNT]).get(ACCOUNT, SendingState())
        if _changed_at(alarm, now) <= state.counts_from:
            return  # It came late, or again: an operator has resumed since.
        why = f"SES's own {measured} of the account is where SES pauses accounts (alarm {name})"
        self._open(ACCOUNT, state, "ses_metrics", why, None, now, again=True)

    def _tell(self, event: SendingEvent) -> None:
        """The state stands whether or not it can be told of: the alarm and the log tell it too."""
        refused = self._ports.bus.announce(event)
        if refused:
            text = f"Failed to publish status change event: {refused}"
            self._ports.log.error("sending_event.refused", code="FBK007", message=text, producer=event.producer)
            self._ports.metrics.count("StatusRefused")


def _left_out(tallies: Mapping[str, Tally], tripped: Collection[str]) -> Timeline:
    """The counts of producers that are paused, or were and began anew: they do no more harm."""
    return added_up(
        tally.timeline if source in tripped else not_counting(tally.timeline, tally.state)
        for source, tally in tallies.items()
    )


def _own_trip(tally: Tally, now: float, limits: Limits) -> Trip | None:
    return None if tally.state.paused else judge(counting(tally.timeline, tally.state), now, limits)


def _counted(entries: Iterable[Entry]) -> bool:
    return any(counted_bounce(entry) or counted_complaint(entry) for entry in entries)


def _is_first(recorded: Recorded, counted: Callable[[Entry], bool]) -> bool:
    """True where the news brought the first entry of the kind: an email counts once."""
    keys = {entry.key for entry in recorded.record.history if counted(entry)}
    return bool(keys) and keys <= recorded.fresh.keys()


def _tells_of_probe(recorded: Recorded) -> bool:
    return is_probe(recorded.record) and any(
        moved.entry.status in _PROBE_OUTCOMES for moved in recorded.due_transitions()
    )


def _changed_at(alarm: Mapping[str, Any], now: float) -> float:
    try:
        return utc_seconds(str(alarm.get("StateChangeTime")))
    except ValueError:
        return now


def _named(source: str) -> str:
    return "Sending of the whole account" if source == ACCOUNT else f"Sending of producer '{source}'"
