"""Leases under which nothing was sent go along with the message, until SES may have it."""

from __future__ import annotations

import json

from sesmail_layer.domain.errors import OutcomeUnknownError, TransientError
from sesmail_layer.domain.queue_message import QueueMessage
from tools.simulation.fakes import request
from tools.simulation.sender import Sender


def test_once_ses_may_have_an_email_no_lease_says_that_it_was_not_sent() -> None:
    sender = Sender()
    sender.mailer.answers = [TransientError("SES error (connection): refused", code="SES009")]
    sender.run(sender.message(request(emailId="one")))
    [(body, _)] = sender.waiting.take()
    assert len(json.loads(body)["sesmailHop"]["unsent"]) == 1

    sender.mailer.answers = [OutcomeUnknownError("ReadTimeoutError")]
    sender.run(QueueMessage("again", body))
    [(body, _)] = sender.waiting.take()
    assert "unsent" not in json.loads(body)["sesmailHop"]
