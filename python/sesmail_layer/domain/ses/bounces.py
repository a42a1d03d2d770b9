"""The classes of bounces: a table in which evidence comes before SES's own type.

SES's `bounceType` is the receiving server's answer as SES understood it; the status (RFC 3463) and the diagnostic are
often more exact, so they are matched first.
https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#bounce-types
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status


class BounceClass(StrEnum):
    HARD = "hard"
    SUPPRESSED_BY_SES = "suppressed_by_ses"
    """On the suppression list that SES keeps for all its customers; an entry expires after 14 days."""
    NOT_ATTEMPTED = "not_attempted"
    """On one of the account's own lists: SES did not try, and leaves it out of its statistics, too."""
    SOFT = "soft"
    SOFT_UNDETERMINED = "soft_undetermined"
    MESSAGE_FAULT = "message_fault"
    """The message or the sender's reputation was at fault, not the address."""
    AUTO_REPLY = "auto_reply"
    UNKNOWN = "unknown"


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from a class of bounces."""

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


EFFECTS = {
    BounceClass.HARD: Effect(status=Status.BOUNCED, suppress=SuppressionReason.HARD_BOUNCE, counts=True),
    BounceClass.SUPPRESSED_BY_SES: Effect(
        status=Status.BOUNCED, suppress=SuppressionReason.HARD_BOUNCE, suppress_days=14, counts=True
    ),
    BounceClass.NOT_ATTEMPTED: Effect(status=Status.BOUNCED, suppress=SuppressionReason.SES_SUPPRESSED),
    BounceClass.SOFT: Effect(status=Status.SOFT_BOUNCED, counts_towards_soft_bounce_limit=True, retried=True),
    BounceClass.SOFT_UNDETERMINED: Effect(status=Status.SOFT_BOUNCED, counts_towards_soft_bounce_limit=True),
    BounceClass.MESSAGE_FAULT: Effect(status=Status.SOFT_BOUNCED),
    BounceClass.AUTO_REPLY: Effect(),
    BounceClass.UNKNOWN: Effect(),
}


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What SES passes on about one recipient's bounce."""

    type: str = ""
    sub_type: str = ""
    status: str = ""
    diagnostic: str = ""

    def statuses(self) -> set[str]:
        """Return SES's status and those in the diagnostic: SES's is often a general `5.0.0`."""
        return {match[0] for match in _STATUS.finditer(f"{self.status} {self.diagnostic}")}

    def is_missing(self) -> bool:
        """True without status and diagnostic, as where SES lists no recipient."""
        return not (self.status or self.diagnostic)


_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)")

UNKNOWN_USER = re.compile(
    r"\b550\b.*("
    r"(unknown|no such|invalid|nonexistent|non-existent) (user|recipient|mailbox|address|account)"
    r"|(user|recipient|mailbox|address|account)( \S+)? (is )?(unknown|invalid|not found|does not exist|doesn't exist)"
    r")",
    re.IGNORECASE | re.DOTALL,
)

AUTO_REPLY_TEXT = re.compile(
    r"out[ -]of[ -](the[ -])?office|auto(matic|mated)?[ -]?(reply|response)|\bvacation\b", re.IGNORECASE
)

NOT_ATTEMPTED_SUB_TYPES = (
    "OnAccountSuppressionList",
    "OnTenantSuppressionList",
    "EmailValidationSuppressed",
    "UnsubscribedRecipient",
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table: all conditions that it names must hold."""

    then: BounceClass
    types: tuple[str, ...] = ()
    sub_types: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    """Whole statuses, or prefixes such as `5.7.`."""
    diagnostic: re.Pattern[str] | None = None
    evidence_missing: bool = False

    def matches(self, evidence: Evidence) -> bool:
        return (
            _is_one_of(evidence.type, self.types)
            and _is_one_of(evidence.sub_type, self.sub_types)
            and (not self.statuses or any(_matches(found, self.statuses) for found in evidence.statuses()))
            and (self.diagnostic is None or self.diagnostic.search(evidence.diagnostic) is not None)
            and (not self.evidence_missing or evidence.is_missing())
        )


# The first row that matches decides.
TABLE = (
    Row(sub_types=NOT_ATTEMPTED_SUB_TYPES, then=BounceClass.NOT_ATTEMPTED),
    Row(types=("Permanent",), sub_types=("Suppressed",), then=BounceClass.SUPPRESSED_BY_SES),
    Row(statuses=("4.4.7",), then=BounceClass.SOFT),
    Row(types=("Permanent",), then=BounceClass.HARD),
    Row(types=("Transient",), statuses=("5.1.1", "5.1.2", "5.4.4"), then=BounceClass.HARD),
    Row(types=("Transient",), diagnostic=UNKNOWN_USER, then=BounceClass.HARD),
    Row(types=("Transient",), statuses=("5.7.",), then=BounceClass.MESSAGE_FAULT),
    Row(
        types=("Transient",),
        sub_types=("MessageTooLarge", "ContentRejected", "AttachmentRejected"),
        then=BounceClass.MESSAGE_FAULT,
    ),
    Row(types=("Transient",), sub_types=("General",), evidence_missing=True, then=BounceClass.AUTO_REPLY),
    Row(types=("Transient",), sub_types=("General",), diagnostic=AUTO_REPLY_TEXT, then=BounceClass.AUTO_REPLY),
    Row(types=("Undetermined",), evidence_missing=True, then=BounceClass.AUTO_REPLY),
    Row(types=("Undetermined",), diagnostic=AUTO_REPLY_TEXT, then=BounceClass.AUTO_REPLY),
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
    return not names or name.casefold() in {one.casefold() for one in names}


def _matches(status: str, wanted: tuple[str, ...]) -> bool:
    return any(status.startswith(one) if one.endswith(".") else status == one for one in wanted)
