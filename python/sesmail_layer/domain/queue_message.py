"""A message as SQS delivers it, and how it is wrapped where it waits as it came."""

from __future__ import annotations

import json
from typing import TypeVar

import msgspec

HopType = TypeVar("HopType")

WRAPPED = '{"sesmailHop":'
"""A wrapped message begins with this; no event of EventBridge, SNS or SES does."""


class QueueMessage(msgspec.Struct, frozen=True):
    """One SQS message with its body unread, so that a message that cannot be parsed has an id to report."""

    message_id: str
    body: str
    receive_count: int = 1
    sent_at: float = 0.0
    """Unix seconds; 0: not known."""
    queue: str = ""
    """The name of the queue that it came from."""


def may_be_wrapped(body: str) -> bool:
    """Return True for a body that comes out as it came: it begins as an object, and not as ours."""
    return body.startswith("{") and not body.startswith(WRAPPED)


def wrapped(body: str, hop: msgspec.Struct) -> str:
    """Return the body of the next hop of a JSON object that stays as it came; `hop` is what the engine notes.

    Nothing is escaped, so that the message grows by the hop alone.
    """
    own = _split(body)[1] if body.startswith(WRAPPED) else body
    return f"{WRAPPED}{msgspec.json.encode(hop).decode()},{own.lstrip()[1:]}"


def unwrapped(body: str, hop: type[HopType]) -> tuple[str, HopType]:
    """Return a wrapped message's own body and its hop. Raises ValueError."""
    given, own = _split(body)
    return own, msgspec.convert(given, hop)


def _split(body: str) -> tuple[object, str]:
    hop, end = json.JSONDecoder().raw_decode(body, len(WRAPPED))
    return hop, "{" + body[end + 1 :]
