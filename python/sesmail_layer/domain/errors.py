"""Errors named by what the caller does next. `usecases/sender/error_policy.py` holds what each leads to.

PermanentError         record `failed`, acknowledge
TransientError         not sent, worth another try: release the claim, wait 2 to 45 s on the retry queue
OutcomeUnknownError    keep the claim; the `Send` event (or the settle time) decides
HoldError              wait on the delay queue, acknowledge
  Paused, BreakerOpen, PausedBySes          sending is stopped
  SendingDenied                             the role may not send this email
  QuotaUsed, ProducerCapUsed,
  FirstContactsUsed                         a limit is reached
  NotDueYet, RetryNotDueYet                 the time that was asked for has not come
  RateLimited, OutOfTime                    a wait of seconds
  ClaimActive, ClaimContended, Unsettled    another worker may be sending it
anything else          a bug: keep the claim, report the message as failed, log at error
"""

from __future__ import annotations

from typing import ClassVar

from sesmail_layer.domain.plain_text import redacted, without_addresses

_LONGEST_MESSAGE = 1_000
"""Characters: a template may have a name of 200 KB, and the message goes into a record, an event and a log line."""


class PermanentError(Exception):
    """It can never succeed. `error_type` is public interface (spec section 4), `message` follows section 11."""

    def __init__(self, error_type: str, message: str, *, code: str) -> None:
        message = "".join(character if character.isprintable() else "?" for character in without_addresses(message))
        if len(message) > _LONGEST_MESSAGE:
            message = message[:_LONGEST_MESSAGE] + "…"
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.code = code


def outcome_unknown() -> PermanentError:
    """The end of a claim that nothing settled, where sending it again is not wanted or not certain to be right."""
    return PermanentError(
        "outcome_unknown",
        "Outcome unknown: SES may have accepted the email, and no SES event confirmed it",
        code="SES007",
    )


class TransientError(Exception):
    """Nothing happened, and another try is worth it."""

    def __init__(self, message: str, *, code: str, max_tries: int | None = None) -> None:
        """`max_tries`: how often in a row SES may answer so before the email fails; None: while an email may wait."""
        super().__init__(redacted(message))
        self.message = redacted(message)
        self.code = code
        self.max_tries = max_tries


class OutcomeUnknownError(Exception):
    """SES may or may not have accepted the message."""


class HoldError(Exception):
    """Not now: the email waits. Each kind says whether that is published, and how the wait ends at the latest."""

    reason: ClassVar[str]
    """`deferReason` of the record and `reason` of the status event."""
    published: ClassVar[bool] = True
    """True: the record becomes `deferred`; False: the wait is too short to record, or the record is another's."""
    gives_up_as: ClassVar[str] = "expired"
    """The `error_type` of an email that was held for `max_hold_hours`; empty: the wait ends by itself."""

    def __init__(self, delay_seconds: float, *, message: str = "", code: str = "") -> None:
        """`message` and `code` are for the log; empty where the wait is the engine's own decision."""
        super().__init__(self.reason)
        self.delay_seconds = delay_seconds
        self.message = redacted(message)
        self.code = code


class Paused(HoldError):
    """An operator paused the producer or the account."""

    reason = "paused"


class BreakerOpen(HoldError):
    """The breaker paused the producer or the account."""

    reason = "breaker"
    gives_up_as = "bounce_rate_exceeded"

    def __init__(self, delay_seconds: float, bounce_rate: float) -> None:
        super().__init__(delay_seconds)
        self.bounce_rate = bounce_rate


class PausedBySes(HoldError):
    """SES paused the account or the configuration set."""

    reason = "sending_paused"


class SendingDenied(HoldError):
    """The function's role may not send this email: somebody changed it, or IAM has not applied a new right yet."""

    reason = "access_denied"


class QuotaUsed(HoldError):
    """SES's 24-hour quota is used, or its rest is reserved for transactional mail."""

    reason = "daily_quota"


class ProducerCapUsed(HoldError):
    """The producer has sent its emails of the day."""

    reason = "producer_cap"


class FirstContactsUsed(HoldError):
    """The producer has used up the addresses that it may contact for the first time in this hour."""

    reason = "first_contacts"


class RateLimited(HoldError):
    """No send time before the invocation ends, or SES throttled the call."""

    reason = "rate"
    published = False


class OutOfTime(HoldError):
    """Preparing it, or the emails before it, used the time that the invocation has before it sends."""

    reason = "time"
    published = False


class NotDueYet(HoldError):
    """`sendAt` is ahead."""

    reason = "scheduled"
    gives_up_as = ""


class RetryNotDueYet(HoldError):
    """A soft bounce's retry waits for its time."""

    reason = "soft_bounce_retry"
    published = False
    gives_up_as = ""


class ClaimActive(HoldError):
    """Another worker may be sending the email."""

    reason = "settling"
    published = False
    gives_up_as = ""


class ClaimContended(HoldError):
    """The record changed with every try to claim it."""

    reason = "busy"
    published = False
    gives_up_as = ""


class Unsettled(HoldError):
    """A claim expired, and the SES event with its outcome may not have been processed yet."""

    reason = "settling"
    published = False
    gives_up_as = "outcome_unknown"
