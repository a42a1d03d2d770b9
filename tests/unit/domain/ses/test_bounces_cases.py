"""Real servers' answers, in our own words, each with the class that it must have (tests/cases/bounces.json)."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sesmail_layer.domain.ses import bounces
from sesmail_layer.domain.ses.outcomes import Outcome, outcomes
from sesmail_layer.domain.ses.ses_events import read_event
from tools.simulation.feedback import event

Case = dict[str, Any]
CASES: list[Case] = json.loads((Path(__file__).parents[3] / "cases/bounces.json").read_text())


def outcome_of(case: Case) -> Outcome:
    """The outcome of a bounce event with one recipient, as the case has it."""
    bounce, to = case["bounce"], case["bounce"].get("to", "john@example.com")
    recipient = {"emailAddress": to, "status": bounce["status"], "diagnosticCode": bounce["diagnostic"]}
    payload = {"bounceType": bounce["type"], "bounceSubType": bounce["subType"], "bouncedRecipients": [recipient]}
    return outcomes(read_event(event("Bounce", "bounce", payload, to=(to,))), 1)[-1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_every_answer_has_its_class(case: Case) -> None:
    assert outcome_of(case).entry.what == case["class"], case["bounce"]["diagnostic"]


@pytest.mark.parametrize("case", [case for case in CASES if "expect" in case], ids=lambda case: case["id"])
def test_every_reported_answer_has_the_effects_that_were_asked_for(case: Case) -> None:
    outcome = outcome_of(case)
    found = {
        "status": outcome.entry.status,
        "suppress": outcome.suppress,
        "counts": outcome.counts,
        "countsAsSoftBounce": outcome.counts_towards_soft_bounce_limit,
    }
    assert {name: found[name] for name in case["expect"]} == case["expect"]


def test_the_cases_have_every_class_several_times() -> None:
    counted = Counter(case["class"] for case in CASES)

    assert len(CASES) >= 120
    assert set(counted) == {kind.value for kind in bounces.BounceClass}
    assert min(counted[kind] for kind in ("hard", "soft", "sender_fault", "sender_deferred", "rate_limited")) >= 10
