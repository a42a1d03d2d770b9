"""An entry of the suppression list in words."""

from __future__ import annotations

from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason

REASONS = {
    SuppressionReason.HARD_BOUNCE: "an email to it bounced for good",
    SuppressionReason.CONSECUTIVE_SOFT_BOUNCES: "the latest emails to it all soft-bounced",
    SuppressionReason.SPAM_COMPLAINT: "its reader complained about an email",
    SuppressionReason.UNSUBSCRIBE: "its reader unsubscribed: bulk mail only is held back",
    SuppressionReason.MANUAL: "somebody put it on the list",
    SuppressionReason.SES_SUPPRESSED: "it is on a suppression list of the SES account",
}


def where_from(entry: Suppression) -> str:
    """Says since when an entry stands and what it came from."""
    by = f" by {entry.source}" if entry.source else ""
    email = f" after email {entry.email_id}" if entry.email_id else ""
    until = f", until {entry.expires_at}" if entry.expires_at else ""
    return f"since {entry.added_to_suppression_date}{by}{email}{until}"
