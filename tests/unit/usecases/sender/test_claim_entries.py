"""The keys under which the sender stores its entries: a later version has to recognise them."""

from __future__ import annotations

from sesmail_layer.domain.guards.suppression import SuppressionReason
from tools.simulation.sender import Sender


def test_the_sender_stores_its_entries_under_these_keys() -> None:
    sender = Sender()
    sender.suppression.list_address("jane@example.com", SuppressionReason.MANUAL)
    record = sender.send(emailId="one", cc=["jane@example.com"])

    assert [entry.key for entry in record.history] == [
        "failed/1/jane@example.com",
        "mark/1/00001/sending",
        "sent/1",
    ]


def test_failed_and_deferred_requests_have_entries_under_these_keys() -> None:
    sender = Sender()

    failed = sender.send(emailId="failed", templateName="none")
    waits = sender.send(emailId="waits", sendAt="2026-11-24T12:00:00Z")

    assert [entry.key for entry in failed.history] == ["failed/1"]
    assert [entry.key for entry in waits.history] == ["mark/1/00001/deferred"]
    assert waits.history[0].detail == {"reason": "scheduled", "until": "2026-11-24T12:00:00.000Z"}
