"""The statuses of an email and their order."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where an email stands, in the order in which one may follow another."""

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


_RANKS = {status: rank for rank, status in enumerate(Status)} | {Status.DEFERRED: 0}

# A hard bounce or a complaint says something about the address, whichever attempt brought it.
_FINAL_IN_ANY_ATTEMPT = frozenset({Status.BOUNCED, Status.COMPLAINED})
_ABOVE_EVERY_ATTEMPT = 1_000_000


def standing(status: Status, attempt: int) -> tuple[int, int]:
    """Compares two statuses of one email: the higher one stands, whatever order they came in."""
    return (_ABOVE_EVERY_ATTEMPT if status in _FINAL_IN_ANY_ATTEMPT else attempt, _RANKS[status])
