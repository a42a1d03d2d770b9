"""A check ends as it must, and never ends the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tools.aws_check.results import Check, CheckFailedError, NotPossibleError, Outcome, require, run_check, run_checks


def raising(error: Exception) -> Check[None]:
    def run(_: None) -> Mapping[str, Any]:
        raise error

    return Check("A check", run, "Do this.")


@pytest.mark.parametrize(
    ("error", "outcome", "problem", "fix"),
    [
        (CheckFailedError("It is red", {"id": 1}), Outcome.FAILED, "It is red", "Do this."),
        (NotPossibleError("No X-Ray"), Outcome.NOT_POSSIBLE, "No X-Ray", ""),
        (KeyError("status"), Outcome.FAILED, "KeyError: 'status'", "Do this."),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListQueues"),
            Outcome.FAILED,
            "An error occurred (AccessDenied) when calling the ListQueues operation: no",
            "Do this.",
        ),
    ],
)
def test_what_a_check_raises_is_its_result(error: Exception, outcome: Outcome, problem: str, fix: str) -> None:
    result = run_check(raising(error), None)
    assert (result.outcome, result.problem, result.fix) == (outcome, problem, fix)


def test_a_failed_check_keeps_its_evidence() -> None:
    assert run_check(raising(CheckFailedError("red", {"id": 1})), None).evidence == {"id": 1}
    with pytest.raises(CheckFailedError) as failed:
        require(False, "red", id=2)
    assert failed.value.evidence == {"id": 2}


def test_the_next_check_runs_after_a_failure() -> None:
    results = list(run_checks([raising(ValueError("x")), Check("Next", lambda _: {"a": 1}, "")], None))
    assert [(result.outcome, result.evidence) for result in results] == [
        (Outcome.FAILED, {}),
        (Outcome.PASSED, {"a": 1}),
    ]


def test_an_interrupt_ends_the_run() -> None:
    def interrupt(_: None) -> Mapping[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_check(Check("A check", interrupt, ""), None)
