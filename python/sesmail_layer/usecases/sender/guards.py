"""The guards: what keeps an email from being sent, or makes it wait. They all read for the whole batch at once.

cancelled     a cancellation, or the erasure of a recipient         failed, or the copy is left out
suppression   the recipient's entry on the suppression list;        failed, or the copy is dropped
              of bulk mail, those of its topic and its producer, too
schedule      a retry's own time, then `expiresAt`                  held, or failed
producers     policy, pauses, breaker, caps (producer_guard.py)     failed, or held
schedule      `sendAt`                                              held
quota         SES's 24-hour quota                                   held
delivery      the delivery mode, where it is not `live`             sunk, redirected, or the copy is dropped
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sesmail_layer.domain.errors import NotDueYet, PermanentError, QuotaUsed, RetryNotDueYet
from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason, source_key, topic_key
from sesmail_layer.domain.record.tracking import REDIRECTED_TO, SINK
from sesmail_layer.domain.request.addresses import address_key
from sesmail_layer.domain.times import utc_seconds, utc_text
from sesmail_layer.usecases.ports import Clock, SuppressionTable
from sesmail_layer.usecases.sender.job import Email
from sesmail_layer.usecases.sender.pacing import QuotaReader
from sesmail_layer.usecases.sender.producer_guard import ProducerGuard

if TYPE_CHECKING:
    from sesmail_layer.domain.guards.delivery_mode import RestrictedDelivery

_QUOTA_SECONDS = 300.0
_CLOCKS_DIFFER_SECONDS = 1.0

_SUPPRESSION_CODES = {
    SuppressionReason.HARD_BOUNCE: "SUPP001",
    SuppressionReason.CONSECUTIVE_SOFT_BOUNCES: "SUPP002",
    SuppressionReason.SPAM_COMPLAINT: "SUPP003",
    SuppressionReason.UNSUBSCRIBE: "SUPP004",
    SuppressionReason.MANUAL: "SUPP005",
    SuppressionReason.SES_SUPPRESSED: "SUPP006",
}


class Guards:
    """Lives with the container; keeps nothing of a batch."""

    def __init__(
        self,
        suppression: SuppressionTable,
        producers: ProducerGuard,
        quota: QuotaReader,
        clock: Clock,
        *,
        daily_quota_reserve: float,
        delivery: RestrictedDelivery | None = None,
    ) -> None:
        self._suppression = suppression
        self._producers = producers
        self._quota = quota
        self._clock = clock
        self._daily_quota_reserve = daily_quota_reserve
        self._delivery = delivery

    def read_producers(self, emails: Sequence[Email]) -> None:
        """Read policies and pauses, and decide each email's lane. Raises TransientError: nothing is sent unread."""
        self._producers.look_up({email.envelope.source for email in emails})
        for email in emails:
            self._producers.assign_policy(email)

    def read_suppressions(self, emails: Sequence[Email]) -> None:
        """Note whom each email must not be sent to. Raises TransientError: nothing is sent unread."""
        keys = {key for email in emails for key, _ in _suppression_keys(email)}
        if not keys:
            return
        entries = self._suppression.get_many(keys)
        if not entries:
            return
        now_text = utc_text(self._clock.now())
        for email in emails:
            email.dropped = _suppressed(email, entries, now_text)
            to, *copies = email.recipients
            email.recipients = [to, *(copy for copy in copies if address_key(copy) not in email.dropped)]

    def check(self, email: Email) -> None:
        """Raises PermanentError (cancelled, suppressed, denied, expired), HoldError (paused, not due, over quota)."""
        now = self._clock.now()
        # First: whatever else ends the email, a record of it must not name an erased recipient.
        if self._producers.cancellations:
            self._producers.check_cancelled(email)
        if email.facts["to_email"] in email.dropped:
            reason = email.dropped[email.facts["to_email"]].reason
            message = f"Email not sent: recipient is suppressed ({reason})"
            raise PermanentError("suppressed", message, code=_SUPPRESSION_CODES[reason])
        if email.hop.not_before - now > _CLOCKS_DIFFER_SECONDS:
            raise RetryNotDueYet(email.hop.not_before - now)
        request = email.request
        # Before the pauses: a `deferred` event says that the email fails at this time.
        if request.expires_at and now >= utc_seconds(request.expires_at):
            raise PermanentError("expired", f"Email not sent: expired at {request.expires_at}", code="EXP001")
        email.sunk = self._delivery is not None and self._delivery.sinks(email.request.to)
        self._producers.check(email)
        if request.send_at and now < utc_seconds(request.send_at):
            raise NotDueYet(utc_seconds(request.send_at) - now)
        if self._delivery is not None:
            _restrict(email, self._delivery)
        if email.sunk:
            return
        quota = self._quota.quota()
        if quota and quota.share_left <= (self._daily_quota_reserve if email.bulk else 0.0):
            raise QuotaUsed(_QUOTA_SECONDS)


def _suppression_keys(email: Email) -> list[tuple[str, str]]:
    """Return what to look up with the address that it is of: each address and, of bulk mail, its topic and its source.

    Topics are left, not transactional mail: a password reset arrives whatever its recipient unsubscribed from.
    """
    addresses = (email.facts["to_email"], *email.recipient_states)
    keys = [(one, one) for one in addresses]
    if email.bulk:
        keys += [(topic_key(one, email.facts["topic"]), one) for one in addresses]
        keys += [(source_key(one, email.envelope.source), one) for one in addresses]
    return keys


def _suppressed(email: Email, entries: Mapping[str, Suppression], now_text: str) -> dict[str, Suppression]:
    """Return the addresses that get no email; of two entries, the address's own one counts."""
    found: dict[str, Suppression] = {}
    for key, address in _suppression_keys(email):
        if key in entries and entries[key].blocks(bulk=email.bulk, now_text=now_text):
            found.setdefault(address, entries[key])
    return found


def _restrict(email: Email, delivery: RestrictedDelivery) -> None:
    """Leave an email none but the recipients that the delivery mode lets it have."""
    to, *copies = email.recipients
    if email.sunk:
        email.claim_detail = {SINK: True}
    elif delivery.mode == "redirect":
        cc, bcc = ([one for one in given if one in copies] for given in (email.request.cc, email.request.bcc))
        email.redirection = delivery.redirection(to, cc, bcc)
        email.recipients = [delivery.mailbox]
        email.claim_detail = {REDIRECTED_TO: delivery.mailbox}
    else:
        email.recipients = [to, *filter(delivery.allows, copies)]
        email.not_allowed = [address_key(one) for one in copies if one not in email.recipients]
