"""What SES made wait a moment ago, in the memory of one container: the next minute's mail is held unasked.

SES says "not now" of more than the one email: sending is paused, the day's quota is used, IAM denies the sender. Each
held email would otherwise cost a place in the rate bucket, a claim, a call and a release a minute, for as long as that
lasts. A first email after that minute asks again, and its answer decides about those after it.

    answer                      holds the mail of               that is sent for
    ----------------------------------------------------------------------------------
    PausedBySes, QuotaUsed      the sender's domain             the same SES tenant, or for none
    SendingDenied               the sender's address            the same

The domain, since a sender may have a configuration set of its own, where the engine names none. Containers share
nothing: a mark in a table would save a few calls a minute, and cost a read for every batch of every ordinary day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sesmail_layer.domain.errors import HoldError, PausedBySes, QuotaUsed, SendingDenied
from sesmail_layer.usecases.sender.job import Email
from sesmail_layer.usecases.sender.prepare import PreparedMail

_REMEMBERED_SECONDS = 60.0
"""At most: the end of a pause is seen within a minute."""

_Prepared = tuple[Email, PreparedMail]
_Scope = tuple[str, str]


@dataclass(slots=True)
class SesHolds:
    """Lives with the container. Times are Unix seconds: a frozen container's other clocks stand still."""

    known: dict[_Scope, tuple[float, type[HoldError]]] = field(default_factory=dict)
    """Until when SES is not asked, and what it said; empty as long as SES takes mail."""

    def note(self, email: Email, sender: str, err: Exception, now: float) -> None:
        """Remember SES's answer to an email, if it concerns others too."""
        if isinstance(err, PausedBySes | QuotaUsed | SendingDenied):
            address, domain = _scopes(email, sender)
            until = now + min(_REMEMBERED_SECONDS, err.delay_seconds)
            self.known[address if isinstance(err, SendingDenied) else domain] = until, type(err)

    def next_to_ask(self, prepared: Sequence[_Prepared], now: float) -> _Prepared | None:
        """Return the first email whose hold is over, and forget that hold: its answer says whether it goes on."""
        for email, mail in prepared:
            over = [scope for scope in _scopes(email, mail.sender) if scope in self.known]
            if over and self.hold_of(email, mail.sender, now) is None:
                for scope in over:
                    self.known.pop(scope)
                return email, mail
        return None

    def hold_of(self, email: Email, sender: str, now: float) -> HoldError | None:
        """Return what SES would answer, to be waited for until SES is asked again; None where it may be asked now."""
        for scope in _scopes(email, sender):
            until, kind = self.known.get(scope, (0.0, HoldError))
            if now < until:
                return kind(max(1.0, until - now))
        return None


def _scopes(email: Email, sender: str) -> tuple[_Scope, _Scope]:
    tenant, address = email.policy.ses_tenant, sender.casefold()
    return (tenant, address), (tenant, address.rpartition("@")[2])
