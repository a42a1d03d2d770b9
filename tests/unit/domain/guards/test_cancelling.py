"""Which emails a cancellation selects, and how many are in force."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.guards.cancelling import (
    MOST_ERASED,
    MOST_RULES,
    OPERATOR,
    PRODUCER,
    Cancellations,
    CancellationsFullError,
    CancelRule,
    cancelled,
    kept_seconds,
)

T = 1_795_516_260.0


def matches(rule: CancelRule, **email: Any) -> bool:
    given: dict[str, Any] = {
        "template": "welcome",
        "tags": ["spring"],
        "accepted_at": T - 10,
        "asked_at": T - 11,
    } | email
    return rule.matches(**given)


@pytest.mark.parametrize(
    ("rule", "right"),
    [
        ({}, True),
        ({"tag": "spring"}, True),
        ({"tag": "autumn"}, False),
        ({"template": "welcome"}, True),
        ({"template": "invoice"}, False),
        ({"tag": "spring", "template": "invoice"}, False),
        ({"since": T - 10}, True),
        ({"since": T - 9}, False),
    ],
)
def test_a_rule_selects_what_matches_all_that_it_names(rule: dict[str, Any], right: bool) -> None:
    assert matches(CancelRule(before=T, **rule)) is right


@pytest.mark.parametrize(
    ("accepted_at", "asked_at", "right"),
    [
        pytest.param(T - 1, T - 2, True, id="accepted before"),
        pytest.param(T, T, False, id="asked for at that moment"),
        pytest.param(T + 60, T - 2, True, id="asked for before, and on its way to the queue"),
        pytest.param(T - 1, T + 600, True, id="accepted before, with a time of its own that lies ahead"),
        pytest.param(T + 1, T + 1, False, id="asked for later"),
    ],
)
def test_a_rule_ends_what_was_asked_for_before_it(accepted_at: float, asked_at: float, right: bool) -> None:
    assert matches(CancelRule(before=T), accepted_at=accepted_at, asked_at=asked_at) is right


def test_the_same_selection_becomes_later_and_takes_no_more_room() -> None:
    known = Cancellations().with_rule(CancelRule(before=T, tag="a"), kept_after=0)

    later = known.with_rule(CancelRule(before=T + 5, tag="a"), kept_after=0)
    again = later.with_rule(CancelRule(before=T + 1, tag="a"), kept_after=0)

    assert later.rules == [CancelRule(before=T + 5, tag="a")]
    assert again == later


def test_a_hundred_rules_are_in_force_at_most_and_old_ones_make_room() -> None:
    known = Cancellations()
    for number in range(MOST_RULES):
        known = known.with_rule(CancelRule(before=T + number, tag=f"t{number}"), kept_after=0)

    with pytest.raises(CancellationsFullError, match="100 cancellations"):
        known.with_rule(CancelRule(before=T, tag="one-more"), kept_after=0)

    assert len(known.with_rule(CancelRule(before=T, tag="one-more"), kept_after=T + 1).rules) == MOST_RULES


def test_a_thousand_erased_addresses_are_kept_and_old_ones_make_room() -> None:
    known = Cancellations(erased={f"sha256:{number}": T + number for number in range(MOST_ERASED)})

    with pytest.raises(CancellationsFullError, match="1000 addresses"):
        known.with_erased("sha256:new", T, kept_after=0)
    assert known.with_erased("sha256:7", T + 9, kept_after=0).erased["sha256:7"] == T + 9

    assert len(known.with_erased("sha256:new", T, kept_after=T + 1).erased) == MOST_ERASED


def test_rules_and_erased_addresses_drop_what_has_ended_together() -> None:
    known = Cancellations(rules=[CancelRule(before=T)], erased={"sha256:old": T})

    assert known.with_erased("sha256:new", T + 9, kept_after=T + 1) == Cancellations(erased={"sha256:new": T + 9})
    assert known.with_rule(CancelRule(before=T + 9, tag="a"), kept_after=T + 1).erased == {}


def test_a_rule_is_kept_for_a_day_longer_than_an_email_may_be_scheduled() -> None:
    assert kept_seconds(30) == 31 * 86_400


def test_a_cancelled_email_says_who_cancelled_it() -> None:
    error = cancelled("its producer")
    assert (error.error_type, error.message, error.code) == (
        "cancelled",
        "Email not sent: cancelled by its producer",
        "CAN001",
    )


def test_a_producer_s_hundred_rules_leave_an_operator_room() -> None:
    rules = [CancelRule(before=T, tag=f"t{number}", by=PRODUCER) for number in range(MOST_RULES)]
    known = Cancellations(rules=rules)

    assert len(known.with_rule(CancelRule(before=T, tag="more", by=OPERATOR), kept_after=0).rules) == MOST_RULES + 1
    with pytest.raises(CancellationsFullError):
        known.with_rule(CancelRule(before=T, tag="more", by=PRODUCER), kept_after=0)
