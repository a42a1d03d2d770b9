"""`make aws-check` does nothing without a yes, refuses early, and destroys after an interrupt."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from localcloud.clients import client
from localcloud.emulator import Emulator
from localcloud.package import build_package
from localcloud.paths import REPOSITORY
from tests.e2e.harness.aws_check import FOLDER, SENDER, account, left, run, start, wait_until


@pytest.fixture(scope="module")
def cloud() -> Iterator[Emulator]:
    with account() as started:
        yield started


@pytest.fixture(scope="module")
def package() -> Path:
    return build_package("ministack")


# --- refusals ------------------------------------------------------------------------------------------------------


def test_without_a_yes_it_says_what_it_would_do_and_makes_nothing(cloud: Emulator) -> None:
    code, output = run(cloud, "--sender", SENDER)
    assert code == 2
    for part in ("Account 000000000000, region us-east-1", "create the engine", "destroy everything", "a few cents"):
        assert part in output
    assert "Nothing was done. Add CONFIRM=yes" in output
    assert left(cloud) == set()


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (
            ("--sender", "no-reply@other.example"),
            {},
            "SES has verified neither no-reply@other.example nor other.example",
        ),
        (("--sender", ""), {}, "SENDER='' is no address"),
        (("--sender", SENDER, "--name", "sesmailengine"), {}, "'sesmailengine' is not a throw-away name"),
        (("--sender", SENDER, "--package-dir", "docs"), {}, "docs has no manifest.json: set PACKAGE_DIR"),
        (("--sender", SENDER), {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "No AWS credentials were found"),
        (("--sender", SENDER), {"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "No AWS region is set: set AWS_REGION"),
        (("--sender", SENDER), {"TERRAFORM": "", "PATH": "/nowhere"}, "Terraform is missing: install version 1.11"),
        # A yes does not help.
        (
            ("--sender", "a@other.example"),
            {"AWS_REGION": "eu-west-1"},
            "verified neither a@other.example nor other.example in eu-west-1",
        ),
    ],
)
def test_it_refuses_early_with_the_fix(
    cloud: Emulator, arguments: tuple[str, ...], environment: Mapping[str, str], message: str
) -> None:
    code, output = run(cloud, *arguments, "--yes", **environment)
    assert (code, message in output) == (2, True), output
    assert left(cloud) == set()


def test_it_refuses_a_name_that_is_in_use(cloud: Emulator) -> None:
    sqs, name = client(cloud, "sqs"), "sesmail-check-00000001"
    url = sqs.create_queue(QueueName=f"{name}-EmailQueue")["QueueUrl"]
    try:
        code, output = run(cloud, "--sender", SENDER, "--name", name, "--yes")
    finally:
        sqs.delete_queue(QueueUrl=url)
    assert code == 2
    assert f"already has 1 resources named {name}" in output


@pytest.mark.parametrize(
    ("bus", "message"),
    [
        ("shop-EmailBus", "The engine shop is in this account and region."),
        (
            "sesmail-check-00000002-EmailBus",
            "terraform -chdir=build/aws-check/sesmail-check-00000002/terraform destroy",
        ),
    ],
)
def test_it_refuses_an_account_with_an_engine(cloud: Emulator, bus: str, message: str) -> None:
    events = client(cloud, "events")
    events.create_event_bus(Name=bus)
    try:
        code, output = run(cloud, "--sender", SENDER, "--yes")
    finally:
        events.delete_event_bus(Name=bus)
    assert (code, message in output) == (2, True), output


def caller(cloud: Emulator, without: str = "") -> dict[str, str]:
    """Make a user with the listed rights, but for one; return its credentials."""
    iam, name = client(cloud, "iam"), f"caller{without.replace(':', '-')}"
    policy = json.loads((REPOSITORY / "tools/aws_check/caller-policy.json").read_text())
    for statement in policy["Statement"]:
        statement["Action"] = [action for action in statement["Action"] if action != without]
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="check", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def test_the_listed_rights_are_enough_to_look(cloud: Emulator) -> None:
    code, output = run(cloud, "--sender", SENDER, **caller(cloud))
    assert (code, "Nothing was done. Add CONFIRM=yes" in output) == (2, True), output


def test_a_missing_right_is_named(cloud: Emulator) -> None:
    code, output = run(cloud, "--sender", SENDER, "--yes", **caller(cloud, without="sqs:ListQueues"))
    assert code == 2
    assert "ListQueues" in output
    assert "CONTRIBUTING.md lists the rights that the caller needs" in output


# --- an interrupt ----------------------------------------------------------------------------------------------------

INTERRUPTED = "sesmail-check-00000003"
# Stands for Terraform: notes what it is asked, applies until it is interrupted, and takes a while to end.
FAKE = r"""#!/bin/bash
log=$FAKE_LOG
case $1 in
  apply) trap 'sleep 1; echo "apply ends" >> $log; exit 1' INT
    echo '{}' > terraform.tfstate; echo "apply begins" >> $log
    while true; do sleep 0.1; done ;;
  state) echo aws_sqs_queue.this ;;
  destroy) echo "destroy" >> $log; exit ${FAKE_DESTROY:-0} ;;
  version) echo '{"terraform_version": "1.11.4"}' ;;
esac
"""


@pytest.fixture
def begun(cloud: Emulator, package: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts a run whose Terraform is the fake, and waits until it applies."""
    (tmp_path / "terraform").write_text(FAKE)
    (tmp_path / "terraform").chmod(0o755)
    shutil.rmtree(FOLDER / INTERRUPTED, ignore_errors=True)

    def begin(**environment: str) -> subprocess.Popen[str]:
        settings = {"TERRAFORM": str(tmp_path / "terraform"), "FAKE_LOG": str(tmp_path / "log")} | environment
        arguments = ("--sender", SENDER, "--name", INTERRUPTED, "--yes", "--package-dir", str(package))
        process = start(cloud, *arguments, **settings)
        wait_until((tmp_path / "log").exists, process)
        return process

    yield begin
    shutil.rmtree(FOLDER / INTERRUPTED)


def outcomes() -> dict[str, dict[str, str]]:
    """Return the interrupted run's checks by name."""
    report = json.loads((FOLDER / INTERRUPTED / "report.json").read_text())
    return {check["name"]: check for check in report["checks"]}


@pytest.mark.parametrize("signals", [(signal.SIGINT,), (signal.SIGTERM,), (signal.SIGINT, signal.SIGINT)], ids=str)
def test_an_interrupt_lets_terraform_end_and_destroys(
    begun: Callable[..., subprocess.Popen[str]], tmp_path: Path, signals: tuple[signal.Signals, ...]
) -> None:
    process = begun()
    for each in signals:
        process.send_signal(each)
        time.sleep(0.3)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert (tmp_path / "log").read_text().split("\n") == ["apply begins", "apply ends", "destroy", ""]
    found = outcomes()
    assert found["Destroy leaves nothing"]["outcome"] == "passed"
    assert found["Terraform applies the engine"]["outcome"] == "not run"


def test_a_failed_destroy_names_what_is_left_and_the_command(
    cloud: Emulator, begun: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = begun(FAKE_DESTROY="1")
    sqs = client(cloud, "sqs")
    url = sqs.create_queue(QueueName=f"{INTERRUPTED}-EmailQueue")["QueueUrl"]
    try:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    finally:
        sqs.delete_queue(QueueUrl=url)
    assert process.returncode == 1
    assert (tmp_path / "log").read_text().count("destroy") == 2
    failed = outcomes()["Destroy leaves nothing"]
    assert failed["outcome"] == "failed"
    assert f"{INTERRUPTED}-EmailQueue" in failed["problem"]
    command = f"terraform -chdir={FOLDER / INTERRUPTED / 'terraform'} destroy"
    assert command in failed["fix"]
    assert command in output
    assert (FOLDER / INTERRUPTED / "terraform" / "terraform.tfstate").exists()
