"""Faults that a test orders from the emulated SES: so many times, or by a seeded probability."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.ses.rules import Refusal

REFUSALS = {
    "throttling": Refusal("Throttling", "Maximum sending rate exceeded."),
    "daily_quota": Refusal("Throttling", "Daily message quota exceeded."),
    "account_paused": Refusal("AccountSendingPausedException", "Sending is paused for this account."),
    "configuration_set_paused": Refusal(
        "ConfigurationSetSendingPausedException", "Sending is paused for this configuration set."
    ),
    # SES has two ways of saying that the account is paused.
    "account_paused_in_words": Refusal(
        "MessageRejected", "Sending paused for this account. Check the account's inbox."
    ),
    "rejected": Refusal("MessageRejected", "Email address is not verified."),
    "mail_from_not_verified": Refusal(
        "MailFromDomainNotVerifiedException", "The MAIL FROM domain of the identity is not verified."
    ),
    "server_error": Refusal("InternalFailure", "An internal error occurred.", 500),
}
# The client never hears what became of its request, which SES had accepted (after) or not (before).
SILENCES = {
    "timeout_before",
    "timeout_after",
    "drop_before",
    "drop_after",
    "kill_after",  # the process that asked is killed (`workers.py`)
}
KINDS = REFUSALS.keys() | SILENCES | {"server_error_after"}


@dataclass
class Fault:
    """One order: `times` None is for ever; `recipient` restricts it to envelopes that contain the text."""

    kind: str
    times: int | None = 1
    probability: float = 1.0
    seed: int = 0
    recipient: str = ""
    seconds: float = 90.0
    fired: int = 0
    killed: int = 0
    dice: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known: {', '.join(sorted(KINDS))}")
        self.dice = random.Random(self.seed)

    @classmethod
    def from_json(cls, order: Mapping[str, Any]) -> Fault:
        return cls(**order)

    def strikes(self, destinations: tuple[str, ...]) -> bool:
        """Whether this request is hit; counts the hit."""
        if self.times is not None and self.fired >= self.times:
            return False
        if self.recipient and not any(self.recipient in address for address in destinations):
            return False
        if self.dice.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def as_json(self) -> dict[str, Any]:
        names = ("kind", "times", "probability", "seed", "recipient", "seconds", "fired", "killed")
        return {name: getattr(self, name) for name in names}
