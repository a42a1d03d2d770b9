"""The breaker in the feedback processor: count bounces and complaints, pause, evaluate probes.

A follow-up of what was recorded. It reads and writes counts only for outcomes that count or are a probe's: one write
for each producer and one for the account, one that lists the producers, one read for the batch. Only where the
account's rate is too high does it read others, at most `MOST_SOURCES` of each kind: those that are paused already are
excluded, and those that cause the rate are paused in the account's place, even below the volume at which they would be
judged by themselves.

CloudWatch reports an alarm on SES's own metrics when it changes, and never again: one that fires while an operator has
paused, or that an operator resumed, would be forgotten. So its state is read at the breaker's own releases and once an
hour, by whichever worker comes first; without mail nobody looks, and nothing is sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from sesmail_layer.domain.errors import BreakerOpen, TransientError
from sesmail_layer.domain.guards.breaker import (
    MOST_SOURCES,
    SES_METRICS,
    SLOT_SECONDS,
    WINDOWS_SECONDS,
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
    ses_metrics_reason,
    sum_timelines,
)
from sesmail_layer.domain.guards.sending_event import SendingEvent, paused_event, probed_event
from sesmail_layer.domain.guards.sending_state import ACCOUNT, Evidence, SendingState
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_seconds, utc_text
from sesmail_layer.usecases.feedback.ports import AlarmStates, ProducerStates, SendingBus, SendingCounts
from sesmail_layer.usecases.feedback.record_email import FeedbackResult
from sesmail_layer.usecases.ports import Clock, Log, Metrics, RunAll, TrackingTable

_LOOK_SECONDS = 3_600.0
_TRY_AGAIN_SECONDS = 300.0
"""After this time a worker asks again whether it is its turn to look."""
# What the log lines of pauses have in common with the emails that fail for them, for one filter.
_ERROR_TYPE = BreakerOpen.gives_up_as


class Breaker:
    def __init__(
        self,
        states: ProducerStates,
        counts: SendingCounts,
        alarm_states: AlarmStates,
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
        self._alarm_states = alarm_states
        self._tracking = tracking
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._limits = limits
        self._alarms = alarms
        self._run_all = run_all
        self._look_again_at = 0.0

    def __call__(self, batch: Sequence[FeedbackResult], last_start: float) -> Mapping[str, TransientError]:
        """Act on a batch; return what failed by email id. The redelivery does what failed, except counting.

        No count is begun after `last_start` (Unix seconds).
        """
        self._look_hourly()
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
            self._judge_account(tallies[ACCOUNT], now, sources, tripped, republish=republish)

    def _count(self, results: Iterable[FeedbackResult], now: float, last_start: float) -> None:
        counts: dict[str, Counts] = defaultdict(Counts)
        for result in results:
            found = count_email(result.record.history, result.new_entries)
            for source in (result.record.original_source, ACCOUNT):
                if source:
                    counts[source] += found
        suspects = [source for source, found in counts.items() if source != ACCOUNT and found != Counts()]
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
        if suspects:
            self._counts.list_suspects(suspects, now)

    # --- pausing ------------------------------------------------------------------------------------------------------

    def _judge(self, source: str, tally: Tally, now: float, *, republish: bool) -> bool:
        trip = judge(counts_in_force(tally.timeline, tally.state), now, self._limits)
        if trip is not None:
            self._open(source, tally.state, trip.kind, trip.in_words(), trip.evidence, now, republish=republish)
        return trip is not None

    def _judge_account(
        self, account: Tally, now: float, sources: Collection[str], tripped: Collection[str], *, republish: bool
    ) -> None:
        """`sources` are the batch's, and `tripped` those of them that are above their own limit."""
        timeline = counts_in_force(account.timeline, account.state)
        if judge(timeline, now, self._limits) is None:
            return
        known = self._paused_lately(now, tripped)
        trip = judge(timeline, now, self._limits, _excluded(known, tripped))
        if trip is not None and not account.state.paused:
            suspects = list(dict.fromkeys([*sources, *self._counts.suspects(now)]))[:MOST_SOURCES]
            known |= self._counts.read([source for source in suspects if source not in known], now)
            trip = self._pause_culprits(timeline, known, tripped, now)
        if trip is not None:
            self._open(ACCOUNT, account.state, trip.kind, trip.in_words(), trip.evidence, now, republish=republish)

    def _paused_lately(self, now: float, tripped: Collection[str]) -> dict[str, Tally]:
        """Read the producers whose counts the account's rate excludes, and forget those that nothing is left of."""
        listed = self._states.listed_pauses()
        others = [*sorted(listed.paused - {ACCOUNT}), *sorted(listed.resumed - listed.paused - {ACCOUNT})]
        known = dict(self._counts.read([*dict.fromkeys([*tripped, *others[:MOST_SOURCES]])], now))
        oldest = now - max(WINDOWS_SECONDS) - SLOT_SECONDS
        over = [
            source
            for source in listed.resumed & known.keys()
            if not known[source].state.paused and known[source].state.counts_from < oldest
        ]
        if over:
            self._states.forget_resumed(over)
        return known

    def _pause_culprits(
        self, timeline: Timeline, tallies: Mapping[str, Tally], tripped: Collection[str], now: float
    ) -> Trip | None:
        """Pause producers with too high a rate of their own, whatever their volume, until the account's is not.

        Returns the trip of the account that remains without them.
        """
        any_volume = msgspec.structs.replace(self._limits, min_emails=1)
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
                self._states.list_pause(source, paused=True)
                self._publish(paused_event(source, state, self._limits.cooldown_seconds))
            return
        if not self._limits.pauses:
            self._metrics.count("BreakerTripped")
            text = f"{_named(source)} would be paused, but breaker_mode is alarm: {reason}"
            self._log.error("breaker.tripped", message=text, error_type=_ERROR_TYPE, producer=source, trip=kind)
            return
        if not self._states.replace(source, state, new):
            return  # Another worker, or an operator, was faster.
        self._metrics.count("BreakerTripped")
        self._metrics.level("SendingPaused", 1)
        event = paused_event(source, new, self._limits.cooldown_seconds)
        then = f"the first probes go at {event.until}" if event.until else "it waits for an operator: sesmail resume"
        text = f"{_named(source)} paused: {reason}; {then}"
        about = {"error_type": _ERROR_TYPE, "producer": source, "trip": kind, "until": event.until}
        self._log.error("sending.paused", message=text, **about)
        self._publish(event)

    # --- probes -------------------------------------------------------------------------------------------------------

    def _evaluate_probes(self, scope: str, state: SendingState, results: Sequence[FeedbackResult]) -> None:
        """Decide by the records of all probes, so that order and repetition of their events do not matter."""
        ours = [result for result in results if result.record.email_id in state.probes]
        if ours and state.held_by_breaker:
            self._judge_probes(scope, state, {result.record.email_id: result.record for result in ours})
        elif any(result.maybe_unpublished for result in ours) and not state.paused:
            self._states.list_pause(scope, paused=False)
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
                about = {"error_type": _ERROR_TYPE, "producer": scope, "until": until}
                self._log.warning("breaker.probe_failed", message=text, **about)
        elif verdict is ProbeVerdict.GOOD:
            new = closed(state, now, good)
            if self._states.replace(scope, state, new):
                event = probed_event(scope, new)
                self._metrics.count("SendingResumed")
                self._metrics.level("SendingPaused", float(bool(self._states.listed_pauses().paused)))
                text = f"{_named(scope)} resumed: {event.reason}; counts restart"
                self._log.warning("sending.resumed", message=text, producer=scope)
                self._publish(event)
                self._look(now)

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
        self._open(ACCOUNT, state, SES_METRICS, ses_metrics_reason(measured, str(name)), None, now, republish=True)

    def _look_hourly(self) -> None:
        """Look at the alarms' states where an hour has passed since any worker did; a failure costs no event."""
        now = self._clock.now()
        if now < self._look_again_at:
            return
        self._look_again_at = now + _TRY_AGAIN_SECONDS
        try:
            if self._alarm_states.take_look(now, _LOOK_SECONDS) and not self._look(now):
                self._alarm_states.postpone_look(now, _TRY_AGAIN_SECONDS)
        except TransientError as err:
            self._log.warning("breaker.look_failed", code=err.code, message=err.message)

    def _look(self, now: float) -> bool:
        """Pause the account where an alarm on SES's own metrics is firing; False where that is not known."""
        try:
            for name in self._alarm_states.firing(self._alarms):
                state = self._states.states([ACCOUNT]).get(ACCOUNT, SendingState())
                why = ses_metrics_reason(self._alarms[name], name)
                self._open(ACCOUNT, state, SES_METRICS, why, None, now, republish=False)
        except TransientError as err:
            self._log.warning("breaker.look_failed", code=err.code, message=err.message)
            return False
        return True

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
