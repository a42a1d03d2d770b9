"""How fast mail may be sent: a bucket of recipients that all senders share.

The bucket is kept as one number, the time at which it is (or was) empty. It fills at `rate` recipients a second up to
`rate × BURST_SECONDS`. SES counts recipients, over the whole account:
https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas.html
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

BURST_SECONDS = 1.0
_CHUNK_SECONDS = 0.5
"""The most of bulk's messages at once: of a whole burst, a bucket that others use would rarely have room."""


class Quota(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What SES allows this account (GetSendQuota), and when it said so."""

    max_send_rate: float
    """Recipients a second."""
    max_24_hour_send: float
    """Recipients in 24 hours; -1: unlimited."""
    sent_last_24_hours: float
    checked_at: float
    """Unix seconds."""

    @property
    def share_left(self) -> float:
        """The part of the daily quota that is left, from 0 to 1."""
        if self.max_24_hour_send < 0:
            return 1.0
        return max(0.0, 1 - self.sent_last_24_hours / self.max_24_hour_send) if self.max_24_hour_send else 0.0


class Reservation(msgspec.Struct, frozen=True):
    """A bucket's answer."""

    granted: bool
    empty_at: float
    """The time at which the bucket was empty before this reservation (granted), or is now (refused). Unix seconds."""


def floor_of(now: float) -> float:
    """Return the earliest time at which a bucket can count as empty: it never holds more than a burst."""
    return now - BURST_SECONDS


def grants(empty_at: float, recipients: Sequence[int], rate: float) -> list[float]:
    """Return the earliest send time of each message, taken from a bucket that was empty at `empty_at`.

    A message with more recipients than the bucket holds is sent when the bucket is full, and leaves a debt.
    """
    times = []
    for count in recipients:
        times.append(empty_at + seconds_in_bucket(count, rate))
        empty_at += count / rate
    return times


def seconds_in_bucket(recipients: int, rate: float) -> float:
    """Return how long the bucket fills for so many recipients, or until it is full."""
    return min(recipients / rate, BURST_SECONDS)


def first_chunk(recipients: Sequence[int], rate: float) -> Sequence[int]:
    """Return those of the first messages, one at least, that are sent together where each may wait."""
    together = 1
    while together < len(recipients) and sum(recipients[: together + 1]) <= rate * _CHUNK_SECONDS:
        together += 1
    return recipients[:together]
