"""The classes of bounces: a table in which evidence comes before SES's own type.

SES's `bounceType` is the receiving server's answer as SES understood it; the status (RFC 3463) and the diagnostic are
often more exact, so they are matched first.
https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#bounce-types
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from functools import cached_property, lru_cache

import msgspec

from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.ses import diagnostics


class BounceClass(StrEnum):
    HARD = "hard"
    SUPPRESSED_BY_SES = "suppressed_by_ses"
    """On the suppression list that SES keeps for all its customers; an entry expires after 14 days."""
    NOT_ATTEMPTED = "not_attempted"
    """On one of the account's own lists: SES did not try, and leaves it out of its statistics, too."""
    SENDER_FAULT = "sender_fault"
    """The recipient's provider rejects the sender, and SES counts it as a bounce. The address is not at fault."""
    SENDER_FAULT_SOFT = "sender_fault_soft"
    """The same, where SES does not count it."""
    SENDER_DEFERRED = "sender_deferred"
    """The provider defers the mail because of the sender."""
    RATE_LIMITED = "rate_limited"
    """Greylisting, and limits of rate or connections."""
    SOFT = "soft"
    SOFT_UNDETERMINED = "soft_undetermined"
    MESSAGE_FAULT = "message_fault"
    """The message was at fault, not the address."""
    AUTO_REPLY = "auto_reply"
    UNKNOWN = "unknown"


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from a class of bounces."""

    bounce_class: str | None = None
    """Its name in status events; None: there is no status event."""
    status: Status | None = None
    """None: history only."""
    suppress: SuppressionReason | None = None
    suppress_days: int | None = None
    """None: the suppression does not expire."""
    counts: bool = False
    """Counts towards the bounce rate."""
    counts_towards_soft_bounce_limit: bool = False
    """Counts as one of the address's consecutive soft bounces."""
    retried: bool = False
    sender_refused: bool = False
    """Counts in the metric `SenderRefused`."""


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
    BounceClass.SOFT: Effect(
        bounce_class="soft", status=_SOFT_BOUNCED, counts_towards_soft_bounce_limit=True, retried=True
    ),
    BounceClass.SOFT_UNDETERMINED: Effect(
        bounce_class="soft", status=_SOFT_BOUNCED, counts_towards_soft_bounce_limit=True
    ),
    BounceClass.MESSAGE_FAULT: Effect(bounce_class="message_fault", status=_SOFT_BOUNCED),
    BounceClass.AUTO_REPLY: Effect(),
    BounceClass.UNKNOWN: Effect(),
}

_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)")
# A reply code of SMTP, with the first digit of the status that follows. It begins the answer, or a server is quoted.
_REPLY = re.compile(
    r"(?:^|[;:<(\"']|\b(?:said|error|code|with|returned|reply|replied|response))[\s_]*"
    r"([45][0-5]\d)(?=[\s_-]|$)(?:[\s_-]+#?([45])\.\d{1,3}\.\d{1,3})?",
    re.IGNORECASE,
)


class Words:
    """Patterns of whole words.

    A part of a host name or of a hyphenated name is no word. Sentences may follow each other without a space.
    """

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._patterns = patterns

    def found_in(self, text: str) -> bool:
        return self._compiled.search(text) is not None

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        # Not at import: it takes milliseconds, and the sender, too, imports this module.
        either = "|".join(self._patterns).replace("…", r"\b[^.;]{0,40}?\b")
        begin, end = r"(?<![\w@])(?<!\w-)(?:(?<!\w\.)|(?=(?-i:[A-Z])))", r"(?![\w@])(?!-\w|(?-i:\.[a-z]))"
        return re.compile(f"{begin}(?:{either}){end}", re.IGNORECASE)


ABOUT_THE_SENDER = Words(diagnostics.ABOUT_THE_SENDER)
MAILBOX_FULL = Words(diagnostics.MAILBOX_FULL)
LIMITED = Words(diagnostics.LIMITED)
UNKNOWN_USER = Words(diagnostics.UNKNOWN_USER)
AUTOMATIC_REPLY = Words(diagnostics.AUTOMATIC_REPLY)


@lru_cache(maxsize=128)
def without_names(diagnostic: str) -> str:
    """Remove addresses, links and host names."""
    return re.sub(diagnostics.NAMES, " ", diagnostic, flags=re.IGNORECASE)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What SES passes on about one recipient's bounce."""

    type: str = ""
    sub_type: str = ""
    status: str = ""
    diagnostic: str = ""

    def words(self) -> str:
        """Return the diagnostic without addresses, links and host names."""
        return without_names(self.diagnostic)

    def statuses(self) -> set[str]:
        """Return SES's status and those in the diagnostic: SES's is often a general `5.0.0`."""
        return {match[0] for match in _STATUS.finditer(f"{self.status} {self.words()}")}

    def replies(self) -> list[tuple[str, str]]:
        """Return SMTP's reply codes, each with the first digit of the status that follows it, or an empty text."""
        return [(match[1], match[2] or "") for match in _REPLY.finditer(self.words())]

    def is_missing(self) -> bool:
        """True without status and diagnostic, as where SES lists no recipient."""
        return not (self.status or self.diagnostic)

    def permanent(self) -> bool:
        """False for 4.x.x. The most precise evidence decides: `4.7.0`, then the reply code, then a general `5.0.0`."""
        statuses = self.statuses()
        precise = {status[0] for status in statuses if not status.endswith(".0.0")}
        said = precise or {code[0] for code, _ in self.replies()} or {status[0] for status in statuses}
        return said != {"4"}

    def rejects_the_recipient(self) -> bool:
        """True for 550, 552, 553 and 554, but not for `550 4.4.7`, which SES itself writes when it gives up."""
        return any(code in ("550", "552", "553", "554") and status != "4" for code, status in self.replies())

    def bare_storage_code(self) -> bool:
        """True for 452 or 552 without a status and without an unknown user."""
        codes = {code for code, status in self.replies() if not status}
        return not codes.isdisjoint(("452", "552")) and not UNKNOWN_USER.found_in(self.words())

    def no_reply_code(self) -> bool:
        """True for what a person wrote: a server's answer begins with 4xx or 5xx."""
        return not self.replies()


NOT_ATTEMPTED_SUB_TYPES = (
    "OnAccountSuppressionList",
    "OnTenantSuppressionList",
    "EmailValidationSuppressed",
    "UnsubscribedRecipient",
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table: all conditions that it names must hold; of `statuses` and `words`, one is enough."""

    then: BounceClass
    types: tuple[str, ...] = ()
    sub_types: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    """Whole statuses, or prefixes such as `5.7.`."""
    words: Words | None = None
    only_if: Callable[[Evidence], bool] | None = None

    def matches(self, evidence: Evidence) -> bool:
        return (
            _is_one_of(evidence.type, self.types)
            and _is_one_of(evidence.sub_type, self.sub_types)
            and self._is_evident(evidence)
            and (self.only_if is None or self.only_if(evidence))
        )

    def _is_evident(self, evidence: Evidence) -> bool:
        if not self.statuses and self.words is None:
            return True
        return any(_matches(found, self.statuses) for found in evidence.statuses()) or (
            self.words is not None and self.words.found_in(evidence.words())
        )


_SENDER_STATUSES = ("5.1.7", "5.1.8", "5.7.")
_ANY_TYPE = ("Permanent", "Transient", "Undetermined")

# The first row that matches decides.
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
    Row(types=("Permanent",), then=BounceClass.HARD),
    Row(statuses=("4.4.7",), then=BounceClass.SOFT),
    Row(types=("Transient",), sub_types=("General",), only_if=Evidence.is_missing, then=BounceClass.AUTO_REPLY),
    Row(
        types=("Transient",),
        sub_types=("General",),
        words=AUTOMATIC_REPLY,
        only_if=Evidence.no_reply_code,
        then=BounceClass.AUTO_REPLY,
    ),
    Row(types=("Undetermined",), only_if=Evidence.is_missing, then=BounceClass.AUTO_REPLY),
    Row(types=("Undetermined",), words=AUTOMATIC_REPLY, only_if=Evidence.no_reply_code, then=BounceClass.AUTO_REPLY),
    Row(types=("Transient",), then=BounceClass.SOFT),
    Row(types=("Undetermined",), then=BounceClass.SOFT_UNDETERMINED),
)


def classify(evidence: Evidence) -> BounceClass:
    """Return the class of one recipient's bounce; UNKNOWN for a type that this table does not have."""
    return next((row.then for row in TABLE if row.matches(evidence)), BounceClass.UNKNOWN)


def is_not_attempted(sub_type: str) -> bool:
    """True for the subtypes that SES reports in complaints, too: it accepted the message and did not send it."""
    return _is_one_of(sub_type, NOT_ATTEMPTED_SUB_TYPES)


def _is_one_of(name: str, names: tuple[str, ...]) -> bool:
    return not names or name.strip().casefold() in {one.casefold() for one in names}


def _matches(status: str, wanted: tuple[str, ...]) -> bool:
    return any(status.startswith(one) if one.endswith(".") else status == one for one in wanted)
