"""Errors of SES as they were reported (tests/cases/ses_errors.json), each with the class that it becomes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from sesmail_layer.aws.ses_mailer import ONE_ATTEMPT, SesMailer
from sesmail_layer.domain.errors import HoldError, PermanentError
from tests.aws.conftest import REGION

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "cases/ses_errors.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_pause_is_a_hold_by_its_code_or_its_words_and_any_other_rejection_is_final(case: dict[str, Any]) -> None:
    ses = boto3.client("ses", region_name=REGION, config=ONE_ATTEMPT)
    with Stubber(ses) as stub:
        stub.add_client_error("send_raw_email", case["code"], case["message"], 400)
        with pytest.raises((HoldError, PermanentError)) as caught:
            SesMailer(ses, "").send(b"", sender="shop@example.com", recipients=["john@example.com"], tags={})

    error = caught.value
    assert isinstance(error, HoldError | PermanentError)
    assert (type(error).__name__, error.code) == (case["expect"], case["knownAs"])
    if isinstance(error, HoldError) and error.code == "SES004":
        assert (error.reason, error.deferred) == ("sending_paused", True)
