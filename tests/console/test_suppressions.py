"""Suppressions in the console: the list, one address, and what is done about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sesmail_cli.operator.removal_log import log_folder
from sesmail_layer.domain.guards.suppression import SuppressionReason
from tests.cli.conftest import ADA, NAME, MotoEngine, ago, sesmail
from tests.cli.ses_v2 import SesV2
from tests.console.conftest import HOSTILE, Html, Visitor, confirm, done_text

PAGES = ("suppressions", f"suppressions/{ADA}", "suppressions/add")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("entries", [0, 260])
def test_each_page_takes_three_requests_at_most(
    visitor: Visitor, engine: MotoEngine, requests_counted: Callable[[], Any], path: str, entries: int
) -> None:
    for number in range(entries):
        engine.suppress(email=f"p{number}@example.org", added_to_suppression_date=ago(number))
    with requests_counted() as asked:
        visitor.text(path)
    assert len(asked) <= 3, asked


def test_the_list_goes_on_page_by_page_and_shows_each_entry_once(visitor: Visitor, engine: MotoEngine) -> None:
    names = [f"p{number:03}@example.org" for number in range(130)]
    for number, name in enumerate(names):
        engine.suppress(email=name, added_to_suppression_date=ago(60 * number))
    seen: list[str] = []
    query = "type=bounce"
    while query:
        page = Html(visitor.text("suppressions", query))
        seen += page.values("address")
        more = page.links("more")
        query = more[0].partition("?")[2] if more else ""
    assert seen == names


def test_a_rare_filter_says_how_far_it_searched_and_leads_on(
    visitor: Visitor, engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sesmail_cli.operator.suppression_pages._CHUNK", 10)
    for number in range(45):
        engine.suppress(
            email=f"p{number}@example.org", added_to_suppression_date=f"2026-11-{30 - number // 2:02}T10:00"
        )
    engine.suppress(email="rare@example.net", added_to_suppression_date="2026-11-01")
    page = Html(visitor.text("suppressions", "domain=example.net"))
    assert "nothing found so far" in page.text
    assert "Searched back to" in page.text
    found = Html(visitor.text("suppressions", page.links("more")[0].partition("?")[2]))
    assert found.values("address") == ["rare@example.net"]
    assert not found.links("more")


def test_rows_of_other_programs_have_a_tab(visitor: Visitor, engine: MotoEngine) -> None:
    engine.dynamodb.put_item(TableName=f"{NAME}-Suppression", Item={"email": {"S": "old@example.org"}})
    assert "old@example.org" not in visitor.text("suppressions")
    assert Html(visitor.text("suppressions", "type=other")).values("address") == ["old@example.org"]


def test_the_page_names_the_commands_for_the_list_and_for_all_that_match(visitor: Visitor) -> None:
    page = Html(visitor.text("suppressions", "domain=example.org&since=7d"))
    assert "sesmail suppression list --type bounce --since 7d" in page.text
    assert "sesmail suppression remove --where domain=example.org --where since=7d --where type=bounce" in page.text


def test_an_address_leads_to_its_entry_with_what_ses_has(visitor: Visitor, engine: MotoEngine, ses_v2: SesV2) -> None:
    engine.suppress(email_id="order-7", diagnostic_code="smtp; 550 5.1.1 user unknown", note="ticket 12")
    ses_v2.suppressed[ADA] = "BOUNCE"
    assert (
        visitor.get("suppressions", f"q={ADA.upper()}").headers["Location"] == "/token/suppressions/ada%40example.com"
    )
    page = Html(visitor.text(f"suppressions/{ADA}"))
    assert "an email to it hard-bounced" in page.text
    assert "SES’s own list of the account has it, too (bounce)" in page.text
    assert "ticket 12" in page.text
    assert "user unknown" in page.text
    assert "/token/emails/order-7" in page.hrefs


def test_adding_shows_the_command_which_does_the_same(visitor: Visitor, engine: MotoEngine) -> None:
    fields = [("address", "Bob@Example.org"), ("reason", "manual"), ("days", "30"), ("note", "ticket 4711")]
    plan = Html(visitor.text_of_post("actions/suppress", *fields))
    assert "bob@example.org gets no mail from this engine, for 30 days." in plan.text
    assert "sesmail suppression add bob@example.org --reason manual --days 30 --note 'ticket 4711'" in plan.text
    assert engine.items("Suppression") == []

    assert "Suppressed" in done_text(visitor, confirm(visitor, "suppress", plan))
    by_console = engine.item("Suppression", "bob@example.org")
    engine.dynamodb.delete_item(TableName=f"{NAME}-Suppression", Key={"email": {"S": "bob@example.org"}})
    sesmail("suppression", "add", "bob@example.org", "--reason", "manual", "--days", "30", "--note", "ticket 4711")
    by_command = engine.item("Suppression", "bob@example.org")
    times = {"addedToSuppressionDate", "expiresAt", "ttl"}
    assert {k: v for k, v in by_console.items() if k not in times} == {
        k: v for k, v in by_command.items() if k not in times
    }


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("address", "nobody", "&#39;nobody&#39; is no email address"),
        ("reason", "because", "&#39;because&#39; is no reason"),
        ("days", "0", "is no number of days"),
        ("days", "9" * 5000, "is no number of days"),
        ("note", "x" * 501, "The note has 501 characters"),
    ],
)
def test_a_wrong_value_is_named_and_changes_nothing(
    visitor: Visitor, engine: MotoEngine, field: str, value: str, problem: str
) -> None:
    fields = {"address": ADA, "confirmed": "yes"} | {field: value}
    answer = visitor.post("actions/suppress", *fields.items())
    assert answer.status == 400
    assert problem in str(answer.content)
    assert engine.items("Suppression") == []


def test_removing_the_chosen_keeps_them_in_the_log(visitor: Visitor, engine: MotoEngine, ses_v2: SesV2) -> None:
    for name in ("a", "b", "c"):
        engine.suppress(email=f"{name}@example.org")
    ses_v2.suppressed["a@example.org"] = "BOUNCE"
    chosen = [("address", "a@example.org"), ("address", "b@example.org"), ("ses", "yes")]
    plan = Html(visitor.text_of_post("actions/suppressions-remove", *chosen))
    assert "Remove 2 addresses from the suppression list?" in plan.text
    assert "sesmail suppression remove a@example.org --ses --yes" in plan.text
    assert len(engine.items("Suppression")) == 3

    assert "Removed 2" in done_text(visitor, confirm(visitor, "suppressions-remove", plan))
    assert [item["email"]["S"] for item in engine.items("Suppression")] == ["c@example.org"]
    assert ses_v2.suppressed == {}
    (log,) = log_folder().iterdir()
    assert log.read_text().count("\n") == 2


def test_the_plan_of_a_removal_takes_three_requests_at_most(
    visitor: Visitor, engine: MotoEngine, requests_counted: Callable[[], Any]
) -> None:
    names = [f"p{number}@example.org" for number in range(50)]
    for name in names:
        engine.suppress(email=name)
    with requests_counted() as asked:
        visitor.text_of_post("actions/suppressions-remove", *[("address", name) for name in names])
    assert len(asked) <= 3, asked


def test_an_entry_that_changed_since_it_was_shown_stays(visitor: Visitor, engine: MotoEngine) -> None:
    engine.suppress()
    plan = Html(visitor.text_of_post("actions/suppressions-remove", ("address", ADA)))
    engine.suppress(SuppressionReason.SPAM_COMPLAINT)
    answer = confirm(visitor, "suppressions-remove", plan)
    assert answer.status == 400
    assert "has changed since it was shown" in str(answer.content)
    assert engine.item("Suppression", ADA)["reason"] == {"S": "spam-complaint"}


def test_hostile_values_stay_text(visitor: Visitor, engine: MotoEngine) -> None:
    address = f"a@{HOSTILE[:70]}.org"
    engine.suppress(email=address, diagnostic_code=HOSTILE, note=HOSTILE, source=HOSTILE)
    for path in ("suppressions", f"suppressions/{address}"):
        page = visitor.text(path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "\x1b" not in Html(page).text
        assert address in Html(page).values("address")


def test_an_erased_address_can_be_seen_and_not_chosen(visitor: Visitor, engine: MotoEngine) -> None:
    engine.suppress(email="sha256:0123456789abcdef0123456789abcdef")
    page = Html(visitor.text("suppressions"))
    assert "sha256:0123456789ab… (erased)" in page.text
    assert page.values("address") == []
    key = ("address", "sha256:0123456789abcdef0123456789abcdef")
    plan = visitor.text_of_post("actions/suppressions-remove", key)
    assert "sesmail suppression remove" not in plan, "the command takes addresses only"


def test_a_damaged_link_says_so(visitor: Visitor) -> None:
    for cursor in ("%%%", "bm8=", "W10=", "eyJlbWFpbCI6MX0="):
        answer = visitor.get("suppressions", f"cursor={cursor}")
        assert answer.status == 400
        assert "is damaged" in str(answer.content)


def test_a_row_with_capitals_says_that_it_blocks_nothing(visitor: Visitor, engine: MotoEngine) -> None:
    engine.suppress(email="Ada@Example.com")
    page = Html(visitor.text("suppressions/Ada@Example.com"))
    assert "not suppressed" in page.text
    assert "Another program wrote a row for Ada@Example.com." in page.text
    assert page.values("address") == ["Ada@Example.com"]

    plan = Html(visitor.text_of_post("actions/suppressions-remove", ("address", "Ada@Example.com")))
    assert "Removed 1" in done_text(visitor, confirm(visitor, "suppressions-remove", plan))
    assert engine.items("Suppression") == []


def test_the_row_of_a_topic_is_shown_under_its_own_key(visitor: Visitor, engine: MotoEngine) -> None:
    engine.suppress(SuppressionReason.UNSUBSCRIBE, email="ada@example.com#News")
    page = Html(visitor.text("suppressions/ada@example.com#News"))
    assert "gets no bulk mail from this engine, only transactional mail" in page.text
    assert "Another program" not in page.text
