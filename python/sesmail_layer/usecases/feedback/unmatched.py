"""SES events that do not name their email by our tag, and those about an email without a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.ses.outcomes import outcomes
from sesmail_layer.usecases.feedback.record_email import FeedbackMessage
from sesmail_layer.usecases.feedback.suppress import FeedbackSuppression
from sesmail_layer.usecases.ports import Clock, Log, Metrics, RunAll, TrackingTable


def email_ids(
    tracking: TrackingTable, ses_ids: Sequence[str], clock: Clock, last_start: float, run_all: RunAll
) -> Mapping[str, str | None]:
    """Find emails by SES's message ids, all at once; None where there is no record. Raises TransientError.

    What is not begun at `last_start` (Unix seconds) is left out.
    """
    found: dict[str, str | None] = {}
    errors: list[TransientError] = []

    def find(ses_id: str) -> None:
        if clock.now() > last_start:
            return
        try:
            found[ses_id] = tracking.find_by_ses_message_id(ses_id)
        except TransientError as err:
            errors.append(err)

    run_all([partial(find, ses_id) for ses_id in ses_ids])
    if errors:
        raise errors[0]
    return found


def handle_unmatched(
    one: FeedbackMessage,
    suppression: FeedbackSuppression,
    count_suppression: Callable[[SuppressionReason | None, str | None], None],
    metrics: Metrics,
    log: Log,
) -> None:
    """Suppress whom an event without a record asks for, and report it. Raises TransientError."""
    event, message = one.event, one.message
    for outcome in outcomes(event, 1):  # The attempt does not matter: no record will contain it.
        count_suppression(suppression.apply(event, outcome, None), event.email_id)
    metrics.count("FeedbackUnmatched")
    for code, text in (
        ("FBK006", f"Email record not found for SES message ID: {event.ses_message_id}"),
        ("FBK009", f"Cannot publish notification: no tracking record for {event.ses_message_id}"),
    ):
        keys = {"sqs_message_id": message.message_id, "receive_count": message.receive_count}
        log.error("feedback.unmatched", code=code, message=text, **keys)
