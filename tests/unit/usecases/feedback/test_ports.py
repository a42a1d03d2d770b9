"""The rules of the feedback processor come from Terraform alone."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.domain.guards.breaker import Limits
from sesmail_layer.usecases.feedback.ports import FeedbackPorts, FeedbackRules


@pytest.mark.parametrize("struct", [FeedbackRules, FeedbackPorts, Limits])
def test_no_rule_port_or_limit_has_a_default(struct: type[msgspec.Struct]) -> None:
    """A default here would hide that the composition root forgot what Terraform sets."""
    assert [field.name for field in msgspec.structs.fields(struct) if not field.required] == []
