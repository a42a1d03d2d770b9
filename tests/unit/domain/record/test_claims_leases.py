"""When a claim was made, and when it has no worker any more."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.record.claims import claimed_at, is_stranded
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import FIRST_REVISION
from tests.unit.domain.record.test_claims import record
from tools.simulation.fakes import NOW


@pytest.mark.parametrize(("after", "stranded"), [(-0.001, False), (0.0, True), (1.0, True)])
def test_a_first_claim_has_no_worker_from_the_end_of_its_lease(after: float, stranded: bool) -> None:
    claimed = record(Status.SENDING, lease_until=NOW + 35, revision=FIRST_REVISION)
    assert is_stranded(claimed, NOW + 35 + after) is stranded


def test_a_record_without_a_claim_counts_from_its_own_time() -> None:
    assert claimed_at(record(Status.DEFERRED, history=[])) == NOW
