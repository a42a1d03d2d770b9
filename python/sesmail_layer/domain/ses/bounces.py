"""What a bounce means: a table to read, evidence before names.

SES's `bounceType` is the other server's answer as SES understood it; the status (RFC 3463) and the diagnostic beside
it often know better, so they are asked first.
https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#bounce-types
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

import msgspec

from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.ses.diagnostics import (
    ABOUT_THE_SENDER,
    AUTOMATIC_REPLY,
    LIMITED,
    MAILBOX_FULL,
    UNKNOWN_USER,
    Words,
    without_names,
)


class BounceClass(StrEnum):
    HARD = "hard"
    SUPPRESSED_BY_SES = "suppressed_by_ses"
    """On the list that SES keeps over all its customers; it forgets after 14 days."""
    NOT_ATTEMPTED = "not_attempted"
    """SES did not try, for a list of the account's own; its statistics leave it out as well."""
    SENDER_FAULT = "sender_fault"
    """The provider rejects the sender, and SES counts it as a bounce: nothing against the address."""
    SENDER_FAULT_SOFT = "sender_fault_soft"
    """The same, where SES does not count it."""
    SENDER_DEFERRED = "sender_deferred"
    """The provider puts the sender off, for its own sake."""
    RATE_LIMITED = "rate_limited"
    """Greylisting, and limits of rate or connections."""
    SOFT = "soft"
    SOFT_UNDETERMINED = "soft_undetermined"
    MESSAGE_FAULT = "message_fault"
    """The message was at fault: nothing against the address."""
    AUTO_REPLY = "auto_reply"
    UNKNOWN = "unknown"


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What a class of bounce leads to."""

    bounce_class: str | None = None
    """What status events call it; None where there is none."""
    status: Status | None = None
    """None: history only."""
    suppress: SuppressionReason | None = None
    suppress_days: int | None = None
    """None: for ever."""
    counts: bool = False
    """Towards the bounce rate."""
    strikes: bool = False
    """Towards the consecutive soft bounces of the address."""
    retried: bool = False
    sender_refused: bool = False
    """Counted by the metric `SenderRefused`."""


_BOUNCED, _SOFT_BOUNCED = Status.BOUNCED, Status.SOFT_BOUNCED
_HARD_BOUNCE = SuppressionReason.HARD_BOUNCE

EFFECTS = {
    BounceClass.HARD: Effect(bounce_class="hard", status=_BOUNCED, suppress=_HARD_BOUNCE, counts=True),
    BounceClass.SUPPRESSED_BY_SES: Effect(
        bounce_class="hard", status=_BOUNCED, suppress=_HARD_BOUNCE, suppress_days=14, counts=True
    ),
    BounceClass.NOT_ATTEMPTED: Effect(
        bounce_class="not_attempted", status=_BOUNCED, suppress=SuppressionReason.SES_SUPPRESSED
    ),
    BounceClass.SENDER_FAULT: Effect(bounce_class="sender_fault", status=_BOUNCED, counts=True, sender_refused=True),
    BounceClass.SENDER_FAULT_SOFT: Effect(bounce_class="sender_fault", status=_SOFT_BOUNCED, sender_refused=True),
    BounceClass.SENDER_DEFERRED: Effect(bounce_class="soft", status=_SOFT_BOUNCED, retried=True, sender_refused=True),
    BounceClass.RATE_LIMITED: Effect(bounce_class="soft", status=_SOFT_BOUNCED, retried=True),
    BounceClass.SOFT: Effect(bounce_class="soft", status=_SOFT_BOUNCED, strikes=True, retried=True),
    BounceClass.SOFT_UNDETERMINED: Effect(bounce_class="soft", status=_SOFT_BOUNCED, strikes=True),
    BounceClass.MESSAGE_FAULT: Effect(bounce_class="message_fault", status=_SOFT_BOUNCED),
    BounceClass.AUTO_REPLY: Effect(),
    BounceClass.UNKNOWN: Effect(),
}

_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)")
# A reply code of SMTP with the class of the status behind it. It begins the answer, or a server is quoted.
_REPLY = re.compile(
    r"(?:^|[;:<(\"']|\b(?:said|error|code|with|returned|reply|replied|response))[\s_]*"
    r"([45][0-5]\d)(?=[\s_-]|$)(?:[\s_-]+#?([45])\.\d{1,3}\.\d{1,3})?",
    re.IGNORECASE,
)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What SES passed on about one recipient's bounce."""

    type: str = ""
    sub_type: str = ""
    status: str = ""
    diagnostic: str = ""

    def words(self) -> str:
        """The diagnostic without addresses, links and host names."""
        return without_names(self.diagnostic)

    def statuses(self) -> set[str]:
        """The status that SES names and the one in the diagnostic: SES's is often a general `5.0.0`."""
        return {match[0] for match in _STATUS.finditer(f"{self.status} {self.words()}")}

    def replies(self) -> list[tuple[str, str]]:
        """SMTP's reply codes in the diagnostic, each with the first digit of the status behind it, or nothing."""
        return [(match[1], match[2] or "") for match in _REPLY.finditer(self.words())]

    def silent(self) -> bool:
        """True where nobody says what is wrong: neither status nor diagnostic, as where no recipient is named."""
        return not (self.status or self.diagnostic)

    def permanent(self) -> bool:
        """False for 4.x.x; the more precise knows better: `4.7.0` than the reply code, that than SES's `5.0.0`."""
        statuses = self.statuses()
        precise = {status[0] for status in statuses if not status.endswith(".0.0")}
        said = precise or {code[0] for code, _ in self.replies()} or {status[0] for status in statuses}
        return said != {"4"}

    def rejects_the_recipient(self) -> bool:
        """True for 550, 552, 553 and 554. SES writes `550 4.4.7` itself, where it has given up."""
        return any(code in ("550", "552", "553", "554") and behind != "4" for code, behind in self.replies())

    def bare_storage_code(self) -> bool:
        """True for 452 or 552 without a status and without an unknown user."""
        codes = {code for code, behind in self.replies() if not behind}
        return not codes.isdisjoint(("452", "552")) and not UNKNOWN_USER.found_in(self.words())

    def no_reply_code(self) -> bool:
        """True for what people write: servers begin with 4xx or 5xx."""
        return not self.replies()


NOT_ATTEMPTED_SUB_TYPES = (
    "OnAccountSuppressionList",
    "OnTenantSuppressionList",
    "EmailValidationSuppressed",
    "UnsubscribedRecipient",
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table: all that it names must hold; of statuses and words, either is enough."""

    then: BounceClass
    types: tuple[str, ...] = ()
    sub_types: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    """Whole statuses, or beginnings such as `5.7.`."""
    words: Words | None = None
    only_if: Callable[[Evidence], bool] | None = None

    def holds(self, evidence: Evidence) -> bool:
        return (
            _is_one_of(evidence.type, self.types)
            and _is_one_of(evidence.sub_type, self.sub_types)
            and self._said(evidence)
            and (self.only_if is None or self.only_if(evidence))
        )

    def _said(self, evidence: Evidence) -> bool:
        if not self.statuses and self.words is None:
            return True
        return any(_matches(found, self.statuses) for found in evidence.statuses()) or (
            self.words is not None and self.words.found_in(evidence.words())
        )


_SENDER_STATUSES = ("5.1.7", "5.1.8", "5.7.")
_ANY_TYPE = ("Permanent", "Transient", "Undetermined")

# The first row that holds decides.
TABLE = (
    Row(sub_types=NOT_ATTEMPTED_SUB_TYPES, then=BounceClass.NOT_ATTEMPTED),
    Row(sub_types=("Suppressed",), then=BounceClass.SUPPRESSED_BY_SES),
    Row(
        types=("Permanent",),
        statuses=_SENDER_STATUSES,
        words=ABOUT_THE_SENDER,
        only_if=Evidence.permanent,
        then=BounceClass.SENDER_FAULT,
    ),
    Row(
        statuses=_SENDER_STATUSES,
        words=ABOUT_THE_SENDER,
        only_if=Evidence.permanent,
        then=BounceClass.SENDER_FAULT_SOFT,
    ),
    Row(sub_types=("MailboxFull",), then=BounceClass.SOFT),
    Row(statuses=("4.2.2", "5.2.2"), words=MAILBOX_FULL, then=BounceClass.SOFT),
    Row(statuses=("4.1.7", "4.1.8"), words=ABOUT_THE_SENDER, then=BounceClass.SENDER_DEFERRED),
    Row(statuses=("4.7.", "4.3.2"), words=LIMITED, then=BounceClass.RATE_LIMITED),
    Row(types=_ANY_TYPE, statuses=("5.1.1", "5.1.2", "5.1.10", "5.4.4"), then=BounceClass.HARD),
    Row(types=_ANY_TYPE, words=UNKNOWN_USER, only_if=Evidence.rejects_the_recipient, then=BounceClass.HARD),
    Row(
        types=("Transient",),
        sub_types=("MessageTooLarge", "ContentRejected", "AttachmentRejected"),
        then=BounceClass.MESSAGE_FAULT,
    ),
    Row(only_if=Evidence.bare_storage_code, then=BounceClass.SOFT),
    Row(statuses=("4.4.7",), then=BounceClass.SOFT),
    Row(types=("Permanent",), then=BounceClass.HARD),
    Row(types=("Transient",), sub_types=("General",), only_if=Evidence.silent, then=BounceClass.AUTO_REPLY),
    Row(
        types=("Transient",),
        sub_types=("General",),
        words=AUTOMATIC_REPLY,
        only_if=Evidence.no_reply_code,
        then=BounceClass.AUTO_REPLY,
    ),
    Row(types=("Undetermined",), only_if=Evidence.silent, then=BounceClass.AUTO_REPLY),
    Row(types=("Undetermined",), words=AUTOMATIC_REPLY, only_if=Evidence.no_reply_code, then=BounceClass.AUTO_REPLY),
    Row(types=("Transient",), then=BounceClass.SOFT),
    Row(types=("Undetermined",), then=BounceClass.SOFT_UNDETERMINED),
)


def classify(evidence: Evidence) -> BounceClass:
    """Gives the class of one recipient's bounce; UNKNOWN where SES has a type that this table does not."""
    return next((row.then for row in TABLE if row.holds(evidence)), BounceClass.UNKNOWN)


def is_not_attempted(sub_type: str) -> bool:
    """True for the subtypes that SES also reports as a complaint's: it accepted the message and did not send it."""
    return _is_one_of(sub_type, NOT_ATTEMPTED_SUB_TYPES)


def _is_one_of(name: str, names: tuple[str, ...]) -> bool:
    return not names or name.strip().casefold() in {one.casefold() for one in names}


def _matches(status: str, wanted: tuple[str, ...]) -> bool:
    return any(status.startswith(one) if one.endswith(".") else status == one for one in wanted)
