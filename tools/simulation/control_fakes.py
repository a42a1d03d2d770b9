"""Fakes of the control table: the rate bucket, policies and states, counters, and SES's quota."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.figures import Reached, StatusCounts, count_reached
from sesmail_layer.domain.guards.breaker import MOST_SOURCES, SLOT_SECONDS, Counts, Tally, Timeline
from sesmail_layer.domain.guards.cancelling import Cancellations, CancelRule
from sesmail_layer.domain.guards.pacing import Quota, Reservation
from sesmail_layer.domain.guards.producers import ProducerPolicy, Producers
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.ses.watermark import Progress
from tools.simulation.fakes import NOW, storable


class FakeBucket:
    """The control table's bucket in memory, one update at a time."""

    def __init__(self) -> None:
        self.empty_at: dict[str, float] = {}
        self.updates = 0

    def advance(self, name: str, cost_seconds: float, *, floor: float, latest_start: float) -> Reservation:
        self.updates += 1
        empty_at = max(self.empty_at.get(name, 0.0), floor)
        if empty_at > latest_start:
            return Reservation(False, empty_at)
        self.empty_at[name] = empty_at + cost_seconds
        return Reservation(True, empty_at)


class FakeControl:
    """The control table's policies, states and counters in memory."""

    def __init__(self) -> None:
        self.policies: dict[str, ProducerPolicy] = {}
        self.states: dict[str, SendingState] = {}
        self.role_senders: list[str] | None = ["*@example.com"]
        self.cancellations: dict[str, Cancellations] = {}
        self.counters: dict[str, int] = {}
        self.sent: dict[str, int] = {}
        self.timelines: dict[str, dict[int, Counts]] = {}
        self.excluded: dict[int, Counts] = {}
        self.suspects: dict[str, None] = {}
        self.reads = 0
        self.writes = 0
        self.error: TransientError | None = None

    def producers(self, sources: Collection[str]) -> Producers:
        self.reads += 1
        if self.error:
            raise self.error
        return Producers(
            {source: self.policies[source] for source in sources if source in self.policies},
            {source: self.states[source] for source in sources if source in self.states},
            self.role_senders,
            any(state.paused for state in self.states.values()),
            {source: self.cancellations[source] for source in sources if source in self.cancellations},
        )

    def add_rule(self, source: str, rule: CancelRule, *, kept_seconds: float) -> None:
        self.writes += 1
        known = self.cancellations.get(source, Cancellations())
        self.cancellations[source] = storable(known.with_rule(rule, kept_after=rule.before - kept_seconds))

    def take(self, counter: str, wanted: int, limit: int, expires_at: float) -> int:
        self.writes += 1
        room = max(0, min(wanted, limit - self.counters.get(counter, 0)))
        self.counters[counter] = self.counters.get(counter, 0) + room
        return room

    def give_back(self, counter: str, taken: int) -> None:
        self.writes += 1
        self.counters[counter] -= taken
        assert self.counters[counter] >= 0

    def take_probe(self, source: str, email_id: str, *, limit: int, now: float, stale_before: float) -> bool:
        state = self.states[source]
        probes = [] if len(state.probes) >= limit and state.probed_at < stale_before else state.probes
        if not state.paused or len(probes) >= limit:
            return False
        self.states[source] = msgspec.structs.replace(state, probes=[*probes, email_id], probed_at=now)
        return True

    def count_sent(self, source: str, emails: int, now: float) -> None:
        self.writes += 1
        self.sent[source] = self.sent.get(source, 0) + emails
        self.add(source, Counts(emails=emails), now)

    def add(self, source: str, counts: Counts, now: float) -> None:
        slots = self.timelines.setdefault(source, {})
        slot = int(now) // SLOT_SECONDS * SLOT_SECONDS
        before = slots.get(slot, Counts())
        # Not their own sum: an ordinary email's way has no need of it.
        slots[slot] = Counts(
            before.emails + counts.emails, before.bounces + counts.bounces, before.complaints + counts.complaints
        )

    def count_excluded(self, counts: Counts, now: float) -> None:
        if counts != Counts():
            self.writes += 1
            slot = int(now) // SLOT_SECONDS * SLOT_SECONDS
            self.excluded[slot] = self.excluded.get(slot, Counts()) + counts


class FakeBreakerTable:
    """The breaker's view of the same table."""

    def __init__(self, control: FakeControl) -> None:
        self.control = control
        self.reads = 0
        self.sources_read = 0
        self.listed: list[str] = []
        """What was listed once more, without a change of its state."""
        self.writes = 0
        self.error: TransientError | None = None
        self.before_replace: Callable[[], None] | None = None
        """What another writer does between read and write."""

    def count(self, source: str, counts: Counts, now: float) -> None:
        self._check(now)
        self.writes += 1
        self.control.add(source, counts, now)

    def read(self, sources: Collection[str], now: float) -> Mapping[str, Tally]:
        self._check(now)
        self.reads += 1
        self.sources_read += len(sources)
        return {
            source: Tally(self.control.states.get(source, SendingState()), dict(self.control.timelines.get(source, {})))
            for source in sources
        }

    def exclude(self, source: str, counts: Timeline, now: float) -> None:
        self._check(now)
        state = self.control.states[source]
        if not state.paused or state.excluded:
            return
        self.writes += 1
        self.control.states[source] = msgspec.structs.replace(state, excluded=True)
        for start, found in counts.items():
            self.control.excluded[start] = self.control.excluded.get(start, Counts()) + found

    def count_excluded(self, counts: Counts, now: float) -> None:
        self._check(now)
        self.control.count_excluded(counts, now)

    def excluded(self, now: float) -> Timeline:
        self._check(now)
        self.sources_read += 1
        return dict(self.control.excluded)

    def list_suspects(self, sources: Collection[str], now: float) -> None:
        self._check(now)
        self.writes += 1
        if len(self.control.suspects) < MOST_SOURCES:
            self.control.suspects |= dict.fromkeys(sources)

    def suspects(self, now: float) -> Sequence[str]:
        self._check(now)
        return list(self.control.suspects)

    def listed_pauses(self) -> frozenset[str]:
        self._check()
        return frozenset(source for source, state in self.control.states.items() if state.paused)

    def list_pause(self, source: str, *, paused: bool) -> None:
        self._check()
        assert self.control.states[source].paused is paused
        self.listed.append(source)

    def states(self, sources: Collection[str]) -> Mapping[str, SendingState]:
        self._check()
        return {source: self.control.states[source] for source in sources if source in self.control.states}

    def replace(self, source: str, seen: SendingState, new: SendingState) -> bool:
        self._check()
        if self.before_replace:
            self.before_replace()
        existing = self.control.states.get(source, SendingState())
        # As in the table, a probe that was added meanwhile is no reason to refuse.
        if msgspec.structs.replace(existing, probes=seen.probes, probed_at=seen.probed_at) != seen:
            return False
        self.control.states[source] = storable(new)
        return True

    def _check(self, now: float = NOW) -> None:
        assert now >= NOW - 1.0
        if self.error:
            raise self.error


class FakeFigures:
    """The figures of days, and the account's count of sent emails in `control`."""

    def __init__(self, control: FakeControl) -> None:
        self.control = control
        self.reached: list[Reached] = []
        self.error: TransientError | None = None
        self._pending: list[Reached] = []
        self._pending_sent = 0

    def add(self, reached: Sequence[Reached], sent: int, now: float, last_start: float) -> None:
        assert now >= NOW - 1.0
        assert sent >= 0
        assert sent or reached
        assert all(statuses for _, statuses in reached)
        self._pending += reached
        self._pending_sent += sent
        if self.error:
            raise self.error
        if now > last_start:
            raise TransientError("No time left", code="AWS001")
        self.reached += self._pending
        if self._pending_sent:
            self.control.count_sent(ACCOUNT, self._pending_sent, now)
        self._pending, self._pending_sent = [], 0

    def counts(self) -> StatusCounts:
        """What was counted, by name and status."""
        return count_reached(self.reached)


class FakeAlarmStates:
    """CloudWatch's alarms, and whose turn it is to look."""

    def __init__(self) -> None:
        self.in_alarm: set[str] = set()
        self.looks = 0
        self.next_look = 0.0
        self.error: TransientError | None = None

    def take_look(self, now: float, seconds: float) -> bool:
        if now < self.next_look:
            return False
        self.next_look = now + seconds
        return True

    def hasten_look(self, now: float, taken_seconds: float, seconds: float) -> None:
        if self.next_look == now + taken_seconds:
            self.next_look = now + seconds

    def firing(self, names: Collection[str]) -> Sequence[str]:
        self.looks += 1
        if self.error:
            raise self.error
        return sorted(self.in_alarm & set(names))


class FakeQuota:
    """SES's quota as the control table and SES tell it; None: neither knows."""

    def __init__(self, rate: float = 1000.0) -> None:
        self.value: Quota | None = Quota(
            max_send_rate=rate, max_24_hour_send=100_000, sent_last_24_hours=0, checked_at=math.inf
        )

    def read_quota(self) -> Quota | None:
        return self.value

    def write_quota(self, quota: Quota) -> None:
        self.value = quota

    def take_quota_lease(self, now: float, seconds: float) -> bool:
        return True

    def ask(self) -> Quota:
        if self.value is None:
            raise TransientError("GetSendQuota: no answer", code="SES010")
        return self.value

    def sent(self, emails: float, of: float = 100_000) -> None:
        self.value = Quota(max_send_rate=1000, max_24_hour_send=of, sent_last_24_hours=emails, checked_at=math.inf)


class FakeProgress:
    """The watermark; by itself every probe is handled at once."""

    def __init__(self) -> None:
        self.handled_until = 0.0
        self.notes: dict[str, float] = {}
        self.probes: list[float] = []
        self.answers_probes = True
        self.error: TransientError | None = None

    def read(self, since: float, now: float) -> Progress:
        self._check()
        assert since <= now
        return Progress(self.handled_until, [sent for sent in self.notes.values() if sent >= since - 300])

    def send_probe(self, now: float) -> None:
        self._check()
        if self.probes and now < self.probes[-1] + 30:
            return
        self.probes.append(now)
        if self.answers_probes:
            self.advance(now)

    def note(self, sent_at: Mapping[str, float]) -> None:
        self._check()
        self.notes |= sent_at

    def strike(self, sent_at: Mapping[str, float]) -> None:
        self._check()
        for message_id in sent_at:
            self.notes.pop(message_id, None)

    def advance(self, sent_at: float) -> None:
        self._check()
        self.handled_until = max(self.handled_until, sent_at)

    def _check(self) -> None:
        if self.error:
            raise self.error
