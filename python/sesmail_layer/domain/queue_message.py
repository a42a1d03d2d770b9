"""A message as SQS delivers it, and how it is wrapped where it waits as it came."""

from __future__ import annotations

from typing import TypeVar

import msgspec

HopType = TypeVar("HopType")

WRAPPED = '{"sesmailBody":'
"""A wrapped message begins with this; no event of EventBridge, SNS or SES does."""


class QueueMessage(msgspec.Struct, frozen=True):
    """One SQS message with its body unread, so that a message that cannot be parsed has an id to report."""

    message_id: str
    body: str
    receive_count: int = 1
    sent_at: float = 0.0
    """Unix seconds; 0: not known."""


def wrapped(body: str, hop: msgspec.Struct) -> str:
    """Return the body of the next hop of a message that stays as it came; `hop` is what the engine notes."""
    return msgspec.json.encode({"sesmailBody": body, "sesmailHop": hop}).decode()


def unwrapped(body: str, hop: type[HopType]) -> tuple[str, HopType]:
    """Return a wrapped message's own body and its hop. Raises msgspec.DecodeError."""
    inside = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    try:
        return msgspec.json.decode(inside["sesmailBody"], type=str), msgspec.json.decode(inside["sesmailHop"], type=hop)
    except KeyError as err:
        raise msgspec.DecodeError(f"{err} is missing") from err
