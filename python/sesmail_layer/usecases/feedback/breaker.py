"""The breaker in the feedback processor: count bounces and complaints, pause, evaluate probes.

A follow-up of what was recorded. It reads and writes counts only for outcomes that count or are a probe's: one write
for each producer and one for the account, one that lists the producers, one read for the batch. Only where the
account's rate is too high does it read others, at most `MOST_SOURCES`: those that cause the rate are paused in the
account's place, even below the volume at which they would be judged by themselves.

A producer's pause has four steps: its state, the list of pauses, its event, and its counts, which the account's rate
excludes from then on. The last one marks the state. Whoever reads a paused state without the mark repeats the steps.

CloudWatch reports an alarm on SES's own metrics when it changes, and never again: one that fires while an operator has
paused, or that an operator resumed, would be forgotten. So its state is read when good probes resume the account, and
once an hour, by whichever worker comes first; without mail no worker looks, and nothing is sent.
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
# After this time a worker asks again whether it is its turn to look.
_TRY_AGAIN_SECONDS = 300.0
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
        """Act on a batch, without new counts after `last_start` (Unix seconds); return what failed by email id.

        The redelivery does what failed, except counting.
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
        counts = self._count(results, now, last_start)
        sources = sorted({source for result in results if (source := result.record.original_source)})
        tallies = dict(self._counts.read({ACCOUNT, *sources}, now))
        excluded = [counts[source] for source in sources if tallies[source].state.excluded]
        if (late := sum(excluded, Counts())) != Counts():
            self._counts.count_excluded(late, now)
        tallies |= {source: self._complete_pause(source, tallies[source], now) for source in sources}
        for scope in (*sources, ACCOUNT) if probes else ():
            self._evaluate_probes(scope, tallies[scope].state, probes)
        if counted:
            republish = any(result.maybe_unpublished for result in results)
            account = judge(counts_in_force(tallies[ACCOUNT]), now, self._limits)
            # Read before this batch's producers are paused: their counts are among these afterwards.
            out = self._counts.excluded(now) if account else {}
            judged = {source: self._judge(source, tallies[source], now, republish=republish) for source in sources}
            if account:
                out = sum_timelines([out, *(counts_to_exclude(tallies[one]) for one, trips in judged.items() if trips)])
                self._judge_account(tallies[ACCOUNT], out, now, judged, republish=republish)

    def _count(self, results: Iterable[FeedbackResult], now: float, last_start: float) -> Mapping[str, Counts]:
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
        return counts

    # --- pausing ------------------------------------------------------------------------------------------------------

    def _judge(self, source: str, tally: Tally, now: float, *, republish: bool) -> bool:
        trip = judge(counts_in_force(tally), now, self._limits)
        if trip:
            self._open(source, tally, trip.kind, trip.in_words(), trip.evidence, now, republish=republish)
        return trip is not None

    def _judge_account(
        self, account: Tally, excluded: Timeline, now: float, judged: Mapping[str, bool], *, republish: bool
    ) -> None:
        """`judged` are the batch's producers, with whether they are above their own limit."""
        timeline = counts_in_force(account)
        trip = judge(timeline, now, self._limits, excluded)
        if trip is not None and not account.state.paused:
            tripped = [source for source, trips in judged.items() if trips]
            suspects = [each for each in dict.fromkeys([*judged, *self._counts.suspects(now)]) if each not in tripped]
            tallies = self._counts.read([*tripped, *suspects[:MOST_SOURCES]], now)
            trip = self._pause_culprits(timeline, tallies, tripped, now)
        if trip is not None:
            self._open(ACCOUNT, account, trip.kind, trip.in_words(), trip.evidence, now, republish=republish)

    def _pause_culprits(
        self, timeline: Timeline, tallies: Mapping[str, Tally], tripped: Collection[str], now: float
    ) -> Trip | None:
        """Pause producers with too high a rate of their own, whatever their volume, until the account's is not.

        Returns the trip of the account that remains without them.
        """
        any_volume = msgspec.structs.replace(self._limits, min_emails=1)
        out = [tally for source, tally in tallies.items() if tally.state.paused or source in tripped]
        # Read once more: other workers pause the same producers.
        excluded = sum_timelines([self._counts.excluded(now), *map(counts_to_exclude, out)])
        suspects = {source: tally for source, tally in tallies.items() if source not in tripped}
        found = {}
        for source, tally in suspects.items():
            if tally.state.paused:
                self._complete_pause(source, tally, now)
            elif own := judge(counts_in_force(tally), now, any_volume):
                found[source] = own
        for source, own in sorted(found.items(), key=lambda one: (-one[1].number, one[0])):
            if judge(timeline, now, self._limits, excluded) is None:
                break
            tally = tallies[source]
            why = f"{own.in_words()}, and with it the whole account's rate is too high"
            self._open(source, tally, own.kind, why, own.evidence, now, republish=False)
            excluded = sum_timelines([excluded, counts_to_exclude(tally)])
        return judge(timeline, now, self._limits, excluded)

    def _open(
        self, source: str, tally: Tally, kind: str, why: str, evidence: Evidence | None, now: float, *, republish: bool
    ) -> None:
        """Pause a source; where it is paused already, `republish` the event of that pause."""
        state = tally.state
        new = opened(state, kind, why, evidence, now)
        if new is None:
            if republish and state.held_by_breaker:
                self._announce_again(source, state)
            return
        if not self._limits.pauses:
            self._metrics.count("BreakerTripped")
            text = f"{_named(source)} would be paused, but breaker_mode is alarm: {why}"
            self._log.error("breaker.tripped", message=text, error_type=_ERROR_TYPE, producer=source, trip=kind)
            return
        if not self._states.replace(source, state, new):
            return  # Another worker, or an operator, was faster.
        self._metrics.count("BreakerTripped")
        self._metrics.changed("SendingPaused", 1)
        event = paused_event(source, new, self._limits.cooldown_seconds)
        resume = f"it waits for an operator: sesmail resume {'--all' if source == ACCOUNT else f'--producer {source}'}"
        then = f"the first probes go at {event.until}" if event.until else resume
        about = {"error_type": _ERROR_TYPE, "producer": source, "trip": kind, "until": event.until}
        self._log.error("sending.paused", message=f"{_named(source)} paused: {why}; {then}", **about)
        self._publish(event)
        self._exclude(source, Tally(new, tally.timeline), now)

    def _complete_pause(self, source: str, tally: Tally, now: float) -> Tally:
        """Repeat the last steps of a pause that was interrupted, whoever paused; return the tally after them."""
        if not tally.state.paused or tally.state.excluded:
            return tally
        self._announce_again(source, tally.state)
        self._exclude(source, tally, now)
        return Tally(msgspec.structs.replace(tally.state, excluded=True), tally.timeline)

    def _announce_again(self, source: str, state: SendingState) -> None:
        self._states.list_pause(source, paused=True)
        self._metrics.level("SendingPaused", 1)
        self._publish(paused_event(source, state, self._limits.cooldown_seconds))

    def _exclude(self, source: str, tally: Tally, now: float) -> None:
        if source != ACCOUNT and not tally.state.excluded:
            self._counts.exclude(source, counts_to_exclude(tally), now)

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
                if self._states.listed_pauses():
                    self._metrics.level("SendingPaused", 1)
                else:
                    self._metrics.changed("SendingPaused", 0)
                text = f"{_named(scope)} resumed: {event.reason}; counts restart"
                self._log.warning("sending.resumed", message=text, producer=scope)
                self._publish(event)
                if scope == ACCOUNT:
                    self._look(now)

    # --- SES's own metrics --------------------------------------------------------------------------------------------

    def handle_alarm(self, alarm: Mapping[str, Any]) -> None:
        """Pause the account when an alarm on SES's own metrics fires. Raises TransientError.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
        """
        name, value = alarm.get("AlarmName"), alarm.get("NewStateValue")
        measured = self._alarms.get(str(name))
        if measured is None or value != "ALARM":
            self._log.info("breaker.alarm_ignored", alarm=str(name), state=str(value))
            return
        now = self._clock.now()
        state = self._states.states([ACCOUNT]).get(ACCOUNT, SendingState())
        if _changed_at(alarm, now) <= state.counts_from:
            return  # Late or redelivered: an operator has resumed since.
        why = ses_metrics_reason(measured, str(name))
        self._open(ACCOUNT, Tally(state, {}), SES_METRICS, why, None, now, republish=True)

    def _look_hourly(self) -> None:
        """Look at the alarms' states where an hour has passed since any worker did; a failure costs no event."""
        now = self._clock.now()
        if now < self._look_again_at:
            return
        self._look_again_at = now + _TRY_AGAIN_SECONDS
        try:
            if self._alarm_states.take_look(now, _LOOK_SECONDS) and not self._look(now):
                self._alarm_states.hasten_look(now, _LOOK_SECONDS, _TRY_AGAIN_SECONDS)
        except TransientError as err:
            self._log.warning("breaker.look_failed", code=err.code, message=err.message)

    def _look(self, now: float) -> bool:
        """Pause the account where an alarm on SES's own metrics is firing; False where that is not known."""
        try:
            # Before the alarms: an operator who resumes meanwhile has seen them.
            state = self._states.states([ACCOUNT]).get(ACCOUNT, SendingState())
            for name in self._alarm_states.firing(self._alarms):
                why = ses_metrics_reason(self._alarms[name], name)
                self._open(ACCOUNT, Tally(state, {}), SES_METRICS, why, None, now, republish=False)
        except TransientError as err:
            self._log.warning("breaker.look_failed", code=err.code, message=err.message)
            return False
        return True

    def _publish(self, event: SendingEvent) -> None:
        """Publish a pause or resumption. It is in force even if the bus refuses: the alarm and the log report it."""
        if refused := self._bus.announce(event):
            text = f"Failed to publish status change event: {refused}"
            self._log.error("sending_event.refused", code="FBK007", message=text, producer=event.producer)
            self._metrics.count("StatusRefused")


def _changed_at(alarm: Mapping[str, Any], now: float) -> float:
    try:
        return utc_seconds(str(alarm.get("StateChangeTime")))
    except ValueError:
        return now


def _named(source: str) -> str:
    return "Sending of the whole account" if source == ACCOUNT else f"Sending of producer '{source}'"
