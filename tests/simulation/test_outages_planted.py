"""The proofs of test_outages.py see defects: each of these, planted in the engine, fails within a few seeds."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.record import claims
from sesmail_layer.usecases.feedback import batch as feedback_batch
from sesmail_layer.usecases.feedback import requeue as feedback_requeue
from sesmail_layer.usecases.sender import requeue
from tools.simulation.claim_worlds import first_failure
from tools.simulation.outage_proofs import END, START, prove_outage, prove_suppression, prove_unknown_outcomes
from tools.simulation.outages import Outage

Plant = Callable[[pytest.MonkeyPatch], None]
DYNAMODB = [Outage(START, END, "DynamoDB", slowest_seconds=1.0, lost_answers=0.5)]
PUT_ITEM = [Outage(START, END, "DynamoDB", operation="PutItem", lost_answers=0.7)]
SES = [Outage(START, END, "SES")]
EVENTBRIDGE = [Outage(START, END, "EventBridge", slowest_seconds=5.0)]
UNKNOWN = [Outage(START, END, "SES", ses="unknown", lost_answers=0.7)]
LONG = Outage(START, START + 900, "DynamoDB", slowest_seconds=5.0)


def errors_wait_by_failing(plant: pytest.MonkeyPatch) -> None:
    def fail(self: Any, job: Any, err: TransientError, event: str, **_: object) -> None:
        self.report_failure(job.message, event, err.message, code=err.code, **job.keys)

    plant.setattr(requeue.Requeue, "retry", fail)


def errors_wait_for_minutes(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(requeue, "_delay_of_try", lambda tries: min(900.0, 2.0**tries * random.uniform(1, 4)))


def an_unanswered_claim_has_to_settle(plant: pytest.MonkeyPatch) -> None:
    judged = claims._judge_unsent
    plant.setattr(claims, "_judge_unsent", lambda record, now, settle, _unsent: judged(record, now, settle, ()))


def statuses_are_dropped(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(requeue.Requeue, "retry_instead", lambda *_args: None)


def feedback_waits_by_failing(plant: pytest.MonkeyPatch) -> None:
    def fail(self: Any, messages: Any, code: str, text: str) -> None:
        self._failed |= {message.message_id for message in messages}
        self._log_failure(messages, code, text)

    plant.setattr(feedback_batch._Batch, "_retry_later", fail)


def feedback_waits_for_minutes(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(feedback_requeue.Requeue, "_delay", lambda _self, hop: min(900.0, 2.0**hop.tries))


def a_timeout_counts_as_not_sent(plant: pytest.MonkeyPatch) -> None:
    def fail(self: Outage, *_args: Any) -> Exception:
        return TransientError("timeout", code="SES009")

    plant.setattr(Outage, "_error", fail)


def claims_settle_at_once(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(claims, "_judge_unsent", lambda record, *_: claims.Finding(claims.Verdict.TAKE, record.attempt))


def an_unknown_outcome_is_final(plant: pytest.MonkeyPatch) -> None:
    plant.setattr("sesmail_layer.usecases.sender.claim.is_settled", lambda *_: False)


def whole(outages: list[Outage]) -> Callable[[int], None]:
    return lambda seed: prove_outage(seed, outages, 1.0)


def unknown(seed: int) -> None:
    prove_unknown_outcomes(seed, UNKNOWN, 0.5)


def bounces(seed: int) -> None:
    prove_suppression(seed, LONG)


PLANTS: list[tuple[Plant, Callable[[int], None]]] = [
    (errors_wait_by_failing, whole(DYNAMODB)),
    (errors_wait_by_failing, whole(SES)),
    (errors_wait_for_minutes, whole(DYNAMODB)),
    (errors_wait_for_minutes, whole(SES)),
    (an_unanswered_claim_has_to_settle, whole(PUT_ITEM)),
    (statuses_are_dropped, whole(EVENTBRIDGE)),
    (feedback_waits_by_failing, whole(DYNAMODB)),
    (feedback_waits_by_failing, bounces),
    (feedback_waits_for_minutes, bounces),
    (a_timeout_counts_as_not_sent, unknown),
    (claims_settle_at_once, unknown),
    (an_unknown_outcome_is_final, unknown),
]


@pytest.mark.parametrize(
    ("plant", "prove"), PLANTS, ids=[f"{number}-{plant.__name__}" for number, (plant, _) in enumerate(PLANTS)]
)
def test_a_planted_defect_is_found(plant: Plant, prove: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    assert first_failure(prove, range(12))
