"""The statuses of an email."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """In the order in which one may follow another; `record/tracking.py` holds how two are compared."""

    SENDING = "sending"
    DEFERRED = "deferred"
    SENT = "sent"
    DELAYED = "delayed"
    FAILED = "failed"
    SOFT_BOUNCED = "soft_bounced"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
