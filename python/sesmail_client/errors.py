"""What the client raises, by what the caller does next.

    SESMailError
    ├── InvalidEmailError         correct the email; it was not put on the bus
    ├── NotAcceptedError          repeat the call: EventBridge did not take some of the events
    ├── InvalidStatusEventError   the event is no status event that this version knows
    └── WaitError                 (sesmail_client.testing) the email did not get the status

What botocore raises (no credentials, no connection, no such bus) passes through. No message has an address or other
content of an email: a text is described by its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class SESMailError(Exception):
    """The base of all errors of this package."""


class InvalidEmailError(SESMailError, ValueError):
    """An email breaks a rule: the message names the field, what was found and what is allowed."""

    def __init__(self, field: str, found: str, allowed: str) -> None:
        super().__init__(f"{field}: found {found}; allowed: {allowed}")
        self.field = field
        self.found = found
        self.allowed = allowed


@dataclass(frozen=True)
class Refused:
    """An event that EventBridge did not take, and its reason."""

    id: str
    """The email's id; of a cancellation its id or tag; of an unsubscription its id or topic, if it has one."""
    code: str
    """EventBridge's, such as `ThrottlingException`."""
    message: str


class NotAcceptedError(SESMailError):
    """EventBridge did not take some events, also after the client's own tries."""

    def __init__(self, refused: Sequence[Refused], accepted: int) -> None:
        codes = ", ".join(sorted({each.code for each in refused}))
        super().__init__(
            f"EventBridge did not take {len(refused)} events ({codes}) after {accepted} that it took. Repeat the call "
            "with the same ids: what was taken stays one email."
        )
        self.refused = list(refused)
        self.accepted = accepted


class InvalidStatusEventError(SESMailError, ValueError):
    """An event is no `Email Status Changed`, or has a status that this version does not know."""
