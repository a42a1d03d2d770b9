"""What a report must not show is masked, wherever it is."""

from __future__ import annotations

import pytest

from tools.aws_check.masking import Mask

MASK = Mask("123456789012", "no-reply@shop.example.com")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("arn:aws:sqs:eu-west-1:123456789012:x", "arn:aws:sqs:eu-west-1:ACCOUNT:x"),
        ("sesmail-check-0a1b2c3d-templates-123456789012", "sesmail-check-0a1b2c3d-templates-ACCOUNT"),
        ("User: arn:aws:sts::210987654321:assumed-role/x", "User: arn:aws:sts::ACCOUNT:assumed-role/x"),
        ("smtp; 550 <ann.o'neil+x@mail.example.org> unknown", "smtp; 550 <ADDRESS> unknown"),
        (
            "arn:aws:ses:eu-west-1:123456789012:identity/Shop.Example.com",
            "arn:aws:ses:eu-west-1:ACCOUNT:identity/SENDER-DOMAIN",
        ),
        ("key AKIAIOSFODNN7EXAMPLE of AROADBQP57FF2AEXAMPLE:ann", "key IAM-ID of IAM-ID:ann"),
        ("from 203.0.113.7", "from IP"),
        # An id of SES is no account id.
        ("01000190a7a6a2b2-a7a6a2b2-caa9-41ac-ac38-112233445566-000000",) * 2,
    ],
)
def test_a_text_is_masked(text: str, masked: str) -> None:
    assert MASK.text(text) == masked


def test_a_value_is_masked_to_its_depths() -> None:
    event = {
        "mail": {
            "destination": ["ann@example.org"],
            "headers": [{"name": "Subject", "value": "Hello Ann"}],
            "commonHeaders": {"subject": "Hello Ann"},
            "tags": {"ses:caller-identity": ["ann"], "ses:from-domain": ["shop.example.com"], "attempt": ["MQ"]},
        },
        "delivery": {"processingTimeMillis": 12, "remoteMtaIp": "203.0.113.7"},
    }
    assert MASK.value(event) == {
        "mail": {
            "destination": ["ADDRESS"],
            "headers": "MASKED",
            "commonHeaders": "MASKED",
            "tags": {"ses:caller-identity": "MASKED", "ses:from-domain": "MASKED", "attempt": ["MQ"]},
        },
        "delivery": {"processingTimeMillis": 12, "remoteMtaIp": "MASKED"},
    }
