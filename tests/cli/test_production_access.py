"""`sesmail production-access`: the account's state, the case, and filing it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import MotoEngine, sesmail, sesmail_json
from tests.cli.ses_v2 import SesV2

CASE = ("--website", "https://example.com", "--sends", "order confirmations", "--opt-in", "they order in our shop")


@pytest.fixture
def sandbox(engine: MotoEngine, ses_v2: SesV2) -> SesV2:
    engine.configure(DEFAULT_SENDER_EMAIL="no-reply@example.com", SES_CONFIGURATION_SET="set")
    ses_v2.account |= {"ProductionAccessEnabled": False, "SendQuota": {"Max24HourSend": 200.0, "MaxSendRate": 1.0}}
    return ses_v2


def test_an_account_with_production_access_needs_nothing(engine: MotoEngine, ses_v2: SesV2) -> None:
    ses_v2.account["ProductionAccessEnabled"] = True
    assert sesmail_json("production-access")["productionAccess"]
    assert "has production access" in sesmail("production-access", *CASE, "--file", "--yes").output
    assert ses_v2.filed == []


def test_the_case_is_filed_as_it_is_shown(sandbox: SesV2) -> None:
    words = (*CASE, "--per-day", "5000", "--mail-type", "marketing", "--contact", "Ops@Example.com", "--language", "ja")
    shown = sesmail_json("production-access", *words, exit_code=1)["case"]
    assert sesmail_json("production-access", *words, "--file", "--yes")["filed"]
    assert sandbox.filed == [shown]
    assert (shown["MailType"], shown["ContactLanguage"], shown["ProductionAccessEnabled"]) == ("MARKETING", "JA", True)
    assert shown["AdditionalContactEmailAddresses"] == ["ops@example.com"]
    text = shown["UseCaseDescription"]
    for said in (
        "order confirmations, from example.com",
        "they order in our shop",
        "5,000 emails a day",
        "suppressed at once",
    ):
        assert said in text


def test_the_case_states_the_engines_own_settings(sandbox: SesV2, engine: MotoEngine) -> None:
    text = sesmail_json("production-access", *CASE, exit_code=1)["case"]["UseCaseDescription"]
    assert "above 5.0% bounces or 0.10% complaints sending pauses by itself" in text
    assert "the last 3 emails soft-bounced" in text


@pytest.mark.parametrize("name", ["--website", "--sends", "--opt-in"])
def test_a_case_that_lacks_something_is_not_filed_and_says_what(sandbox: SesV2, name: str) -> None:
    words = list(CASE)
    del words[words.index(name) : words.index(name) + 2]
    result = sesmail("production-access", *words, "--file", "--yes")
    assert result.exit_code == 2
    assert f"add {name}." in result.output
    assert sandbox.filed == []


def test_without_a_terminal_nothing_is_filed_unless_yes_is_given(sandbox: SesV2) -> None:
    result = sesmail("production-access", *CASE, "--file")
    assert result.exit_code == 1
    assert "Add --yes" in result.output
    assert sandbox.filed == []


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("PENDING", "AWS is reviewing your case"),
        ("DENIED", "AWS has denied your case"),
        ("FAILED", "AWS did not receive your case"),
    ],
)
def test_the_state_of_an_earlier_case_is_shown(sandbox: SesV2, status: str, said: str) -> None:
    sandbox.account["Details"] = {"ReviewDetails": {"Status": status, "CaseId": "4711"}}
    result = sesmail("production-access")
    assert result.exit_code == 1
    assert f"{said}" in result.output
    assert "(case 4711)" in result.output
    assert ("The case" in result.output) == (status != "PENDING")


def test_a_case_filed_in_the_meantime_is_no_error(sandbox: SesV2) -> None:
    sandbox.account["Details"] = {"ReviewDetails": {"Status": "DENIED"}}
    result = sesmail("production-access", *CASE, "--file", "--yes")
    assert result.exit_code == 1
    assert "AWS is reviewing a case already" in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--website", "example.com"), "'example.com' is no website"),
        (("--contact", "nobody"), "'nobody' is no email address"),
        (("--contact", "a@example.com") * 5, "AWS takes 4 addresses"),
        (("--sends", "x" * 5000), "AWS takes 5000"),
    ],
)
def test_what_aws_would_reject_is_rejected_before(sandbox: SesV2, words: Any, said: str) -> None:
    result = sesmail("production-access", *words)
    assert result.exit_code == 2
    assert said in result.output
