"""The claim protocol, proved on the real code: whatever the order, and whatever fails, nothing is lost or doubled.

A failure names the call that runs its seed alone, such as `prove_random_world(17)` of tools/simulation/claim_worlds.py.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tools.simulation.claim_worlds import first_failure, prove_interleaving, prove_random_world

HUNDRED = 100
HUNDREDS = [pytest.param(range(start, start + HUNDRED), id=f"from-{start}") for start in range(0, 600, HUNDRED)]


@pytest.mark.parametrize("seeds", HUNDREDS)
@pytest.mark.parametrize("prove", [prove_interleaving, prove_random_world], ids=lambda prove: prove.__name__)
def test_no_seed_loses_or_doubles_an_email(prove: Callable[[int], None], seeds: range) -> None:
    failure = first_failure(prove, seeds)
    assert failure is None, failure
