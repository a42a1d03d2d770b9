"""The breaker in the feedback processor: count bounces and complaints, pause, evaluate probes.

A follow-up of what was recorded. It reads and writes counts only for outcomes that count or are a probe's: one write
for each producer and one for the account, one read for the batch. Only where the account would be paused does it read
all its producers: those already paused are excluded, and those that cause the account's high rate are paused in its
place, even below the volume at which they would be judged by themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.breaker import (
    Counts,
    Limits,
    ProbeVerdict,
    Tally,
    Timeline,
    Trip,
    closed,
    count_email,
    counts_in_force,
    counts_to_exclude,
    counts_towards_rates,
    has_probe_outcome,
    judge,
    judge_probes,
    opened,
    reopened,
    sum_timelines,
)
from sesmail_layer.domain.guards.sending_event import SendingEvent, paused_event, probed_event
from sesmail_layer.domain.guards.sending_state import ACCOUNT, Evidence, SendingState
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_seconds, utc_text
from sesmail_layer.usecases.feedback.ports import ProducerStates, SendingBus, SendingCounts
from sesmail_layer.usecases.feedback.record_email import FeedbackResult
from sesmail_layer.usecases.ports import Clock, Log, Metrics, RunAll, TrackingTable


class Breaker:
    def __init__(
        self,
        states: ProducerStates,
        counts: SendingCounts,
        tracking: TrackingTable,
        bus: SendingBus,
        clock: Clock,
        metrics: Metrics,
        log: Log,
        limits: Limits,
        alarms: Mapping[str, str],
        run_all: RunAll,
    ) -> None:
        """`alarms` are the names of the alarms on SES's own metrics, with what each of them measures."""
        self._states = states
        self._counts = counts
        self._tracking = tracking
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._limits = limits
        self._alarms = alarms
        self._run_all = run_all

    def __call__(self, batch: Sequence[FeedbackResult], last_start: float) -> Mapping[str, TransientError]:
        """Act on a batch; return what failed by email id. The redelivery does what failed, except counting.

        No count is begun after `last_start` (Unix seconds).
        """
        counted = [result for result in batch if counts_towards_rates(result.entries_to_act_on)]
        probes = [result for result in batch if has_probe_outcome(result.record, result.transitions_to_act_on)]
        if not counted and not probes:
            return {}
        try:
            self._act(counted, probes, last_start)
        except TransientError as err:
            return {result.record.email_id: err for result in (*counted, *probes)}
        return {}

    def _act(self, counted: Sequence[FeedbackResult], probes: Sequence[FeedbackResult], last_start: float) -> None:
        now = self._clock.now()
        results = {result.record.email_id: result for result in (*counted, *probes)}.values()
        self._count(results, now, last_start)
        sources = sorted({source for result in results if (source := result.record.original_source)})
        tallies = self._counts.read({ACCOUNT, *sources}, now)
        for scope in (*sources, ACCOUNT) if probes else ():
            self._evaluate_probes(scope, tallies[scope].state, probes)
        if counted:
            republish = any(result.maybe_unpublished for result in results)
            tripped = {source for source in sources if self._judge(source, tallies[source], now, republish=republish)}
            self._judge_account(tallies[ACCOUNT], now, tripped, republish=republish)

    def _count(self, results: Iterable[FeedbackResult], now: float, last_start: float) -> None:
        counts: dict[str, Counts] = defaultdict(Counts)
        for result in results:
            found = count_email(result.record.history, result.new_entries)
            for source in (result.record.original_source, ACCOUNT):
                if source:
                    counts[source] += found
        errors: list[TransientError] = []

        def count(source: str, found: Counts) -> None:
            try:
                if self._clock.now() > last_start:
                    raise TransientError("No time left in this batch", code="AWS006")
                self._counts.count(source, found, now)
            except TransientError as err:
                errors.append(err)

        # The largest counts first: where there is no time for all of them, these decide.
        ordered = sorted(counts.items(), key=lambda one: -one[1].emails)
        self._run_all([partial(count, source, found) for source, found in ordered])
        if errors:
            raise errors[0]

    # --- pausing ------------------------------------------------------------------------------------------------------

    def _judge(self, source: str, tally: Tally, now: float, *, republish: bool) -> bool:
        trip = judge(counts_in_force(tally.timeline, tally.state), now, self._limits)
        if trip is not None:
            self._open(source, tally.state, trip.kind, trip.in_words(), trip.evidence, now, republish=republish)
        return trip is not None

    def _judge_account(self, account: Tally, now: float, tripped: Collection[str], *, republish: bool) -> None:
        timeline = counts_in_force(account.timeline, account.state)
        if judge(timeline, now, self._limits) is None:
            return
        states = self._states.states(account.sources)
        some = {source for source, state in states.items() if state.paused or state.counts_from} | set(tripped)
        trip = judge(timeline, now, self._limits, _excluded(self._counts.read(some, now), tripped))
        if trip is not None and not account.state.paused:
            trip = self._pause_culprits(timeline, account.sources, tripped, now)
        if trip is not None:
            self._open(ACCOUNT, account.state, trip.kind, trip.in_words(), trip.evidence, now, republish=republish)

    def _pause_culprits(
        self, timeline: Timeline, sources: Collection[str], tripped: Collection[str], now: float
    ) -> Trip | None:
        """Pause producers with too high a rate of their own, whatever their volume, until the account's is not.

        Returns the trip of the account that remains without them.
        """
        any_volume = msgspec.structs.replace(self._limits, min_emails=1)
        tallies = self._counts.read(sources, now)
        excluded = _excluded(tallies, tripped)
        suspects = {source: tally for source, tally in tallies.items() if source not in tripped}
        found = {source: trip for source, tally in suspects.items() if (trip := _own_trip(tally, now, any_volume))}
        for source, own in sorted(found.items(), key=lambda one: (-one[1].number, one[0])):
            if judge(timeline, now, self._limits, excluded) is None:
                break
            tally = tallies[source]
            why = f"{own.in_words()}, and with it the whole account's rate is too high"
            self._open(source, tally.state, own.kind, why, own.evidence, now, republish=False)
            excluded = sum_timelines([excluded, counts_in_force(tally.timeline, tally.state)])
        return judge(timeline, now, self._limits, excluded)

    def _open(
        self,
        source: str,
        state: SendingState,
        kind: str,
        reason: str,
        evidence: Evidence | None,
        now: float,
        *,
        republish: bool,
    ) -> None:
        """Pause a source; where it is paused already, `republish` the event of that pause."""
        new = opened(state, kind, reason, evidence, now)
        if new is None:
            if republish and state.held_by_breaker:
                self._publish(paused_event(source, state, self._limits.cooldown_seconds))
            return
        if not self._limits.pauses:
            self._metrics.count("BreakerTripped")
            text = f"{_named(source)} would be paused, but breaker_mode is alarm: {reason}"
            self._log.error("breaker.tripped", message=text, producer=source, trip=kind)
            return
        if not self._states.replace(source, state, new):
            return  # Another worker, or an operator, was faster.
        self._metrics.count("BreakerTripped")
        self._metrics.level("SendingPaused", 1)
        event = paused_event(source, new, self._limits.cooldown_seconds)
        then = f"the first probes go at {event.until}" if event.until else "it waits for an operator: sesmail resume"
        text = f"{_named(source)} paused: {reason}; {then}"
        self._log.error("sending.paused", message=text, producer=source, trip=kind, until=event.until)
        self._publish(event)

    # --- probes -------------------------------------------------------------------------------------------------------

    def _evaluate_probes(self, scope: str, state: SendingState, results: Sequence[FeedbackResult]) -> None:
        """Decide by the records of all probes, so that order and repetition of their events do not matter."""
        ours = [result for result in results if result.record.email_id in state.probes]
        if ours and state.held_by_breaker:
            self._judge_probes(scope, state, {result.record.email_id: result.record for result in ours})
        elif any(result.maybe_unpublished for result in ours) and not state.paused:
            self._publish(probed_event(scope, state))

    def _judge_probes(self, scope: str, state: SendingState, known: Mapping[str, TrackingRecord]) -> None:
        others = [email_id for email_id in state.probes if email_id not in known]
        records = [*known.values(), *self._tracking.get_many(others).values()]
        verdict, good = judge_probes(records)
        now = self._clock.now()
        if verdict is ProbeVerdict.BAD:
            if self._states.replace(scope, state, reopened(state, now)):
                until = utc_text(now + self._limits.cooldown_seconds)
                text = f"{_named(scope)} stays paused: a probe bounced or was complained of; the next go at {until}"
                self._metrics.level("SendingPaused", 1)
                self._log.warning("breaker.probe_failed", message=text, producer=scope, until=until)
        elif verdict is ProbeVerdict.GOOD:
            new = closed(state, now, good)
            if self._states.replace(scope, state, new):
                event = probed_event(scope, new)
                self._metrics.count("SendingResumed")
                text = f"{_named(scope)} resumed: {event.reason}; counts restart"
                self._log.warning("sending.resumed", message=text, producer=scope)
                self._publish(event)

    # --- SES's own metrics --------------------------------------------------------------------------------------------

    def handle_alarm(self, alarm: Mapping[str, Any]) -> None:
        """Pause the account when an alarm on SES's own metrics fires. Raises TransientError.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
        """
        name, value = alarm.get("AlarmName"), alarm.get("NewStateValue")
        measured = self._alarms.get(name) if isinstance(name, str) else None
        if measured is None or value != "ALARM":
            self._log.info("breaker.alarm_ignored", alarm=str(name), state=str(value))
            return
        now = self._clock.now()
        state = self._states.states([ACCOUNT]).get(ACCOUNT, SendingState())
        if _changed_at(alarm, now) <= state.counts_from:
            return  # Late or redelivered: an operator has resumed since.
        why = f"SES's own {measured} of the account is where SES pauses accounts (alarm {name})"
        self._open(ACCOUNT, state, "ses_metrics", why, None, now, republish=True)

    def _publish(self, event: SendingEvent) -> None:
        """Publish a pause or resumption. It is in force even if the bus refuses: the alarm and the log report it."""
        refused = self._bus.announce(event)
        if refused:
            text = f"Failed to publish status change event: {refused}"
            self._log.error("sending_event.refused", code="FBK007", message=text, producer=event.producer)
            self._metrics.count("StatusRefused")


def _excluded(tallies: Mapping[str, Tally], tripped: Collection[str]) -> Timeline:
    """Sum the counts of producers that are paused, and those from before a resumption."""
    return sum_timelines(
        tally.timeline if source in tripped else counts_to_exclude(tally.timeline, tally.state)
        for source, tally in tallies.items()
    )


def _own_trip(tally: Tally, now: float, limits: Limits) -> Trip | None:
    return None if tally.state.paused else judge(counts_in_force(tally.timeline, tally.state), now, limits)


def _changed_at(alarm: Mapping[str, Any], now: float) -> float:
    try:
        return utc_seconds(str(alarm.get("StateChangeTime")))
    except ValueError:
        return now


def _named(source: str) -> str:
    return "Sending of the whole account" if source == ACCOUNT else f"Sending of producer '{source}'"
