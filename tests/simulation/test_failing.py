"""Emails of unknown outcome that can no longer be sent, proved on the real code: none is sent twice.

A failure names the call that runs its seed alone, such as `prove_failing(17)` of tools/simulation/failing_worlds.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sesmail_layer.domain.record import claims
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord
from sesmail_layer.usecases.sender.claim import Claims
from tools.simulation.claim_worlds import first_failure
from tools.simulation.failing_worlds import prove_failing

FIFTIES = [pytest.param(range(start, start + 50), id=f"from-{start}") for start in range(0, 100, 50)]
Plant = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize("seeds", FIFTIES)
def test_no_seed_sends_it_twice_or_says_that_ses_never_had_what_it_has(seeds: range) -> None:
    failure = first_failure(prove_failing, seeds)
    assert failure is None, failure


# --- the proof sees defects -------------------------------------------------------------------------------------------


def planted(plant: pytest.MonkeyPatch, status: Status) -> None:
    """Entries of a status do not wait for the claim of unknown outcome to settle."""
    after_unknown = Claims._attempt_after_unknown

    def at_once(self: Claims, job: Any, record: TrackingRecord, entry: Entry) -> int:
        return record.attempt if entry.status is status else after_unknown(self, job, record, entry)

    plant.setattr(Claims, "_attempt_after_unknown", at_once)


def a_failure_does_not_wait(plant: pytest.MonkeyPatch) -> None:
    planted(plant, Status.FAILED)


def a_hold_does_not_wait(plant: pytest.MonkeyPatch) -> None:
    planted(plant, Status.DEFERRED)


def an_unknown_outcome_may_be_requested_again(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(
        claims, "never_reached_ses", lambda record: record.status is Status.FAILED and record.ses_message_id is None
    )


def a_failure_is_not_unknown(plant: pytest.MonkeyPatch) -> None:
    """With `on_unknown_outcome = fail`, it has its own error once the claim is settled."""
    after_unknown = Claims._attempt_after_unknown

    def own_error(self: Claims, job: Any, record: TrackingRecord, entry: Entry) -> int:
        self._resend_unknown = self._resend_unknown or entry.status is Status.FAILED
        return after_unknown(self, job, record, entry)

    plant.setattr(Claims, "_attempt_after_unknown", own_error)


PLANTS: list[Plant] = [
    a_failure_does_not_wait,
    a_hold_does_not_wait,
    an_unknown_outcome_may_be_requested_again,
    a_failure_is_not_unknown,
]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_defect_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    assert first_failure(prove_failing, range(150))
