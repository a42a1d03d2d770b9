"""AWS's words in errors: its own stay, what it may quote does not."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.aws.answers import answer, code_of, known_words


@pytest.mark.parametrize(
    "text",
    [
        "Maximum sending rate exceeded.",
        "Daily message quota exceeded.",
        "Rate exceeded",
        "The level of configured provisioned throughput for the table was exceeded. Please wait.",
        "The conditional request failed",
        "Email address is not verified.",
        "Sending paused for this account.",
        "is not authorized to perform: dynamodb:PutItem on resource: "
        "arn:aws:dynamodb:eu-west-1:123456789012:table/sesmailengine-Suppression",
        "The security token included in the request is invalid, or expired",
    ],
)
def test_aws_s_own_words_stay(text: str) -> None:
    assert known_words(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Email address is not verified. The following identities failed the check in region EU-WEST-1: "
            "John Doe <john@example.com>, jane@example.com",
            "Email address is not verified. The following identities failed the check in region EU-WEST-1: … [address]",
        ),
        ("One or more parameter values were invalid: hunter2", "One or more parameter values were invalid: …"),
        ("Duplicate header 'X-Secret'", "Duplicate header …"),
        ("no identity arn:aws:ses:eu-west-1:123456789012:identity/john@example.com", "no identity …"),
        ('"john doe"@example.com', "[address]"),
        ("张伟@例子.中国", "[address]"),
        ("\x1btimed\u202e out\r\nof time", "timed out of time"),
        ("at 123456 of 400", "at … of 400"),
    ],
)
def test_what_aws_quotes_does_not_stay(text: str, expected: str) -> None:
    assert known_words(text) == expected


@given(
    before=st.text(max_size=30), after=st.text(max_size=30), secret=st.text("xqz0123456789", min_size=4, max_size=20)
)
def test_planted_data_never_stays(before: str, after: str, secret: str) -> None:
    for text in (
        f"{before}{secret}{after}",
        f"Value '{secret}' at {before}",
        f"{secret}@{after}",
        f"item: {{{secret}}}",
    ):
        assert secret not in known_words(text)


def test_a_code_is_a_name() -> None:
    error = ClientError({"Error": {"Code": "john@example.com", "Message": "no"}}, "PutItem")
    assert code_of(error) == "unknown"
    assert answer(error) == "unknown: no"
    assert answer(ClientError({}, "PutItem")) == "unknown: "


def test_an_error_of_botocore_is_only_named() -> None:
    assert answer(ParamValidationError(report="john@example.com")) == "ParamValidationError"
