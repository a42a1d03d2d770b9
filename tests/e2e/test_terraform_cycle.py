"""A second plan is empty, and destroy leaves nothing."""

from __future__ import annotations

import pytest

from localcloud.deployment import Deployment
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.inventory import inventory
from tests.e2e.harness.plan_defects import unexpected_changes
from tests.e2e.harness.variables import APPLIED_SETTLE_SECONDS, ATTACHMENTS_BUCKET, SETTLE_SECONDS


def test_a_second_plan_is_empty(engine: EngineUnderTest, deployment: Deployment) -> None:
    """The tests changed one variable by hand; with Terraform's value again, nothing differs."""
    engine.change_environment("EmailSender", SESMAIL_CLAIM_SETTLE_SECONDS=str(APPLIED_SETTLE_SECONDS))
    try:
        assert unexpected_changes(deployment.terraform) == []
    finally:
        engine.change_environment("EmailSender", SESMAIL_CLAIM_SETTLE_SECONDS=str(SETTLE_SECONDS))


@pytest.mark.last
def test_destroy_leaves_nothing(engine: EngineUnderTest, deployment: Deployment, inventory_before: set[str]) -> None:
    engine.subscriber.remove()
    assert inventory(engine.emulator) > inventory_before
    deployment.terraform.destroy()
    assert deployment.terraform.resources() == []
    made_by_tests = {f"s3 Buckets: {ATTACHMENTS_BUCKET}"}
    assert inventory(engine.emulator) - made_by_tests == inventory_before - made_by_tests
