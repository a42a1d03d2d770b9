"""A message that is too large only with its headers."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.record.statuses import Status
from tools.simulation.sender import Sender

FILE = {"filename": "a.txt", "contentBase64": "YQ=="}


@pytest.mark.parametrize(
    ("fields", "error_type"), [({}, "validation_error"), ({"attachments": [FILE]}, "attachment_error")]
)
def test_it_is_rejected_with_its_size_and_the_limit(fields: dict[str, Any], error_type: str) -> None:
    live = Sender()
    live.send(emailId="one", **fields)
    size = len(live.mailer.accepted[0].raw)

    sender = Sender(max_message_bytes=size - 1)
    record = sender.send(emailId="one", **fields)
    assert (record.status, record.error_type) == (Status.FAILED, error_type)
    assert record.error_message == (
        f"Validation error: attachments: the message is {size} bytes, at most {size - 1} are allowed"
    )
    assert Sender(max_message_bytes=size).send(emailId="one", **fields).status is Status.SENT
