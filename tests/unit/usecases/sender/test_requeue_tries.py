"""Errors in a row: a wait of seconds between two of them neither ends the row nor makes it look longer."""

from __future__ import annotations

import json
from typing import Any

from sesmail_layer.domain.errors import RateLimited, SendingDenied, TransientError
from sesmail_layer.domain.record.statuses import Status
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

OUT_OF_REACH = TransientError("DynamoDB error: timeout", code="AWS001")
INVALID_TOKEN = TransientError("SES error (InvalidClientTokenId): no", code="SES009", max_tries=10)
UNREACHABLE = TransientError("SES error (connection): refused", code="SES009")
THROTTLED = RateLimited(2, message="SES error (Throttling): Maximum sending rate exceeded", code="SES006")


def hop(sender: Sender) -> dict[str, Any]:
    [(body, _)] = [*sender.waiting.messages, *sender.bulk_waiting.messages]
    found: dict[str, Any] = json.loads(body)["sesmailHop"]
    return found


def test_a_refusal_is_given_up_after_ten_tries_also_where_ses_throttles_in_between() -> None:
    sender = Sender()
    sender.mailer.answers = [INVALID_TOKEN, INVALID_TOKEN, INVALID_TOKEN, THROTTLED] * 20
    sender.send(emailId="one")
    for _ in range(30):
        sender.run_waiting()

    record = sender.tracking.records["one"]
    assert (record.status, record.error_type) == (Status.FAILED, "ses_rejected")
    assert len(sender.mailer.answers) == 80 - 11 - 3


def test_the_age_of_an_error_is_seen_also_where_ses_throttles_in_between() -> None:
    sender = Sender()
    sender.mailer.answers = [UNREACHABLE, THROTTLED] * 100
    sender.send(emailId="one")
    for _ in range(40):
        sender.run_waiting()

    assert sender.metrics.highest_values["TransientErrorAge"] > 300


def test_bulk_mail_that_is_paced_for_an_hour_between_two_errors_has_not_failed_for_an_hour() -> None:
    sender = Sender()
    sender.mailer.answers = [UNREACHABLE]
    sender.send(emailId="one", priority="bulk")
    began = sender.clock.now()
    while sender.clock.now() < began + 3600:
        sender.bucket.empty_at["pacer#bulk"] = sender.clock.now() + 600
        sender.run_waiting()
    assert hop(sender)["tries"] == 1
    sender.bucket.empty_at.clear()
    sender.mailer.answers = [UNREACHABLE]
    sender.run_waiting()

    assert hop(sender)["tries"] == 2
    assert sender.metrics.highest_values["TransientErrorAge"] < 60


def test_other_errors_do_not_use_up_the_tries_of_a_refusal() -> None:
    sender = Sender()
    sender.suppression.error = OUT_OF_REACH
    sender.run(sender.message(request(emailId="one")))
    for _ in range(12):
        sender.run_waiting()
    sender.suppression.error = None
    sender.mailer.answers = [INVALID_TOKEN] * 10
    for _ in range(10):
        sender.run_waiting()
    assert len(sender.waiting.messages) == 1
    sender.run_waiting()

    assert sender.tracking.records["one"].status is Status.SENT


def test_a_published_hold_ends_the_row() -> None:
    sender = Sender()
    sender.mailer.answers = [INVALID_TOKEN, SendingDenied(30, message="SES error (AccessDenied)", code="SES009")]
    sender.send(emailId="one")
    sender.run_waiting()

    assert hop(sender).keys().isdisjoint({"tries", "refused", "failingSince", "heldSince"})
