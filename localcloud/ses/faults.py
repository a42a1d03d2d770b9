"""Faults injected into the emulated SES: a number of times, or by a seeded probability."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.ses.limits import ErrorResponse

ERRORS = {
    "throttling": ErrorResponse("Throttling", "Maximum sending rate exceeded."),
    "daily_quota": ErrorResponse("Throttling", "Daily message quota exceeded."),
    "account_paused": ErrorResponse("AccountSendingPausedException", "Sending is paused for this account."),
    "configuration_set_paused": ErrorResponse(
        "ConfigurationSetSendingPausedException", "Sending is paused for this configuration set."
    ),
    # SES has two ways of saying that sending is paused: a code of its own, and words.
    "account_paused_in_words": ErrorResponse("MessageRejected", "Sending paused for this account."),
    "configuration_set_paused_in_words": ErrorResponse("MessageRejected", "Sending paused for this configuration set."),
    "rejected": ErrorResponse("MessageRejected", "Email address is not verified."),
    "mail_from_not_verified": ErrorResponse(
        "MailFromDomainNotVerifiedException", "The MAIL FROM domain of the identity is not verified."
    ),
    "server_error": ErrorResponse("InternalFailure", "An internal error occurred.", 500),
}
# v2's own errors, each in its own name; v2 answers the errors above with its names for them (`apis.py`).
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
V2_ERRORS = {
    "too_many_requests": ErrorResponse("TooManyRequestsException", "Maximum sending rate exceeded.", 429),
    "limit_exceeded": ErrorResponse("LimitExceededException", "Daily message quota exceeded."),
    "account_suspended": ErrorResponse("AccountSuspendedException", "Your account's ability to send is revoked."),
    "sending_paused": ErrorResponse("SendingPausedException", "Sending is paused for this account."),
    "message_rejected": ErrorResponse("MessageRejected", "Email address is not verified."),
    "mail_from_domain_not_verified": ErrorResponse(
        "MailFromDomainNotVerifiedException", "The MAIL FROM domain of the identity is not verified."
    ),
    "not_found": ErrorResponse("NotFoundException", "The requested tenant <gone> does not exist.", 404),
    "bad_request": ErrorResponse("BadRequestException", "Invalid message headers."),
}
# The client gets no answer; SES has accepted the message (after) or not (before).
NO_ANSWER = {
    "timeout_before",
    "timeout_after",
    "drop_before",
    "drop_after",
    "kill_after",  # the calling process is killed (`workers.py`)
}
KINDS = ERRORS.keys() | V2_ERRORS.keys() | NO_ANSWER | {"server_error_after"}


@dataclass
class Fault:
    """One injected fault. `times` None: until it is cleared. `recipient`: only envelopes that contain this text."""

    kind: str
    times: int | None = 1
    probability: float = 1.0
    seed: int = 0
    recipient: str = ""
    seconds: float = 90.0
    fired: int = 0
    killed: int = 0
    rng: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known: {', '.join(sorted(KINDS))}")
        self.rng = random.Random(self.seed)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Fault:
        return cls(**given)

    def fires(self, destinations: tuple[str, ...]) -> bool:
        """Decide whether this request fails; count it if so."""
        if self.times is not None and self.fired >= self.times:
            return False
        if self.recipient and not any(self.recipient in address for address in destinations):
            return False
        if self.rng.random() >= self.probability:
            return False
        self.fired += 1
        return True

    @property
    def error(self) -> ErrorResponse | None:
        """SES's answer; None where it is not an error that comes instead of the acceptance."""
        return (ERRORS | V2_ERRORS).get(self.kind)

    def is_of(self, api: str) -> bool:
        return api == "v2" or self.kind not in V2_ERRORS

    def as_json(self) -> dict[str, Any]:
        names = ("kind", "times", "probability", "seed", "recipient", "seconds", "fired", "killed")
        return {name: getattr(self, name) for name in names}
