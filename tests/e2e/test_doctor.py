"""`sesmail doctor` and `production-access` from the wheel, on the applied stack, with a DNS server of the test's own.

Every fault is planted in the stack or in DNS; the command sees no fake.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness.doctor_faults import Fault
from tests.e2e.harness.doctor_rounds import ROUNDS
from tests.e2e.harness.doctor_stack import Stack
from tests.e2e.harness.engine import EngineUnderTest
from tests.release.wheel import build_wheel, install_wheel, sesmail

FAULTS = [(number, fault) for number, faults in enumerate(ROUNDS) for fault in faults]


class Doctor:
    """Runs the installed command; the report of each round of faults once."""

    def __init__(self, stack: Stack, environment: Path) -> None:
        self.stack = stack
        self._environment = environment
        self._rounds: dict[int, Mapping[str, Any]] = {}

    def run(self, *words: str, exit_code: int, **variables: str) -> str:
        given = {"SESMAIL_NAME": self.stack.engine.name, **self.stack.engine.emulator.environment, **variables}
        done = sesmail(self._environment, *words, PYTHONPATH="", **given)
        assert done.returncode == exit_code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout

    def report(self, *, exit_code: int, **variables: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.run("doctor", "--json", "--nameserver", self.stack.dns.address, exit_code=exit_code, **variables)
        )
        return found

    def of_round(self, number: int) -> Mapping[str, Any]:
        if number not in self._rounds:
            undos = [fault.plant(self.stack) for fault in ROUNDS[number]]
            try:
                self._rounds[number] = self.report(exit_code=1)
            finally:
                for undo in reversed(undos):
                    undo()
        return self._rounds[number]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel in an empty environment."""
    folder = tmp_path_factory.mktemp("doctor")
    install_wheel(build_wheel(folder), folder / "environment")
    return folder / "environment"


@pytest.fixture(scope="module")
def doctor(engine: EngineUnderTest, environment: Path) -> Iterator[Doctor]:
    engine.wait_until_idle()
    stack = Stack(engine)
    stack.set_up()
    yield Doctor(stack, environment)
    stack.take_down()


def open_findings(report: Mapping[str, Any]) -> list[dict[str, str]]:
    return [finding for finding in report["findings"] if finding["state"] in ("fix", "unknown")]


def test_a_stack_that_is_set_up_is_clean(doctor: Doctor) -> None:
    report = doctor.report(exit_code=0)
    assert open_findings(report) == []
    assert report["clean"]
    assert report["counts"]["ok"] >= 20


@pytest.mark.parametrize(("number", "fault"), FAULTS, ids=[fault.name for _, fault in FAULTS])
def test_a_fault_is_named_with_its_fix(doctor: Doctor, number: int, fault: Fault) -> None:
    found = open_findings(doctor.of_round(number))
    ours = [each for each in found if each["check"] == fault.check and fault.says in each["what"]]
    assert len(ours) == 1, json.dumps(found, indent=2)
    assert fault.fix in f"{ours[0]['fix']}\n{ours[0]['command']}"
    assert ours[0]["why"]
    assert ours[0]["state"] == fault.state


@pytest.mark.parametrize("number", range(len(ROUNDS) - 1))
def test_nothing_but_the_planted_faults_needs_a_hand(doctor: Doctor, number: int) -> None:
    found = open_findings(doctor.of_round(number))
    assert len(found) == len(ROUNDS[number]), json.dumps(found, indent=2)


def test_with_all_faults_fixed_it_is_clean_again(doctor: Doctor) -> None:
    for number in range(len(ROUNDS)):
        doctor.of_round(number)
    assert open_findings(doctor.report(exit_code=0)) == []
