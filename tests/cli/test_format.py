"""Durations, pauses and suppressions as text."""

from __future__ import annotations

import pytest

from sesmail_cli.operator.format import SUPPRESSION_REASONS, describe_origin, describe_pause, duration
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.6, "1 min"), (61, "1 min 1 s"), (3_600, "1 h"), (90_061, "1 d 1 h"), (-5, "0 s")],
)
def test_a_duration_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_pause_without_details_is_by_an_operator() -> None:
    assert describe_pause("*", SendingState(paused=True)) == "all sending, by an operator"


@pytest.mark.parametrize(
    ("source", "command"), [("*", "sesmail resume --all"), ("a shop", "sesmail resume --producer 'a shop'")]
)
def test_a_pause_that_does_not_end_by_itself_names_the_command_that_ends_it(source: str, command: str) -> None:
    state = SendingState(paused=True, paused_by="breaker", trip="complaint", opened_at=1.0)
    assert describe_pause(source, state, 60.0).endswith(f"(until `{command}`)")


def test_every_suppression_reason_has_its_description() -> None:
    assert set(SUPPRESSION_REASONS) == set(SuppressionReason)


def test_the_origin_of_a_suppression_has_its_source_email_and_end() -> None:
    entry = Suppression(
        email="ada@example.com",
        suppression_type="bounce",
        reason=SuppressionReason.HARD_BOUNCE,
        added_to_suppression_date="2026-11-24T10:31:00.000Z",
        source="my.application",
        email_id="order-1",
        expires_at="2026-12-08T10:31:00.000Z",
    )

    assert describe_origin(entry) == (
        "since 2026-11-24T10:31:00.000Z by my.application after email order-1, until 2026-12-08T10:31:00.000Z"
    )
