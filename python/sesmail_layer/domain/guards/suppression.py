"""Entries of the suppression list: which addresses are not mailed, why, and for how long."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

TOMBSTONE_PREFIX = "sha256:"
"""Of the keyed hash that stands for an erased address, or for the request of an erased person."""


class SuppressionReason(StrEnum):
    HARD_BOUNCE = "hard-bounce"
    CONSECUTIVE_SOFT_BOUNCES = "consecutive-soft-bounces"
    SPAM_COMPLAINT = "spam-complaint"
    UNSUBSCRIBE = "unsubscribe"
    MANUAL = "manual"
    SES_SUPPRESSED = "ses-suppressed"


SUPPRESSION_TYPES = {
    SuppressionReason.HARD_BOUNCE: "bounce",
    SuppressionReason.CONSECUTIVE_SOFT_BOUNCES: "bounce",
    SuppressionReason.SES_SUPPRESSED: "bounce",
    SuppressionReason.SPAM_COMPLAINT: "complaint",
    SuppressionReason.UNSUBSCRIBE: "unsubscribe",
    SuppressionReason.MANUAL: "manual",
}

# Which reason is kept when two are merged: the weakest first.
_STRENGTH = (
    SuppressionReason.UNSUBSCRIBE,
    SuppressionReason.CONSECUTIVE_SOFT_BOUNCES,
    SuppressionReason.SES_SUPPRESSED,
    SuppressionReason.HARD_BOUNCE,
    SuppressionReason.SPAM_COMPLAINT,
    SuppressionReason.MANUAL,
)


_SOURCE_KEY = re.compile(r"(.+?@[^@#]+)#\*(.+)", re.DOTALL)


def topic_key(address: str, topic: str) -> str:
    """Return the key of a topic that a case-folded address has unsubscribed from. No topic and no domain has a `#`."""
    return f"{address}#{topic}"


def source_key(address: str, source: str) -> str:
    """Return the key of all bulk mail of one producer that a case-folded address has left. No topic begins with `*`."""
    return topic_key(address, f"*{source}")


def split_source_key(key: str) -> tuple[str, str] | None:
    """Return the address and the source of a `source_key`; None where it is another key. A domain has no `#`."""
    found = _SOURCE_KEY.fullmatch(key)
    return (found[1], found[2]) if found else None


class Suppression(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One address that is not mailed. Names of attributes are public interface (spec section 5)."""

    email: str
    """The whole address, case-folded; of a topic, `topic_key`; of all bulk mail of a source, `source_key`."""
    suppression_type: str
    reason: SuppressionReason
    added_to_suppression_date: str
    email_id: str | None = None
    ses_message_id: str | None = None
    source: str | None = None
    topic: str | None = None
    """What the address has unsubscribed from; None: the entry is of all mail, or of all bulk mail (of a source)."""
    bounce_sub_type: str | None = None
    diagnostic_code: str | None = None
    note: str | None = None
    """What an operator wrote about it."""
    expires_at: str | None = None
    """None: never. DynamoDB's TTL deletes late, so readers compare it themselves."""
    ttl: int | None = None

    def expired(self, now_text: str) -> bool:
        return self.expires_at is not None and self.expires_at <= now_text

    def blocks(self, *, bulk: bool, now_text: str) -> bool:
        """Return True where mail must not be sent: `unsubscribe` blocks bulk only; an expired entry blocks nothing."""
        return not self.expired(now_text) and (bulk or self.reason is not SuppressionReason.UNSUBSCRIBE)

    def joined(self, other: Suppression) -> Suppression:
        """Merge two entries for the same address; the order does not matter.

        The stronger reason is kept with its origin (of equal ones the earlier), for the longer of both times: two weeks
        for a bounce must not end an unsubscription that never expires.
        """
        first = min(self, other, key=Suppression._precedence)
        longest = max(self, other, key=lambda entry: (entry.expires_at is None, entry.expires_at or ""))
        return msgspec.structs.replace(first, expires_at=longest.expires_at, ttl=longest.ttl)

    def _precedence(self) -> tuple[int, str, bytes]:
        content = msgspec.json.encode(msgspec.structs.replace(self, expires_at=None, ttl=None))
        return -_STRENGTH.index(self.reason), self.added_to_suppression_date, content
