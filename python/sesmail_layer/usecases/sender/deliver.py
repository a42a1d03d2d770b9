"""Deliver a batch: keep its new requests for a retry → each email: wait for its send time → claim → send → record."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial

import msgspec

from sesmail_layer.domain.errors import HoldError, OutOfTime, PermanentError, RateLimited, TransientError
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.ses.tags import encode_tags, feedback_id_tags
from sesmail_layer.usecases.ports import Clock
from sesmail_layer.usecases.retry import KeptRequests
from sesmail_layer.usecases.sender.claim import Claims
from sesmail_layer.usecases.sender.job import Email
from sesmail_layer.usecases.sender.pacing import Pacer, QuotaReader
from sesmail_layer.usecases.sender.ports import Mailer
from sesmail_layer.usecases.sender.prepare import PreparedMail
from sesmail_layer.usecases.sender.producer_guard import ProducerGuard

_LEASE_EXTRA_SECONDS = 5.0
_CLAIM_SECONDS = 2.0
"""What a lease allows for the claim's own writes, where the call to SES may outlast the invocation."""
_LEASES = 10
"""How many of its claims without an answer a message carries on: the tries of ten minutes."""
_LEASES_DIFFER_SECONDS = 1e-5
_LEASE_OFFSETS_SECONDS = 0.01
"""Offsets repeat after this, a thousand claims later: an invocation makes a few dozen."""
_RECORD_SECONDS = 3.0
"""Kept free at the end of an invocation, for recording, publishing and requeueing after the longest call to SES."""
_LATE_SECONDS = 1.0
"""How much later an email may be on its way than it was planned to be: at each step to SES."""
_OWN_SECONDS = 1.0
"""Less than what the shortest function has for preparing and composing a message."""
_OWN_FACTOR = 1.5
"""Emails are late by their own preparation, as they would be the next time, if all else took half as long at most."""

Prepared = tuple[Email, PreparedMail]
DeliverStep = tuple[Email, Callable[[], None]]


def lease_offsets() -> Iterator[float]:
    """Return seconds to add to one lease after another: a lease names its claim, in all containers.

    Those of one container may end with the same invocation, those of two at the same time. They stay below
    `_LEASE_OFFSETS_SECONDS`, however long the container lives.
    """
    first = random.random() * _LEASE_OFFSETS_SECONDS

    def offset(claims: int) -> float:
        return (first + claims * _LEASES_DIFFER_SECONDS) % _LEASE_OFFSETS_SECONDS

    # Not a generator: threads of a batch take from it at the same time.
    return map(offset, itertools.count())


class Delivery:
    """Hands one batch's messages to SES."""

    def __init__(
        self,
        pacer: Pacer,
        quota: QuotaReader,
        producers: ProducerGuard,
        claims: Claims,
        kept: KeptRequests,
        mailer: Mailer,
        clock: Clock,
        lease_offsets: Iterator[float],
        *,
        deadline: float,
        last_send: float,
        bytes_in_flight: Callable[[int], AbstractContextManager[None]],
    ) -> None:
        """`last_send` (Unix seconds): the latest send time, however short the call to SES is.

        `lease_offsets` are the container's: an invocation may handle its messages in more than one batch.
        """
        self._pacer = pacer
        self._ses_holds = pacer.ses_holds
        self._quota = quota
        self._producers = producers
        self._claims = claims
        self._kept = kept
        self._mailer = mailer
        self._clock = clock
        self._lease_offsets = lease_offsets
        self._deadline = deadline
        self._began = clock.now()
        self._seconds = 0.0  # How long the preparation took of those that are delivered.
        self._last_send = last_send
        self.last_count = last_send + 0.2 * (deadline - last_send)
        """When the last call that counts the batch may begin, in Unix seconds: publishing and requeueing follow.

        Eight of the ten reserved seconds are left then; a call without an answer takes five.
        """
        self._bytes_in_flight = bytes_in_flight
        self.sent: list[Email] = []
        """The emails that SES accepted; whoever counts them empties it."""

    def rounds(self, prepared: Sequence[Prepared]) -> Iterator[list[DeliverStep]]:
        """Yield what may run at the same time: one round of transactional mail, then bulk's, each in its turn.

        What cannot be sent before the deadline is held, and what SES refused a moment ago.
        """
        own_seconds = sum([mail.seconds for _, mail in prepared])
        self._seconds = min(self._clock.now() - self._began, _OWN_FACTOR * own_seconds)
        if self._ses_holds.known:
            prepared = yield from self._hold_unasked(prepared)
        yield from self._lanes(prepared)

    def _lanes(self, prepared: Sequence[Prepared]) -> Iterator[list[DeliverStep]]:
        for bulk in (False, True):
            now, lane = self._clock.now(), [one for one in prepared if one[0].bulk is bulk]
            if late := [email for email, mail in lane if now > self._until(mail)]:
                yield [(email, partial(_raise, OutOfTime(random.uniform(1, 10)))) for email in late]
            if not (lane := [one for one in lane if now <= self._until(one[1])]):
                continue
            until = min([self._until(mail) for _, mail in lane])
            rate = self._pacer.rate(self._quota.quota())
            if bulk:
                yield from self._bulk_rounds(lane, rate, until)
            else:
                yield self._normal_round(lane, rate, until)

    def is_late_with_one_more(self, prepared: Sequence[Prepared]) -> bool:
        """Return True where one more preparation, as long as the longest, would leave too little time for these."""
        last_start = min([self._in_time(mail) for _, mail in prepared]) - max([mail.seconds for _, mail in prepared])
        return self._clock.now() > last_start

    def is_late(self, mail: PreparedMail) -> bool:
        """Return True where too little time is left for the longest call with a message, and after it."""
        return self._clock.now() > self._in_time(mail)

    def _hold_unasked(self, prepared: Sequence[Prepared]) -> Generator[list[DeliverStep], None, Sequence[Prepared]]:
        """Hold what SES refused a moment ago; let one email ask again, alone. Return those that may be sent."""
        holds = self._ses_holds
        while (asking := holds.next_to_ask(prepared, self._clock.now())) is not None:
            prepared = [one for one in prepared if one[0] is not asking[0]]
            yield from self._lanes([asking])
        now = self._clock.now()
        held = [(email, holds.hold_of(email, mail.sender, now)) for email, mail in prepared]
        yield [(email, partial(_raise, hold)) for email, hold in held if hold is not None]
        return [one for one, (_, hold) in zip(prepared, held, strict=True) if hold is None]

    def _until(self, mail: PreparedMail) -> float:
        """Return the latest send time of a message (Unix seconds).

        What would be sent later is left to another invocation, which has more time.
        """
        needs_all = self._needs_all(self._seconds, self._mailer.longest_seconds(mail.size))
        return self._last_send if needs_all else self._in_time(mail)

    def _in_time(self, mail: PreparedMail) -> float:
        """Return the latest send time that leaves time for the longest call, and after it."""
        longest = self._mailer.longest_seconds(mail.size)
        return min(self._last_send, self._deadline - self._seconds_from_send(longest))

    def _normal_round(self, normal: Sequence[Prepared], rate: float, until: float) -> list[DeliverStep]:
        try:
            times = self._pacer.reserve([len(email.recipients) for email, _ in normal], rate, until)
        except TransientError as err:
            return [(email, partial(_raise, err)) for email, _ in normal]
        return self._steps(normal, [*times, *[None] * (len(normal) - len(times))], until)

    def _bulk_rounds(self, bulk: Sequence[Prepared], rate: float, until: float) -> Iterator[list[DeliverStep]]:
        recipients = [len(email.recipients) for email, _ in bulk]
        try:
            for count in self._pacer.bulk_chunks(recipients, rate, until):
                chunk, bulk = bulk[:count], bulk[count:]
                yield self._steps(chunk, [self._clock.now()] * count, until)
        except TransientError as err:
            yield [(email, partial(_raise, err)) for email, _ in bulk]
            return
        if bulk:
            yield self._steps(bulk, [None] * len(bulk), until)

    def _steps(self, some: Sequence[Prepared], times: Sequence[float | None], until: float) -> list[DeliverStep]:
        in_time = [email for (email, _), at in zip(some, times, strict=True) if at is not None]
        if len(in_time) > 1:
            self._kept.keep_new(in_time)
        return [
            (email, partial(self._deliver, email, mail, at, until))
            for (email, mail), at in zip(some, times, strict=True)
        ]

    def _deliver(self, email: Email, mail: PreparedMail, at: float | None, until: float) -> None:
        if at is None:
            raise RateLimited(random.uniform(1, 10))
        self._clock.sleep(at - self._clock.now())
        with self._bytes_in_flight(mail.size):
            if self._clock.now() > until + _LATE_SECONDS:
                raise RateLimited(random.uniform(1, 10))  # It waited for the bytes of others.
            accepted = self._send(email, mail)
        if accepted:
            self.sent.append(email)
            self._claims.record_sent(email, *accepted)

    def _send(self, email: Email, mail: PreparedMail) -> tuple[TrackingRecord, str] | None:
        """Nothing waits between claim and send. From the claim on, a crash leaves a record that shows it."""
        began = self._clock.now()
        raw = mail.compose()
        own_seconds = self._seconds + self._clock.now() - began
        self._producers.check_again(email)
        longest = self._mailer.longest_seconds(len(raw))
        # The call must end before the invocation does.
        last_call = math.inf if self._needs_all(own_seconds, longest) else self._deadline - longest - _LATE_SECONDS
        if self._clock.now() > last_call - _LATE_SECONDS:
            raise OutOfTime(random.uniform(1, 10))
        lease_until = self._lease_until(longest)
        unsent = (*email.hop.unsent, lease_until)[-_LEASES:]
        try:
            claim = self._claims.claim(email, lease_until)
            if claim is None:
                return None
            self._kept.keep(email, claim)
            if self._clock.now() > min(last_call, lease_until - longest):
                raise RateLimited(random.uniform(1, 10))  # DynamoDB was slow: another worker could send it meanwhile.
            email.hop = msgspec.structs.replace(email.hop, unsent=())  # From here on SES may have it.
            template, redirected = claim.template_name or "", email.redirection is not None
            source = email.envelope.source
            tags = encode_tags(email.email_id, claim.attempt, template, source, redirected=redirected)
            if email.bulk:
                tags |= feedback_id_tags(source, email.facts["topic"])
            ses_message_id = self._mailer.send(
                raw, sender=mail.sender, recipients=email.recipients, tags=tags, tenant=email.policy.ses_tenant
            )
            if self._ses_holds.known:
                self._ses_holds.note_accepted(email, mail.sender)
            return claim, ses_message_id
        except (PermanentError, HoldError, TransientError) as err:
            self._ses_holds.note_refused(email, mail.sender, err, self._clock.now())
            # It was not sent: whoever gets the message next may send at once, if the claim in its way is this one.
            if email.claim is not None or isinstance(err, TransientError):
                email.hop = msgspec.structs.replace(email.hop, unsent=unsent)
            if isinstance(err, TransientError):
                self._claims.release(email)
            raise

    def _needs_all(self, own_seconds: float, longest_seconds: float) -> bool:
        """Return True where preparing messages takes as long as a whole invocation has before they are sent.

        They would wait for ever for one with more time: they are sent late, at the risk that SES hangs just then.
        """
        room = self._deadline - self._began - self._seconds_from_send(longest_seconds)
        return own_seconds >= max(room, _OWN_SECONDS)

    def _seconds_from_send(self, longest_seconds: float) -> float:
        return longest_seconds + _RECORD_SECONDS + _LATE_SECONDS

    def sinking(self, email: Email, mail: PreparedMail) -> Callable[[], None]:
        """Return the step that records an email which the delivery mode does not send."""
        return partial(self._sink, email, mail)

    def _sink(self, email: Email, mail: PreparedMail) -> None:
        """Compose the message, which may fail, and record it. Without a call to SES no outcome is unknown."""
        with self._bytes_in_flight(mail.size):
            if self._clock.now() > self._last_send + _LATE_SECONDS:
                raise RateLimited(random.uniform(1, 10))  # It waited for the bytes of others.
            mail.compose()
        self._producers.check_again(email)
        lease_until = self._lease_until(0.0)
        try:
            claim = self._claims.claim(email, lease_until)
            if claim is not None:
                self._claims.record_sent(email, claim, f"sink-{email.email_id}-{claim.attempt}")
        except TransientError:
            email.hop = msgspec.structs.replace(email.hop, unsent=(*email.hop.unsent, lease_until)[-_LEASES:])
            raise

    def _lease_until(self, longest_seconds: float) -> float:
        """Return when others may claim the email: this worker is gone by then, or SES has been given up on."""
        earliest = max(self._deadline + _LEASE_EXTRA_SECONDS, self._clock.now() + _CLAIM_SECONDS + longest_seconds)
        return earliest + next(self._lease_offsets)


def _raise(err: TransientError | HoldError) -> None:
    raise err
