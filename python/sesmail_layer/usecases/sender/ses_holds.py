"""SES's recent refusals, remembered by one container: mail of the next minute is held without a call.

SES says "not now" of more than the one email: sending is paused, the day's quota is used, IAM denies the sender. Each
held email would otherwise cost a place in the rate bucket, a claim, a call and a release a minute, for as long as that
lasts. A first email after that minute asks again, and its answer decides about those after it.

    answer                      holds the mail of               that is sent for
    ----------------------------------------------------------------------------------
    PausedBySes, QuotaUsed      the sender's domain             the same SES tenant, or for none
    SendingDenied               the sender's address            the same

The domain, since a sender may have a configuration set of its own, where the engine names none. Containers share
nothing: a mark in a table would save a few calls a minute, and cost a read for every batch of every ordinary day.

An answer may also concern the one email: a policy denies its recipient, the rest of the quota is too small for all its
recipients. Three rules keep such an email from holding others:

*   Only two emails in a row hold others, with none accepted between them.
*   An email that was refused before holds only others that were refused before.
*   It asks only where no other email of its batch can.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sesmail_layer.domain.errors import HoldError, PausedBySes, QuotaUsed, SendingDenied
from sesmail_layer.usecases.sender.job import Email
from sesmail_layer.usecases.sender.prepare import PreparedMail

_REMEMBERED_SECONDS = 60.0
"""At most: the end of a pause is seen within a minute."""
_REMEMBERED_EMAILS = 1_000

_Prepared = tuple[Email, PreparedMail]
_Scope = tuple[str, str]


class _Hold(msgspec.Struct):
    kind: type[HoldError]
    latest: str
    """The email that was refused last."""
    until: float = 0.0
    """Until when no email asks."""
    until_refused: float = 0.0
    """Until when none asks that was refused before."""
    asking: bool = False
    """True from the end of the hold, when one email asks, until the next refusal."""


class SesHolds(msgspec.Struct):
    """Lives with the container. Times are Unix seconds: a frozen container's other clocks stand still."""

    known: dict[_Scope, _Hold] = {}
    """What SES refused since it last accepted mail; empty as long as SES takes mail."""
    _refused: dict[str, float] = {}
    """By the email's id, when SES refused it; the latest last."""

    def note_refused(self, email: Email, sender: str, err: Exception, now: float) -> None:
        """Remember SES's answer to an email, if it may concern others too."""
        if not isinstance(err, PausedBySes | QuotaUsed | SendingDenied):
            return
        address, domain = _scopes(email, sender)
        first = _Hold(type(err), email.email_id)
        hold = self.known.setdefault(address if isinstance(err, SendingDenied) else domain, first)
        hold.asking = False
        if hold.latest != email.email_id:
            until = now + min(_REMEMBERED_SECONDS, err.delay_seconds)
            hold.kind, hold.latest, hold.until_refused = type(err), email.email_id, until
            if email.email_id not in self._refused:
                hold.until = until
        self._refused.pop(email.email_id, None)
        self._refused[email.email_id] = now
        for oldest in list(self._refused)[:-_REMEMBERED_EMAILS]:
            self._refused.pop(oldest, None)

    def note_accepted(self, email: Email, sender: str) -> None:
        """Forget the holds of an email that SES accepted."""
        for scope in _scopes(email, sender):
            self.known.pop(scope, None)

    def next_to_ask(self, prepared: Sequence[_Prepared], now: float) -> _Prepared | None:
        """Return the email to try first after a hold has ended, and mark its holds as being tried.

        An email that was not refused before has priority, then the one with the oldest refusal.
        """
        over = [one for one in prepared if self._is_over(*one, now)]
        chosen = min(over, key=lambda one: self._refused.get(one[0].email_id, 0.0), default=None)
        if chosen is not None:
            for hold in self._holds(chosen[0], chosen[1].sender):
                hold.asking = True
        return chosen

    def hold_of(self, email: Email, sender: str, now: float) -> HoldError | None:
        """Return what SES would answer, to be waited for until SES is asked again; None where it may be asked now."""
        for hold in self._holds(email, sender):
            until = hold.until_refused if email.email_id in self._refused else hold.until
            if now < until:
                return hold.kind(max(1.0, until - now))
        return None

    def _is_over(self, email: Email, mail: PreparedMail, now: float) -> bool:
        waits = any(not hold.asking for hold in self._holds(email, mail.sender))
        return waits and self.hold_of(email, mail.sender, now) is None

    def _holds(self, email: Email, sender: str) -> list[_Hold]:
        return [self.known[scope] for scope in _scopes(email, sender) if scope in self.known]


def _scopes(email: Email, sender: str) -> tuple[_Scope, _Scope]:
    tenant, address = email.policy.ses_tenant, sender.casefold()
    return (tenant, address), (tenant, address.rpartition("@")[2])
