"""`sesmail doctor` where the emulator cannot go: senders of all forms, rights, no SES v2, no answer.

Its checks run in tests/e2e/test_doctor.py, on an applied stack.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sesmail_cli.doctor.rights import RIGHTS
from sesmail_cli.doctor.run import CHECKS
from sesmail_cli.doctor.senders import sender_domain
from tests.cli.conftest import MotoEngine, sesmail, sesmail_json
from tests.cli.ses_v2 import SesV2

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


@pytest.mark.parametrize(
    ("pattern", "domain"),
    [
        ("no-reply@Example.com", "example.com"),
        ("*@news.example.com", "news.example.com"),
        ("a?c@example.co.uk", "example.co.uk"),
        ("*@*.example.com", "example.com"),
        ("*@news-*.example.com", "example.com"),
        ("*@*", ""),
        ("*", ""),
        ("*@*.com", ""),
    ],
)
def test_a_senders_domain_is_what_ses_must_have_verified(pattern: str, domain: str) -> None:
    assert sender_domain(pattern) == domain


def test_a_missing_engine_is_a_finding_and_only_the_account_is_checked(engine: MotoEngine, ses_v2: SesV2) -> None:
    found = sesmail_json("doctor", exit_code=1)["findings"]
    assert [each["check"] for each in found if each["state"] == "fix"] == ["engine", "ses-suppression"]
    assert {each["check"] for each in found} == {check.id for check in CHECKS if not check.needs_engine}


def test_an_engine_is_checked_to_the_end_whatever_is_missing(engine: MotoEngine, ses_v2: SesV2) -> None:
    engine.configure(DEFAULT_SENDER_EMAIL="no-reply@example.com", TEMPLATE_BUCKET="gone")
    report = sesmail_json("doctor", "--nameserver", "127.0.0.1:1", exit_code=1)
    assert {each["check"] for each in report["findings"]} == {check.id for check in CHECKS}
    assert all(each["why"] for each in report["findings"])
    assert all(each["fix"] for each in report["findings"] if each["state"] in ("fix", "unknown"))


def test_a_check_that_meets_what_it_cannot_read_stops_no_other(engine: MotoEngine, ses_v2: SesV2) -> None:
    engine.configure(DEFAULT_SENDER_EMAIL="no-reply@example.com", SESMAIL_MAX_SEND_RATE="fast")
    report = sesmail_json("doctor", exit_code=1)
    [quota] = [each for each in report["findings"] if each["check"] == "quota"]
    assert (quota["state"], "could not convert string to float" in quota["what"]) == ("unknown", True)
    assert {each["check"] for each in report["findings"]} == {check.id for check in CHECKS}


def test_a_denied_right_is_named(engine: MotoEngine, ses_v2: SesV2) -> None:
    ses_v2.rejects = (403, "AccessDeniedException")
    result = sesmail("doctor")
    assert result.exit_code == 1
    assert "your role lacks the right ses:GetAccount" in result.output


def test_a_local_cloud_without_ses_v2_is_not_a_fault(engine: MotoEngine, ses_v2: SesV2) -> None:
    ses_v2.rejects = (501, "InternalFailure")
    found = {each["check"]: each for each in sesmail_json("doctor", exit_code=1)["findings"]}
    assert found["sandbox"]["state"] == "skipped"
    assert found["sandbox"]["what"] == "the local cloud does not have GetAccount"


def test_credentials_that_aws_rejects_end_the_command(engine: MotoEngine, ses_v2: SesV2) -> None:
    ses_v2.rejects = (403, "UnrecognizedClientException")
    result = sesmail("doctor")
    assert result.exit_code == 3
    assert "AWS does not accept your credentials" in result.output


def test_an_aws_that_cannot_be_reached_ends_the_command(engine: MotoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:1")
    result = sesmail("doctor")
    assert result.exit_code == 3
    assert "AWS cannot be reached" in result.output


def test_a_name_server_that_is_none_is_a_wrong_argument(engine: MotoEngine) -> None:
    result = sesmail("doctor", "--nameserver", "127.0.0.1:99999")
    assert result.exit_code == 2
    assert "is no name server" in result.output


def test_the_page_lists_every_check_and_every_right() -> None:
    assert [check.title for check in CHECKS if f"| {check.title} |" not in PAGE] == []
    table = PAGE.partition("| Rights of `doctor` |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z0-9]+:\w+)`", table)) == set(RIGHTS.values())
