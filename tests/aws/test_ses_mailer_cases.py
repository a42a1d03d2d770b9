"""Errors of SES as they were reported (tests/cases/ses_errors.json), each with the class that it becomes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from localcloud.ses.faults import ERRORS
from sesmail_layer.aws.ses_mailer import SesMailer
from sesmail_layer.domain.errors import HoldError, PausedBySes, PermanentError
from tests.aws.conftest import REGION
from tests.aws.ses_server import OneClient

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "cases/ses_errors.json").read_text())
KINDS = {"HoldError": HoldError, "PermanentError": PermanentError}


def error_of(code: str, message: str) -> HoldError | PermanentError:
    ses = boto3.client("ses", region_name=REGION, config=Config(retries={"total_max_attempts": 1}))
    with Stubber(ses) as stub:
        stub.add_client_error("send_raw_email", code, message, 400)
        with pytest.raises((HoldError, PermanentError)) as caught:
            SesMailer(OneClient(ses), "").send(b"", sender="shop@example.com", recipients=["john@example.com"], tags={})
    assert isinstance(caught.value, HoldError | PermanentError)
    return caught.value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_pause_is_a_hold_by_its_code_or_its_words_and_any_other_rejection_is_final(case: dict[str, Any]) -> None:
    error = error_of(case["code"], case["message"])

    assert isinstance(error, KINDS[case["expect"]])
    assert error.code == case["knownAs"]
    assert isinstance(error, PausedBySes) is (case["knownAs"] == "SES004")


@pytest.mark.parametrize("fault", [name for name in ERRORS if "paused" in name])
def test_the_emulated_ses_says_in_both_ways_that_sending_is_paused(fault: str) -> None:
    assert isinstance(error_of(ERRORS[fault].code, ERRORS[fault].message), PausedBySes)
