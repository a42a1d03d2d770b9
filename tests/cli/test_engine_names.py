"""The command finds the template bucket, whose name may end with the region."""

from __future__ import annotations

import pytest
from moto import mock_aws

from sesmail_cli.operator.engine import Engine

# As moto answers GetCallerIdentity.
ACCOUNT = "123456789012"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    return Engine("mail", region="eu-west-1")


@mock_aws
def test_the_template_bucket_is_the_senders(engine: Engine) -> None:
    engine.__dict__["_environment"] = {"TEMPLATE_BUCKET": f"mail-templates-{ACCOUNT}-eu-west-1"}
    assert engine.template_bucket == f"mail-templates-{ACCOUNT}-eu-west-1"


@mock_aws
def test_without_the_right_to_read_the_settings_the_bucket_has_its_default_name(engine: Engine) -> None:
    assert engine.template_bucket == f"mail-templates-{ACCOUNT}"
