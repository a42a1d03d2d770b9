"""Terraform is content with what it made, and takes all of it away again."""

from __future__ import annotations

import pytest

from localcloud.deployment import Deployment
from tests.e2e.harness.inventory import inventory
from tests.e2e.harness.variables import ATTACHMENTS_BUCKET


def test_a_second_plan_is_empty(deployment: Deployment) -> None:
    assert deployment.terraform.unexpected_changes() == []


@pytest.mark.last
def test_destroy_leaves_nothing(deployment: Deployment, inventory_before: set[str]) -> None:
    deployment.stack.subscriber.remove()
    assert inventory(deployment.stack.emulator) > inventory_before
    deployment.terraform.destroy()
    assert deployment.terraform.resources() == []
    of_the_tests = {f"s3 Buckets: {ATTACHMENTS_BUCKET}"}
    assert inventory(deployment.stack.emulator) - of_the_tests == inventory_before - of_the_tests
