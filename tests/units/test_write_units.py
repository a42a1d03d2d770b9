"""What an ordinary email costs in DynamoDB, counted with the engine's real code (issue: at most 11 and 14 units)."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pytest

from tools.bench.write_units import Scenario, Units, count
from tools.simulation.units import item_bytes


@cache
def counted(scenario: Scenario) -> Units:
    return count(scenario)


@pytest.mark.parametrize(
    ("scenario", "most"),
    [
        (Scenario(), 11),
        (Scenario(opened=True), 14),
        (Scenario(batch=1), 14),
        (Scenario(names=40), 11),
        (Scenario(names=40, opened=True), 14),
        (Scenario(names=200), 11),
        (Scenario(names=200, opened=True), 14.1),
    ],
    ids=[
        *("batches of ten", "batches of ten, opened", "batches of one"),
        *("40 more names", "40 more names, opened", "200 more names", "200 more names, opened"),
    ],
)
def test_an_email_costs_at_most_so_many_write_units(scenario: Scenario, most: int) -> None:
    """14.1: ten emails with ten of 200 tags are counted in two items each time, or some counts would not be exact."""
    found = counted(scenario)
    assert found.per_email <= most, dict(found.by_table)


@pytest.mark.parametrize("names", [40, 200])
def test_names_beyond_the_first_cost_a_unit_for_each_status_and_hundred_of_them(names: int) -> None:
    found = counted(Scenario(names=names, opened=True))
    few = counted(Scenario(opened=True))
    items = 3 * (1 if names <= 115 else 2)
    assert found.per_email == few.per_email + items / 10
    further = {key: units for key, units in found.units_by_key.items() if key[2].startswith("figures#2026-11-28#")}
    assert set(further.values()) == {1}
    assert len(further) == items, further


def test_each_write_of_a_delivered_email_is_accounted_for() -> None:
    """Per email: a claim, `sent` and `delivered`; `sent` enters three indexes, `delivered` changes two of them."""
    assert dict(counted(Scenario()).by_table) == {
        ("EmailTracking", ""): 30,
        ("EmailTracking", "to-email-timestamp-index"): 20,
        ("EmailTracking", "ses-message-id-index"): 20,
        ("EmailTracking", "date-partition-index"): 10,
        ("Pending", ""): 20,
        ("Control", ""): 4,
    }


def test_bulk_mail_costs_only_its_pacing_more() -> None:
    bulk, other = count(Scenario(request={"priority": "bulk"})), counted(Scenario())
    differing = {key: units for key, units in bulk.by_table.items() if units != other.by_table[key]}
    assert set(differing) <= {("Control", "")}


def test_a_day_is_one_write_an_email_on_its_index() -> None:
    """DynamoDB takes 1,000 writes a second on one partition key: so many emails a second are one day's limit."""
    for scenario in (Scenario(), Scenario(opened=True), Scenario(batch=1), Scenario(soft_bounced=True)):
        found = counted(scenario)
        assert _on_one_key(found, "date-partition-index") <= 1


def test_no_key_takes_more_than_one_write_an_email() -> None:
    """But the keys that belong to one email or one recipient."""
    own = {("EmailTracking", ""), ("Pending", ""), ("EmailTracking", "to-email-timestamp-index")}
    own |= {("EmailTracking", "ses-message-id-index"), ("EmailTracking", "original-email-id-index")}
    for scenario in (Scenario(), Scenario(batch=1)):
        shared = {key: n for key, n in counted(scenario).writes_by_key.items() if key[:2] not in own}
        assert max(shared.values()) / scenario.emails <= 1, Counter(shared).most_common(3)


def test_counters_take_one_write_a_batch() -> None:
    control = {key: n for key, n in counted(Scenario()).writes_by_key.items() if key[0] == "Control"}
    assert set(control.values()) == {1}, control


@pytest.mark.parametrize("scenario", [Scenario(), Scenario(opened=True)])
def test_an_ordinary_record_stays_below_a_kilobyte(scenario: Scenario) -> None:
    assert max(map(item_bytes, counted(scenario).records)) <= 1024


def test_a_record_has_room_for_an_open_by_a_machine_too() -> None:
    """Programs that load images for people are ordinary by now."""
    item = counted(Scenario(opened=True)).records[0]
    opened = next(entry for entry in item["history"]["L"] if entry["M"]["status"]["S"] == "opened")
    fetched = {"M": {**opened["M"], "detail": {"M": {"machine": {"BOOL": True}}}}}
    twice = {**item, "history": {"L": [*item["history"]["L"], fetched]}}
    assert item_bytes(twice) <= 1024


@pytest.mark.parametrize(
    "request_fields",
    [
        {"subject": "Your order order-4711 is on its way and will be with you tomorrow"},
        {"metadata": {"orderId": "0b9c9a4e-8f0f-4b7e-9d9b-2f8a3f7f7a11", "tenant": "acme", "step": 3}},
        {"to": "firstname.lastname@department.example.co.uk"},
    ],
    ids=["a long subject", "metadata with an id", "a usual address"],
)
def test_what_differs_between_ordinary_requests_does_not_matter(request_fields: dict[str, Any]) -> None:
    """One email alone, opened: 10 units, 3 for the open, 3 counters, and figures of two outcomes."""
    assert count(Scenario(emails=1, batch=1, opened=True, request=request_fields)).per_email == 18


@pytest.mark.parametrize("scenario", [Scenario(), Scenario(opened=True)], ids=["delivered", "opened"])
def test_figures_cost_at_most_half_a_unit_an_email(scenario: Scenario) -> None:
    """Those of the sender are in the write that counts the account's emails."""
    keys = {key: n for key, n in counted(scenario).units_by_key.items() if key[2].startswith("figures#")}
    assert 0 < sum(keys.values()) / scenario.emails <= 0.5, keys


def test_figures_of_many_tags_cost_at_most_half_a_unit_an_email() -> None:
    """Ten emails with five usual tags each, and a topic: nine names, all among the day's first."""
    found = count(Scenario(request={"tags": ["autumn", "sale", "vip", "web", "de"], "topic": "offers"}))
    assert found.units_by_key["Control", "", "figures#2026-11-28T10"] == 1
    assert found.per_email <= 11


def test_a_soft_bounce_with_its_retry_is_counted() -> None:
    found = counted(Scenario(soft_bounced=True))
    assert found.by_table["EmailTracking", "original-email-id-index"] > 0
    assert found.by_table["Pending", ""] == 3 * found.emails, "kept, found by the bounce, deleted"


def _on_one_key(found: Units, index: str) -> float:
    return max(n for key, n in found.writes_by_key.items() if key[1] == index) / found.emails
