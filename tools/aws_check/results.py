"""One named check, its result, and how a failure or an emulator's gap is reported."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.paths import LocalCloudError

Subject = TypeVar("Subject")
Evidence = Mapping[str, Any]


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_POSSIBLE = "not possible here"
    NOT_RUN = "not run"


class CheckFailedError(Exception):
    """What was checked is not as it must be; the message says how it is."""

    def __init__(self, problem: str, evidence: Evidence | None = None) -> None:
        super().__init__(problem)
        self.evidence = dict(evidence or {})


class NotPossibleError(Exception):
    """The endpoint is an emulator without this part of AWS; raised only where its own answers show that."""


@dataclass(frozen=True)
class Check(Generic[Subject]):
    """A check by its name, a sentence that is true if it passes; `fix` is what to do if it does not."""

    name: str
    run: Callable[[Subject], Evidence]
    fix: str


@dataclass(frozen=True)
class Result:
    """What a check found. Evidence has ids and figures only."""

    name: str
    outcome: Outcome
    seconds: float = 0.0
    evidence: Evidence = field(default_factory=dict)
    problem: str = ""
    fix: str = ""


def run_check(check: Check[Subject], subject: Subject) -> Result:
    """Run a check; whatever it raises is its failure, and the next check runs all the same."""
    started = time.monotonic()
    outcome, evidence, problem = Outcome.PASSED, {}, ""
    try:
        evidence = dict(check.run(subject))
    except NotPossibleError as gap:
        outcome, problem = Outcome.NOT_POSSIBLE, str(gap)
    except CheckFailedError as failed:
        outcome, problem, evidence = Outcome.FAILED, str(failed), failed.evidence
    except (LocalCloudError, ClientError, BotoCoreError) as failed:
        outcome, problem = Outcome.FAILED, str(failed)
    except Exception as failed:
        outcome, problem = Outcome.FAILED, f"{type(failed).__name__}: {failed}"
    fix = check.fix if outcome is Outcome.FAILED else ""
    return Result(check.name, outcome, round(time.monotonic() - started, 1), evidence, problem, fix)


def run_checks(checks: Iterable[Check[Subject]], subject: Subject) -> Iterator[Result]:
    """Run the checks in their order."""
    return (run_check(check, subject) for check in checks)


def not_run(checks: Iterable[Check[Subject]], reason: str) -> list[Result]:
    """Return the results of checks that could not start."""
    return [Result(check.name, Outcome.NOT_RUN, problem=reason) for check in checks]


def require(holds: object, problem: str, **evidence: object) -> None:
    """Raise CheckFailedError unless the condition holds."""
    if not holds:
        raise CheckFailedError(problem, evidence)
