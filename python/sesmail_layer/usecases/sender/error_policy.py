"""What an error of one step means for its email, whichever step raised it: SES refuses, times out, throttles, a bug.

The kinds of errors, and what each leads to, are in domain/errors.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from sesmail_layer.domain.errors import HoldError, OutcomeUnknownError, OutOfTime, PermanentError, TransientError
from sesmail_layer.usecases.ports import Log, Metrics
from sesmail_layer.usecases.retry import KeptRequests
from sesmail_layer.usecases.sender.claim import Claims
from sesmail_layer.usecases.sender.job import Email, Job
from sesmail_layer.usecases.sender.requeue import Requeue

T = TypeVar("T")

_OUTCOME_UNKNOWN_SECONDS = 15.0


class ErrorPolicy:
    """The one place that turns errors into what becomes of an email."""

    def __init__(self, requeue: Requeue, claims: Claims, kept: KeptRequests, metrics: Metrics, log: Log) -> None:
        self._requeue = requeue
        self._claims = claims
        self._kept = kept
        self._metrics = metrics
        self._log = log

    def run(self, job: Job, step: Callable[[], T], *, event: str = "email.send_failed") -> T | None:
        """Run one step of one job; whatever it raises concerns that job alone. `event` names a failure in the log.

        Recording an error may meet another one (the record is claimed by another worker, DynamoDB cannot answer):
        the same policy applies until nothing is raised.
        """
        result, error = _attempt(step)
        failing = False
        while error is not None:
            match error:
                case PermanentError():
                    failing = True
                    _, error = _attempt(partial(self._fail, job, error))
                case OutOfTime() if job.is_suspicious and job.has_receives_left:
                    # Not requeued: a new message would begin with a receive count of one. Only the last receive is
                    # no proof against what was not begun.
                    self._requeue.report_failure(job.message, "email.no_time", "No time left in this batch", **job.keys)
                    break
                case HoldError():
                    _, error = _attempt(partial(self._requeue.hold, job, error))
                case TransientError():
                    _, error = _attempt(partial(self._requeue.retry, job, error, event, failing=failing))
                case OutcomeUnknownError():
                    self._log.warning("email.outcome_unknown", message=str(error), **job.keys)
                    self._metrics.count("EmailOutcomeUnknown")
                    self._requeue.wait(job, job.hop, _OUTCOME_UNKNOWN_SECONDS)
                    break
                case _:
                    # A bug. The claim, if there is one, stays: SES may have the message.
                    name = type(error).__name__
                    self._requeue.report_failure(
                        job.message, "email.failed_unexpectedly", name, exc_info=error, **job.keys
                    )
                    break
        return result

    def retry_all(self, jobs: Iterable[Job], event: str, err: TransientError) -> None:
        """Apply the policy to jobs that a failed read of the whole batch has stopped."""

        def fail() -> None:
            raise err

        for job in jobs:
            self.run(job, fail, event=event)

    def _fail(self, job: Job, error: PermanentError) -> None:
        if self._claims.record_failed(job, error) and isinstance(job, Email):
            self._kept.forget(job)


def _attempt(step: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return step(), None
    except Exception as err:
        return None, err
