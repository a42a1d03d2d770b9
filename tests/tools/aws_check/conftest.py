"""An engine of the check whose account is only a name: nothing here calls AWS."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from tools.aws_check.account import Account
from tools.aws_check.deployment import Deployment
from tools.aws_check.engine import Engine

ACCOUNT_ID = "123456789012"
NAME = "sesmail-check-0a1b2c3d"
SENDER = "no-reply@shop.example.com"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    account = Account(boto3.Session(aws_access_key_id="a", aws_secret_access_key="b"), "eu-west-1")
    account.__dict__["identity"] = {"Account": ACCOUNT_ID, "Arn": f"arn:aws:iam::{ACCOUNT_ID}:user/ann"}
    return Engine(account, Deployment(account, NAME, SENDER, tmp_path), SENDER, patience_seconds=1)
