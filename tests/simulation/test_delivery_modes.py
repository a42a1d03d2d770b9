"""Delivery modes that change between any two invocations: no address outside the allowed ever gets mail."""

from __future__ import annotations

import pytest

from tools.simulation.claim_worlds import first_failure
from tools.simulation.delivery_worlds import prove_modes


@pytest.mark.parametrize("seeds", [range(start, start + 40) for start in (0, 40)], ids=str)
def test_no_seed_sends_to_an_address_that_the_mode_does_not_allow(seeds: range) -> None:
    failure = first_failure(prove_modes, seeds)
    assert failure is None, failure
