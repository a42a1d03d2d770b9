"""What stands between a request and SES for its producer's sake: policy, pause, breaker, caps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TypeVar

from sesmail_layer.domain.errors import HoldError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import ACCOUNT, HOLD_SECONDS, SendingState
from sesmail_layer.domain.request.addresses import address_key
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.ports import Clock, Control, Producers, TrackingTable
from sesmail_layer.usecases.sender.job import Job

T = TypeVar("T")

PROBES = 5
"""Emails that the breaker lets through after its cool-down, to see how they fare."""
_FRESH_SECONDS = 5.0
"""How long a worker goes by what it read: a pause is in force everywhere within 15 seconds."""
_DAY = 86_400
_HOUR = 3_600


class ProducerGuard:
    """Lives as long as its container; remembers what it read for some seconds."""

    def __init__(self, control: Control, tracking: TrackingTable, clock: Clock, cooldown_seconds: float) -> None:
        self._control = control
        self._tracking = tracking
        self._clock = clock
        self._cooldown_seconds = cooldown_seconds
        self._known = Producers({}, {})
        self._read_at: dict[str, float] = {}

    def look_up(self, sources: Collection[str]) -> None:
        """Reads what a batch's producers need, in one call, unless it is fresh. Raises TransientError."""
        now = self._clock.now()
        wanted = [s for s in {*sources, ACCOUNT} if now - self._read_at.get(s, 0) >= _FRESH_SECONDS]
        if not wanted:
            return
        read = self._control.producers(wanted)
        for source in wanted:
            # One step each: other threads of the batch look at the same time.
            _put(self._known.policies, source, read.policies.get(source))
            _put(self._known.states, source, read.states.get(source))
            self._read_at[source] = now

    def policy(self, source: str) -> ProducerPolicy:
        """The producer's own policy, else the default one."""
        return self._known.policies.get(source) or self._known.policies.get(ACCOUNT) or ProducerPolicy()

    def check_request(self, job: Job) -> None:
        """Raises PermanentError `producer_denied`, and HoldError while the producer or the account is paused."""
        source = job.envelope.source
        template_name = job.request.template_name if job.request else ""
        self.policy(source).check_request(source, template_name, job.recipients)
        for whose in (ACCOUNT, source):
            self._check_state(whose, job)

    def admit_probe(self, job: Job) -> None:
        """Lets an email that is ready to go through an open breaker, as one of its probes. Raises HoldError."""
        now = self._clock.now()
        for whose in (ACCOUNT, job.envelope.source):
            state = self._known.states.get(whose)
            if state is None or not state.paused:
                continue
            if job.email_id not in state.probes and not self._control.take_probe(
                whose, job.email_id, limit=PROBES, now=now, stale_before=now - self._cooldown_seconds
            ):
                raise self._held(state)
            job.probe = True

    def check_again(self, job: Job) -> None:
        """Looks whether it was paused while the email waited for its turn. Raises HoldError, TransientError."""
        self.look_up({job.envelope.source})
        for whose in (ACCOUNT, job.envelope.source):
            state = self._known.states.get(whose)
            if not (job.probe and state is not None and self._is_probing(state)):
                self._check_state(whose, job, may_probe=False)

    def _check_state(self, whose: str, job: Job, *, may_probe: bool = True) -> None:
        state = self._known.states.get(whose)
        if state is None or not state.paused:
            return
        if state.paused_by != "breaker":
            raise HoldError("paused", delay_seconds=HOLD_SECONDS)
        has_room = job.email_id in state.probes or state.has_room_for_probe(
            PROBES, self._clock.now(), self._cooldown_seconds
        )
        if not (may_probe and has_room and self._is_probing(state)):
            raise self._held(state)

    def _is_probing(self, state: SendingState) -> bool:
        return state.probing(self._clock.now(), self._cooldown_seconds)

    def _held(self, state: SendingState) -> HoldError:
        return HoldError(
            "breaker",
            delay_seconds=state.hold_seconds(self._clock.now(), self._cooldown_seconds),
            gives_up_as="bounce_rate_exceeded",
            rate=state.evidence.bounce_rate if state.evidence else 0.0,
        )

    def over_caps(self, jobs: Sequence[Job]) -> dict[str, HoldError]:
        """Takes a batch's emails from their producers' caps, one write a producer and cap; gives, by SQS message id,
        the holds of those that have no room. Raises TransientError."""
        holds: dict[str, HoldError] = {}
        by_source: dict[str, list[Job]] = defaultdict(list)
        for job in jobs:
            if not job.hop.counted:
                by_source[job.envelope.source].append(job)
        for source, some in by_source.items():
            policy = self.policy(source)
            if policy.first_contacts_per_hour is not None:
                holds |= self._over_contacts(source, some, policy.first_contacts_per_hour)
            within = [job for job in some if job.message.message_id not in holds]
            if policy.emails_per_day is not None and within:
                holds |= self._over_day(source, within, policy.emails_per_day)
        return holds

    def _over_day(self, source: str, jobs: Sequence[Job], cap: int) -> dict[str, HoldError]:
        now = self._clock.now()
        counter = f"day#{source}#{utc_text(now)[:10]}"
        room = self._control.take(counter, len(jobs), cap, expires_at=now + 2 * _DAY)
        wait = _DAY - now % _DAY
        return {job.message.message_id: HoldError("producer_cap", delay_seconds=wait) for job in jobs[room:]}

    def _over_contacts(self, source: str, jobs: Sequence[Job], cap: int) -> dict[str, HoldError]:
        """An email with several first contacts goes when all of them have room; none is taken for one that waits."""
        now = self._clock.now()
        new = {job.message.message_id: self._first_contacts(job) for job in jobs}
        wanted = len(frozenset[str]().union(*new.values()))
        if not wanted:
            return {}
        counter = f"contacts#{source}#{utc_text(now)[:13]}"
        room = self._control.take(counter, wanted, cap, expires_at=now + 2 * _HOUR)
        wait = _HOUR - now % _HOUR
        holds: dict[str, HoldError] = {}
        admitted: set[str] = set()
        for job in jobs:
            together = admitted | new[job.message.message_id]
            if len(together) <= room:
                admitted = together
            else:
                holds[job.message.message_id] = HoldError("first_contacts", delay_seconds=wait)
        return holds

    def _first_contacts(self, job: Job) -> set[str]:
        addresses = {address_key(address) for address in job.recipients}
        return {address for address in addresses if not self._tracking.has_sent_to(address)}

    def count_sent(self, jobs: Sequence[Job]) -> None:
        """Adds a batch's sent emails to the breaker's counts: one write a producer, one for the account."""
        now = self._clock.now()
        sent: dict[str, int] = defaultdict(int)
        for job in jobs:
            if not _to_simulator(job):
                sent[job.envelope.source] += 1
        for source, emails in sent.items():
            self._control.count_sent(source, emails, now)
        if sent:
            self._control.count_sent(ACCOUNT, sum(sent.values()), now, sources=sent.keys())


def _put(known: dict[str, T], source: str, read: T | None) -> None:
    if read is None:
        known.pop(source, None)
    else:
        known[source] = read


def _to_simulator(job: Job) -> bool:
    """SES's mailbox simulator counts for no rate of SES's, so for none of ours."""
    return all(address.casefold().endswith("@simulator.amazonses.com") for address in job.recipients)
