"""Errors named by what the caller does next. One place (usecases) holds what each leads to.

| raised              | then                                                                  |
| ------------------- | --------------------------------------------------------------------- |
| PermanentError      | record `failed`, acknowledge                                          |
| TransientError      | not sent, worth another try: release, report the message as failed    |
| OutcomeUnknownError | keep the claim; the `Send` event (or the settle time) decides         |
| HoldError           | wait on the retry queue, acknowledge                                  |
| anything else       | a bug: keep the claim, report the message as failed, log at error     |
"""

from __future__ import annotations

_LONGEST_MESSAGE = 1_000
"""Characters: a template may have a name of 200 KB, and the message goes into a record, an event and a log line."""


class PermanentError(Exception):
    """It cannot ever succeed. `error_type` is public interface (spec section 4), `message` follows section 11."""

    def __init__(self, error_type: str, message: str, *, code: str) -> None:
        if len(message) > _LONGEST_MESSAGE:
            message = message[:_LONGEST_MESSAGE] + "…"
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.code = code


class TransientError(Exception):
    """Nothing happened, and another try is worth it."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class OutcomeUnknownError(Exception):
    """SES may or may not have accepted the message."""


class HoldError(Exception):
    """Not now: paused, over a quota or a cap, throttled, not yet due."""

    def __init__(
        self,
        reason: str,
        *,
        delay_seconds: float,
        deferred: bool = True,
        gives_up_as: str = "expired",
        rate: float = 0.0,
        message: str = "",
        code: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.delay_seconds = delay_seconds
        self.deferred = deferred
        """True: the record says `deferred` with the reason; False: a wait too short to tell anyone of."""
        self.gives_up_as = gives_up_as
        """The `error_type` of an email that was held for as long as it may be; empty: this wait ends by itself."""
        self.rate = rate
        """The bounce rate for which the breaker holds it."""
        self.message = message
        """What SES said, for the log; empty where the wait is our own doing."""
        self.code = code
