"""Cancellations at any moment, proved on the real code: what is cancelled went out before, or never does.

A failure names the call that runs its seed alone, such as `prove_cancelling(17)` of tools/simulation/cancel_worlds.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from sesmail_layer.domain.guards.cancelling import CancelRule
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord
from sesmail_layer.usecases import cancel
from sesmail_layer.usecases.cancel import Outcome
from sesmail_layer.usecases.sender.claim import Claims
from sesmail_layer.usecases.sender.producer_guard import ProducerGuard
from tools.simulation.cancel_worlds import prove_cancelling
from tools.simulation.claim_worlds import first_failure

FIFTIES = [pytest.param(range(start, start + 50), id=f"from-{start}") for start in range(0, 100, 50)]
Plant = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize("seeds", FIFTIES)
def test_no_seed_sends_what_was_cancelled_or_says_so_of_what_was_sent(seeds: range) -> None:
    failure = first_failure(prove_cancelling, seeds)
    assert failure is None, failure


# --- the proof sees defects -------------------------------------------------------------------------------------------


def claims_ignore_the_mark(plant: pytest.MonkeyPatch) -> None:
    plant.setattr("sesmail_layer.usecases.sender.claim.cancelled_by", lambda _record: None)


def a_claimed_email_ends_cancelled_at_once(plant: pytest.MonkeyPatch) -> None:
    """Although its worker may have handed it to SES."""
    planned = cancel._plan

    def plan(record: TrackingRecord, by: str, now: float) -> tuple[Outcome, Sequence[Entry]]:
        outcome, entries = planned(record, by, now)
        if outcome is Outcome.BEING_SENT:
            return Outcome.CANCELLED, (*entries, cancel._failed(by, now, record.attempt))
        return outcome, entries

    plant.setattr("sesmail_layer.usecases.cancel._plan", plan)


def an_unknown_outcome_ends_cancelled_at_once(plant: pytest.MonkeyPatch) -> None:
    after_unknown = Claims._attempt_after_unknown

    def at_once(self: Claims, job: Any, record: TrackingRecord, entry: Entry) -> int:
        return record.attempt if entry.status is Status.FAILED else after_unknown(self, job, record, entry)

    plant.setattr(Claims, "_attempt_after_unknown", at_once)


def a_cancelled_id_may_be_sent_again(plant: pytest.MonkeyPatch) -> None:
    plant.setattr("sesmail_layer.usecases.sender.claim.cancelled_by", lambda _record: None)
    plant.setattr(
        "sesmail_layer.domain.record.claims.never_reached_ses",
        lambda record: record.status is Status.FAILED and record.ses_message_id is None,
    )


def rules_are_not_looked_at(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(ProducerGuard, "check_cancelled", lambda _self, _email: None)


def rules_end_what_is_asked_for_later(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(CancelRule, "matches", lambda rule, *, tags, **_about: rule.tag in tags)


def an_id_without_a_record_is_not_cancelled(plant: pytest.MonkeyPatch) -> None:
    """Its record is taken for one that failed for another reason."""
    plant.setattr("sesmail_layer.domain.record.claims.is_cancelled_early", lambda _record: False)


PLANTS: list[Plant] = [
    claims_ignore_the_mark,
    a_claimed_email_ends_cancelled_at_once,
    an_unknown_outcome_ends_cancelled_at_once,
    a_cancelled_id_may_be_sent_again,
    rules_are_not_looked_at,
    rules_end_what_is_asked_for_later,
    an_id_without_a_record_is_not_cancelled,
]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_defect_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    assert first_failure(prove_cancelling, range(400))
