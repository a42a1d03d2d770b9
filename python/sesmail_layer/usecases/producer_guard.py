"""What stands between a request and SES for its producer's sake: policy, pause, breaker, caps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from sesmail_layer.domain.addresses import address_key
from sesmail_layer.domain.errors import HoldError
from sesmail_layer.domain.producers import ProducerPolicy
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.job import Job
from sesmail_layer.usecases.ports import Clock, Control, Producers, TrackingTable

ACCOUNT = "*"
PROBES = 5
"""Emails that the breaker lets through after its cool-down, to see how they fare."""
_PAUSED_SECONDS = 60.0
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
            self._read_at[source] = now
            self._known.policies.pop(source, None)
            self._known.states.pop(source, None)
        self._known.policies.update(read.policies)
        self._known.states.update(read.states)

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

    def _check_state(self, whose: str, job: Job) -> None:
        state = self._known.states.get(whose)
        if state is None or not state.paused:
            return
        if state.paused_by != "breaker":
            raise HoldError("paused", delay_seconds=_PAUSED_SECONDS)
        if state.probing(self._clock.now(), self._cooldown_seconds) and (
            job.email_id in state.probes or self._control.take_probe(whose, job.email_id, PROBES)
        ):
            return
        raise HoldError("breaker", delay_seconds=_PAUSED_SECONDS, gives_up_as="bounce_rate_exceeded")

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
        return {address for address in addresses if not self._tracking.written_to(address)}

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
            self._control.count_sent(ACCOUNT, sum(sent.values()), now)


def _to_simulator(job: Job) -> bool:
    """SES's mailbox simulator counts for no rate of SES's, so for none of ours."""
    return all(address.casefold().endswith("@simulator.amazonses.com") for address in job.recipients)
