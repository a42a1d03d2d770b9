"""SES's mailbox simulator: its addresses, each with the events that SES publishes for it.

https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator
`softbounce@` is ours: SES's simulator has no soft bounce. `softbounce+once-...@` is delivered at the second attempt.
"""

from __future__ import annotations

from typing import Any

# The layer has its own: the emulator runs without the layer's packages, and an emulated AWS should not take AWS's facts
# from the code under test. A test holds the two together.
SIMULATOR_DOMAIN = "simulator.amazonses.com"
# Ours: the same addresses at a domain that the breaker counts, which leaves out AWS's simulator (`make rehearse`).
REHEARSAL_DOMAIN = "rehearsal.example"
Outcome = tuple[str, dict[str, Any]]

_SUPPRESSED_TEXT = (
    "Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid"
    " address. For more information about how to remove an address from the suppression list, see the Amazon SES"
    " Developer Guide: https://docs.aws.amazon.com/ses/latest/DeveloperGuide/remove-from-suppression-list.html"
)


def outcomes_of(recipient: str, earlier_sends: int) -> list[Outcome]:
    """List the events after Send, as (eventType, its detail without times and ids)."""
    local, _, domain = recipient.lower().rpartition("@")
    if domain not in (SIMULATOR_DOMAIN, REHEARSAL_DOMAIN):
        return [_delivery(recipient)]
    name, _, label = local.partition("+")
    if name == "bounce":
        return [_bounce("Permanent", "General", recipient, "5.1.1", "smtp; 550 5.1.1 user unknown")]
    if name == "suppressionlist":
        return [_bounce("Permanent", "Suppressed", recipient, "5.1.1", _SUPPRESSED_TEXT)]
    if name == "softbounce" and not (label.startswith("once") and earlier_sends):
        return [_bounce("Transient", "MailboxFull", recipient, "4.2.2", "smtp; 452 4.2.2 mailbox full")]
    if name == "complaint":
        return [_delivery(recipient), _complaint(recipient)]
    if name == "ooto":
        return [_delivery(recipient), _bounce("Transient", "General", recipient)]
    return [_delivery(recipient)]


def _delivery(recipient: str) -> Outcome:
    return "Delivery", {
        "processingTimeMillis": 12,
        "recipients": [recipient],
        "smtpResponse": "250 2.6.0 Message received",
        "remoteMtaIp": "127.0.0.1",
        "reportingMTA": "a8-50.smtp-out.amazonses.com",
    }


def _bounce(kind: str, sub_type: str, recipient: str, status: str = "", diagnostic: str = "") -> Outcome:
    bounced = {"emailAddress": recipient}
    if status:
        bounced |= {"action": "failed", "status": status, "diagnosticCode": diagnostic}
    detail = {"bounceType": kind, "bounceSubType": sub_type, "bouncedRecipients": [bounced]}
    return "Bounce", detail | {"reportingMTA": "dns; a8-50.smtp-out.amazonses.com"}


def _complaint(recipient: str) -> Outcome:
    return "Complaint", {
        "complainedRecipients": [{"emailAddress": recipient}],
        "complaintSubType": None,
        "userAgent": "Amazon SES Mailbox Simulator",
        "complaintFeedbackType": "abuse",
    }
