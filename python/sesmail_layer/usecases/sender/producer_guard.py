"""What a producer may do now: its policy, an operator's pause, the breaker, its caps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from sesmail_layer.domain.errors import BreakerOpen, FirstContactsUsed, HoldError, Paused, ProducerCapUsed
from sesmail_layer.domain.guards.breaker import PROBES, SIMULATOR_DOMAIN, Counts
from sesmail_layer.domain.guards.cancelling import OPERATOR, cancelled
from sesmail_layer.domain.guards.producers import Producers
from sesmail_layer.domain.guards.sending_state import ACCOUNT, HOLD_SECONDS, SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.addresses import address_key
from sesmail_layer.domain.request.email_request import Priority
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.ports import Clock, TrackingTable
from sesmail_layer.usecases.sender.job import Email, Job
from sesmail_layer.usecases.sender.ports import CapCounters, ProducerStates, SendingCounts

T = TypeVar("T")

_CACHED_SECONDS = 5.0
"""How long a worker uses what it read: a pause is in force everywhere within 15 seconds."""
_DAY = 86_400
_HOUR = 3_600


class ProducerGuard:
    """Lives with the container; caches policies and states for some seconds."""

    def __init__(
        self,
        states: ProducerStates,
        caps: CapCounters,
        counts: SendingCounts,
        tracking: TrackingTable,
        clock: Clock,
        tombstones_of: Callable[[str], Sequence[str]],
        *,
        cooldown_seconds: float,
    ) -> None:
        """`tombstones_of` returns the keyed hashes under which an erased, case-folded address may be known."""
        self._states = states
        self._tombstones_of = tombstones_of
        self._caps = caps
        self._counts = counts
        self._tracking = tracking
        self._clock = clock
        self._cooldown_seconds = cooldown_seconds
        self._known = Producers({}, {}, cancellations={})
        self.cancellations = self._known.cancellations
        """Those in force for the producers that were looked up; empty for most batches."""
        self.any_paused = False
        """Whether any producer's sending, or the account's, was paused when the table was last read."""
        self._role_senders: Sequence[str] | None = None
        self._read_at: dict[str, float] = {}

    # --- policies and states ------------------------------------------------------------------------------------------

    def look_up(self, sources: Collection[str]) -> None:
        """Read what a batch's producers need, in one call, unless it is cached. Raises TransientError."""
        now = self._clock.now()
        wanted = [s for s in {*sources, ACCOUNT} if now - self._read_at.get(s, 0) >= _CACHED_SECONDS]
        if not wanted:
            return
        read = self._states.producers(wanted)
        self._role_senders = read.role_senders
        self.any_paused = read.any_paused
        for source in wanted:
            # One step each: other threads of the batch read at the same time.
            _put(self._known.policies, source, read.policies.get(source))
            _put(self._known.states, source, read.states.get(source))
            _put(self._known.cancellations, source, read.cancellations.get(source))
            self._read_at[source] = now

    def assign_policy(self, email: Email) -> None:
        """Set the email's policy (the producer's own, else the default one), its lane and the role's senders."""
        policies = self._known.policies
        email.policy = policies.get(email.envelope.source) or policies.get(ACCOUNT) or email.policy
        email.role_senders = self._role_senders
        if email.policy.priority:
            email.bulk = email.policy.priority is Priority.BULK

    def check(self, email: Email) -> None:
        """Raises PermanentError `producer_denied`, HoldError while it or the account is paused."""
        email.policy.check_request(email.envelope.source, email.request.template_name, email.recipients)
        for scope in (ACCOUNT, email.envelope.source):
            self._check_state(scope, email)

    def check_again(self, email: Email) -> None:
        """Check whether it was cancelled or paused while it waited for its send time.

        Raises PermanentError, HoldError, TransientError.
        """
        self.look_up({email.envelope.source})
        self.check_cancelled(email)
        for scope in (ACCOUNT, email.envelope.source):
            state = self._known.states.get(scope)
            if not (email.probe and state is not None and self._is_probing(state)):
                self._check_state(scope, email, may_probe=False)

    def check_cancelled(self, email: Email) -> None:
        """Raises PermanentError `cancelled`, and TransientError where an erased address cannot be recognised."""
        for scope in (ACCOUNT, email.envelope.source):
            found = self._known.cancellations.get(scope)
            if found is None:
                continue
            accepted_at = email.hop.accepted_at
            asked_at = email.envelope.asked_at or accepted_at
            if found.erased:
                self._leave_erased_out(email, found.erased, min(accepted_at, asked_at))
            template, tags = email.request.template_name, email.request.tags
            for rule in found.rules:
                if rule.matches(template=template, tags=tags, accepted_at=accepted_at, asked_at=asked_at):
                    raise cancelled(rule.by)

    def forget_erased(self, job: Job) -> None:
        """Leave erased people out of the record of a rejected request, copies too. Raises TransientError."""
        everybody = self._known.cancellations.get(ACCOUNT)
        if everybody is None or job.facts["to_email"] is None:
            return
        asked_at = min(job.hop.accepted_at, job.envelope.asked_at or job.hop.accepted_at)
        if self._is_erased(job.facts["to_email"], everybody.erased, asked_at):
            job.forget_recipients()
        job.recipient_states = {
            address: state
            for address, state in job.recipient_states.items()
            if not self._is_erased(address, everybody.erased, asked_at)
        }

    def _is_erased(self, address: str, erased: Mapping[str, float], asked_at: float) -> bool:
        return bool(erased) and any(asked_at < erased.get(key, 0) for key in self._tombstones_of(address))

    def _leave_erased_out(self, email: Email, erased: Mapping[str, float], asked_at: float) -> None:
        """Drop copies to erased addresses. Raises PermanentError `cancelled` where the `to` is one, TransientError."""
        to = address_key(email.request.to)
        addresses = [to, *email.recipient_states]
        gone = {one for one in addresses if self._is_erased(one, erased, asked_at)}
        if to in gone:
            email.forget_recipients(self._tombstones_of(email.fingerprint)[0])
            raise cancelled(OPERATOR)
        if gone:
            email.leave_out(gone)

    def forget_cancellations(self, source: str) -> None:
        """Read a source's cancellations again with the next batch: there is a new one."""
        self._read_at.pop(source, None)

    def admit_probe(self, email: Email) -> None:
        """Let an email that is ready pass an open breaker, as one of its probes. Raises HoldError."""
        now = self._clock.now()
        for scope in (ACCOUNT, email.envelope.source):
            state = self._known.states.get(scope)
            if state is None or not state.paused or email.sunk:
                continue
            # The mailbox of a redirected email is none of the producer's recipients: it proves nothing.
            if email.redirection or (
                email.email_id not in state.probes
                and not self._states.take_probe(
                    scope, email.email_id, limit=PROBES, now=now, stale_before=now - self._cooldown_seconds
                )
            ):
                raise self._held(state)
            email.probe = True

    def _check_state(self, scope: str, email: Email, *, may_probe: bool = True) -> None:
        state = self._known.states.get(scope)
        if state is None or not state.paused:
            return
        if state.paused_by != "breaker":
            raise Paused(HOLD_SECONDS)
        if email.sunk:
            return
        has_room = email.email_id in state.probes or state.has_room_for_probe(
            PROBES, self._clock.now(), self._cooldown_seconds
        )
        if not (may_probe and has_room and self._is_probing(state)):
            raise self._held(state)

    def _is_probing(self, state: SendingState) -> bool:
        return state.probing(self._clock.now(), self._cooldown_seconds)

    def _held(self, state: SendingState) -> BreakerOpen:
        return BreakerOpen(
            state.hold_seconds(self._clock.now(), self._cooldown_seconds),
            state.evidence.bounce_rate if state.evidence else 0.0,
        )

    # --- caps ---------------------------------------------------------------------------------------------------------

    def over_caps(self, emails: Sequence[Email]) -> dict[str, HoldError]:
        """Take a batch's emails from their producers' caps, each email once, with one write a producer and cap; return,
        by SQS message id, the holds of those that have no room. Raises TransientError."""
        holds: dict[str, HoldError] = {}
        by_key: dict[str, list[Email]] = defaultdict(list)
        for email in self._uncounted(emails):
            by_key[self._cap_key(email.envelope.source)].append(email)
        for key, some in by_key.items():
            policy = some[0].policy
            if policy.first_contacts_per_hour is not None:
                holds |= self._over_contacts(key, some, policy.first_contacts_per_hour)
            within = [email for email in some if email.message.message_id not in holds]
            if policy.emails_per_day is not None and within:
                holds |= self._over_day(key, within, policy.emails_per_day)
            _mark_counted(email for email in within if email.message.message_id not in holds)
        return holds

    def _uncounted(self, emails: Sequence[Email]) -> list[Email]:
        """Return the emails that caps have to count. One that was claimed before was counted before, whatever its
        message says: SQS and EventBridge deliver a message more than once."""
        uncounted = [email for email in emails if email.policy.is_capped and not email.hop.counted]
        records = self._tracking.get_many({email.email_id for email in uncounted}) if uncounted else {}
        uncounted = [email for email in uncounted if not _was_claimed(records.get(email.email_id))]
        found = {email.message.message_id for email in uncounted}
        _mark_counted(email for email in emails if email.message.message_id not in found)
        return uncounted

    def _cap_key(self, source: str) -> str:
        """Return whose caps count a source's emails: those without a policy of their own count together."""
        return source if source in self._known.policies else ACCOUNT

    def _over_day(self, key: str, emails: Sequence[Email], cap: int) -> dict[str, HoldError]:
        now = self._clock.now()
        counter = f"day#{key}#{utc_text(now)[:10]}"
        ids = list(dict.fromkeys(email.email_id for email in emails))
        within = ids[: self._caps.take(counter, len(ids), cap, expires_at=now + 2 * _DAY)]
        wait = _DAY - now % _DAY
        return {email.message.message_id: ProducerCapUsed(wait) for email in emails if email.email_id not in within}

    def _over_contacts(self, key: str, emails: Sequence[Email], cap: int) -> dict[str, HoldError]:
        """An email with several first contacts is sent when all of them have room; a held one takes none."""
        now = self._clock.now()
        new = {
            email.message.message_id: self._first_contacts(email) for email in emails if not email.hop.contacts_counted
        }
        wanted = len(frozenset[str]().union(*new.values()))
        if not wanted:
            return {}
        counter = f"contacts#{key}#{utc_text(now)[:13]}"
        room = self._caps.take(counter, wanted, cap, expires_at=now + 2 * _HOUR)
        wait = _HOUR - now % _HOUR
        holds: dict[str, HoldError] = {}
        admitted: set[str] = set()
        for email in emails:
            together = admitted | new.get(email.message.message_id, set())
            if len(together) <= room:
                admitted = together
                email.hop = msgspec.structs.replace(email.hop, contacts_counted=True)
            else:
                holds[email.message.message_id] = FirstContactsUsed(wait)
        if len(admitted) < room:
            self._caps.give_back(counter, room - len(admitted))
        return holds

    def _first_contacts(self, email: Email) -> set[str]:
        addresses = set() if email.redirection else {address_key(address) for address in email.recipients}
        return {address for address in addresses if not self._tracking.has_sent_to(address)}

    # --- counts -------------------------------------------------------------------------------------------------------

    def countable(self, emails: Sequence[Email]) -> Mapping[str, int]:
        """Return how many of a batch's sent emails the counts have to show, by producer."""
        sent: dict[str, int] = defaultdict(int)
        for email in emails:
            simulated = all(address.casefold().endswith(SIMULATOR_DOMAIN) for address in email.recipients)
            if not (simulated or email.redirection):
                sent[email.envelope.source] += 1
        return sent

    def count_sent(self, sent: Mapping[str, int]) -> None:
        """Add emails to their producers' counts, one write each. Raises TransientError."""
        now = self._clock.now()
        for source, number in sent.items():
            self._counts.count_sent(source, number, now)
        if probes := sum(number for source, number in sent.items() if self._is_excluded(source)):
            self._counts.count_excluded(Counts(emails=probes), now)

    def _is_excluded(self, source: str) -> bool:
        state = self._known.states.get(source)
        return state is not None and state.paused and state.excluded


def _mark_counted(emails: Iterable[Email]) -> None:
    for email in emails:
        email.hop = msgspec.structs.replace(email.hop, counted=True, contacts_counted=False)


def _was_claimed(record: TrackingRecord | None) -> bool:
    return record is not None and (
        bool(record.ses_message_id) or any(entry.status is Status.SENDING for entry in record.history)
    )


def _put(known: dict[str, T], source: str, read: T | None) -> None:
    if read is None:
        known.pop(source, None)
    else:
        known[source] = read
