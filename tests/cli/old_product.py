"""The remains of the CloudFormation product on moto."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests import seed_product
from tests.cli.cloudformation import CloudFormation, FakeStack
from tests.cli.conftest import ACCOUNT_ID, REGION, sesmail_json

NAME = "oldmail"


class OldProduct:
    """The old product's remains on moto."""

    def __init__(self, cloudformation: CloudFormation) -> None:
        self.stacks = cloudformation.stacks
        self.dynamodb: Any = boto3.client("dynamodb")
        self.s3: Any = boto3.client("s3")

    def leave_tables(self) -> None:
        seed_product.create_tables(self.dynamodb, NAME)
        seed_product.fill(self.dynamodb, self.s3, NAME, ACCOUNT_ID)

    def deploy(self, stack: str = NAME, *, retained: bool = True) -> None:
        seed_product.create_tables(self.dynamodb, NAME)
        boto3.client("events").create_event_bus(Name=f"{NAME}-EmailBus")
        parts = {"EmailTrackingTable": "EmailTracking", "SuppressionTable": "Suppression", "EmailBus": "EmailBus"}
        resources = {logical_id: f"{NAME}-{part}" for logical_id, part in parts.items()}
        self.stacks[stack] = FakeStack(
            template=seed_product.stack_template(NAME, retained=retained),
            parameters=seed_product.PARAMETERS,
            outputs={f"{logical_id}Name": name for logical_id, name in resources.items()},
            resources=resources,
        )


@pytest.fixture(scope="module")
def cloudformation() -> Iterator[CloudFormation]:
    started = CloudFormation()
    yield started
    started.stop()


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch, cloudformation: CloudFormation) -> Iterator[OldProduct]:
    cloudformation.stacks.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", cloudformation.url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "SESMAIL_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "400")
    with mock_aws():
        yield OldProduct(cloudformation)


def check(*options: str, exit_code: int = 0) -> Any:
    return sesmail_json("migrate", "check", *options, exit_code=exit_code)
