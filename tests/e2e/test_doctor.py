"""`sesmail doctor` and `production-access` from the wheel, on the applied stack, with a DNS server of the test's own.

Every fault is planted in the stack or in DNS; the command sees no fake.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from localcloud.deployment import Deployment
from tests.docs.test_snippets import aws_options
from tests.e2e.harness.doctor_faults import Fault
from tests.e2e.harness.doctor_rounds import ROUNDS
from tests.e2e.harness.doctor_stack import Stack, Undo
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.variables import SETTLE_SECONDS
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

    def plant(self, *names: str) -> list[Undo]:
        by_name = {fault.name: fault for _, fault in FAULTS}
        return [by_name[name].plant(self.stack) for name in names]

    @contextmanager
    def planted(self, *names: str) -> Iterator[None]:
        undos = self.plant(*names)
        try:
            yield
        finally:
            for undo in reversed(undos):
                undo()

    def of_round(self, number: int) -> Mapping[str, Any]:
        if number not in self._rounds:
            with self.planted(*(fault.name for fault in ROUNDS[number])):
                self._rounds[number] = self.report(exit_code=1)
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
    # The last test's apply has set Terraform's own value.
    engine.change_environment("EmailSender", SESMAIL_CLAIM_SETTLE_SECONDS=str(SETTLE_SECONDS))


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


@pytest.mark.parametrize("number", range(len(ROUNDS)))
def test_the_commands_of_the_fixes_exist_with_their_options(doctor: Doctor, number: int) -> None:
    lines = [line for found in open_findings(doctor.of_round(number)) for line in found["command"].splitlines()]
    commands = [part for line in lines for part in line.split(" && ")]
    for command in filter(lambda each: each.startswith("aws "), commands):
        _, service, operation, *words = shlex.split(command)
        options = {word for word in words if word.startswith("--")}
        # Version 2's own; the tests have version 1.
        assert options - {"--cli-binary-format"} <= aws_options(service, operation), command


@pytest.mark.parametrize("number", range(len(ROUNDS) - 1))
def test_nothing_but_the_planted_faults_needs_a_hand(doctor: Doctor, number: int) -> None:
    found = open_findings(doctor.of_round(number))
    assert len(found) == len(ROUNDS[number]), json.dumps(found, indent=2)


def test_with_all_faults_fixed_it_is_clean_again(doctor: Doctor) -> None:
    for number in range(len(ROUNDS)):
        doctor.of_round(number)
    assert open_findings(doctor.report(exit_code=0)) == []


def test_people_see_each_fault_with_why_and_fix_and_how_many_there_are(doctor: Doctor) -> None:
    with doctor.planted("no SPF record", "sandbox"):
        shown = doctor.run("doctor", "--nameserver", doctor.stack.dns.address, exit_code=1, COLUMNS="80")
    assert "  FIX  SPF: mail.example.com has no SPF record\n       Why: " in shown
    assert '\n            mail.example.com. TXT "v=spf1 include:amazonses.com ~all"\n' in shown
    assert "\n            sesmail production-access\n" in shown
    assert "2 need a fix, " in shown
    prose = [line for line in shown.splitlines() if not line.startswith(" " * 12)]
    assert max(len(line) for line in prose) <= 80


def test_the_local_cloud_of_make_up_is_clean_without_a_name_server(doctor: Doctor) -> None:
    assert "DKIM, MAIL FROM, SPF, DMARC" in doctor.run("doctor", exit_code=0)


def test_a_missing_engine_is_named_and_the_account_is_checked_all_the_same(doctor: Doctor) -> None:
    found = doctor.report(exit_code=1, SESMAIL_NAME="other-engine")["findings"]
    [engine] = [each for each in found if each["state"] == "fix"]
    assert "there is no engine 'other-engine'" in engine["what"]
    assert {"sandbox", "ses-suppression"} <= {each["check"] for each in found}


def test_a_check_without_its_right_names_the_right_and_stops_no_other(doctor: Doctor) -> None:
    with doctor.stack.user_without("sns:ListSubscriptionsByTopic", "ses:GetAccount") as credentials:
        report = doctor.report(exit_code=1, **credentials)
    found = {each["check"]: each for each in open_findings(report)}
    assert set(found) == {"sending", "sandbox", "quota", "ses-suppression", "feedback", "alarm-subscription"}
    assert {each["state"] for each in found.values()} == {"unknown"}
    assert "ses:GetAccount" in found["sandbox"]["what"]
    assert "sns:ListSubscriptionsByTopic" in found["alarm-subscription"]["fix"]


def test_production_access_shows_the_case_files_it_once_and_shows_its_state(doctor: Doctor) -> None:
    case = ["--website", "https://example.com", "--sends", "invoices", "--opt-in", "they order in our shop"]
    assert "has production access" in doctor.run("production-access", exit_code=0)
    with doctor.planted("sandbox"):
        assert "add --website, --sends, --opt-in and --file" in doctor.run("production-access", exit_code=1)
        assert "Mail type: TRANSACTIONAL" in doctor.run("production-access", *case, "--file", exit_code=1)
        assert "Filed." in doctor.run("production-access", *case, "--file", "--yes", exit_code=0)
        assert "AWS is reviewing your case" in doctor.run("production-access", *case, "--file", "--yes", exit_code=1)
        details = doctor.stack.aws["sesv2"].get_account()["Details"]
        assert details["ReviewDetails"]["Status"] == "PENDING"
        assert "What we send: invoices, from example.com." in details["UseCaseDescription"]
        assert "is suppressed at once" in details["UseCaseDescription"]


def test_terraform_apply_fixes_what_it_is_named_for(doctor: Doctor, deployment: Deployment) -> None:
    """The last one: it leaves the engine as Terraform has it."""
    doctor.plant(
        *("SES kept out of the topic", "queue kept shut", "CloudWatch kept out"),
        *("feedback queue not subscribed", "breaker not subscribed", "no alarm subscriber"),
    )
    doctor.stack.aws["sesv2"].delete_configuration_set(ConfigurationSetName=doctor.stack.name("ConfigSet"))
    found = open_findings(doctor.report(exit_code=1))
    assert len(found) == 7
    assert {each["command"] for each in found} == {"terraform apply"}
    deployment.terraform.apply()
    doctor.stack.engine.confirm_alarms()
    assert open_findings(doctor.report(exit_code=0)) == []
