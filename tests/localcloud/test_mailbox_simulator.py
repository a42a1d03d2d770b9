"""The simulator's addresses, which the emulated SES and the engine must recognise alike."""

from __future__ import annotations

import pytest

from localcloud.ses.mailbox_simulator import REHEARSAL_DOMAIN, SIMULATOR_DOMAIN, outcomes_of
from sesmail_layer.domain.guards.breaker import counted_complaint
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry


@pytest.mark.parametrize(
    ("domain", "counts"), [(SIMULATOR_DOMAIN, False), (REHEARSAL_DOMAIN, True), ("example.org", True)]
)
def test_the_engine_s_breaker_counts_no_complaint_from_the_emulated_simulator(domain: str, counts: bool) -> None:
    complaint = Entry("k", "2026-11-24T10:31:00.000Z", status=Status.COMPLAINED, recipient=f"complaint@{domain}")
    assert counted_complaint(complaint) is counts


@pytest.mark.parametrize(
    ("address", "earlier_sends", "event_types"),
    [
        (f"success@{SIMULATOR_DOMAIN}", 0, ["Delivery"]),
        (f"Bounce+label@{SIMULATOR_DOMAIN.upper()}", 0, ["Bounce"]),
        (f"complaint@{SIMULATOR_DOMAIN}", 0, ["Delivery", "Complaint"]),
        (f"softbounce+once-1@{SIMULATOR_DOMAIN}", 0, ["Bounce"]),
        (f"softbounce+once-1@{SIMULATOR_DOMAIN}", 1, ["Delivery"]),
        (f"bounce+1@{REHEARSAL_DOMAIN}", 0, ["Bounce"]),
        (f"someone@{REHEARSAL_DOMAIN}", 0, ["Delivery"]),
        ("bounce@example.org", 0, ["Delivery"]),
    ],
)
def test_an_address_decides_its_events(address: str, earlier_sends: int, event_types: list[str]) -> None:
    assert [event_type for event_type, _ in outcomes_of(address, earlier_sends)] == event_types
