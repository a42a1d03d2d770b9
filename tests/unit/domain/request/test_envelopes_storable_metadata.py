"""Metadata that DynamoDB cannot hold: the request is refused, and the record of the refusal does without them."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.record.statuses import Status
from tools.simulation.sender import Sender


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


@pytest.mark.parametrize("metadata", [nested(29), nested(900), nested(3_000), {"a": {"": 1}}, {"a": "x" * 17_000}])
def test_a_record_of_a_rejection_never_holds_the_rejected_value(metadata: dict[str, Any]) -> None:
    record = Sender().send(metadata=metadata)
    assert record.status is Status.FAILED
    assert record.error_message is not None
    assert record.error_message.startswith(("Validation error: metadata: ", "Validation error: detail: "))
    assert record.metadata is None


def test_metadata_as_deep_as_dynamodb_holds_are_kept() -> None:
    assert Sender().send(metadata=nested(28)).metadata == nested(28)
