"""Import a suppression list in the console: counted first, then written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sesmail_layer.domain.guards.suppression import SuppressionReason
from tests.cli.conftest import ADA, MotoEngine, sesmail_json
from tests.cli.ses_v2 import SesV2
from tests.console.conftest import BASE, HOSTILE, Html, Visitor, confirm, done_text

LIST = """email,reason,date
ada@example.com,hard-bounce,2026-11-01
bob@example.org,spam-complaint,2026-11-02
no address,,
"""


def plan_of(visitor: Visitor, text: str = LIST, *fields: tuple[str, str]) -> Html:
    return Html(visitor.text_of_post("actions/suppressions-import", ("text", text), ("from", "csv"), *fields))


def test_pasted_rows_are_counted_then_imported(visitor: Visitor, engine: MotoEngine) -> None:
    engine.suppress(SuppressionReason.HARD_BOUNCE, added_to_suppression_date="2026-10-01T00:00:00.000Z")
    plan = plan_of(visitor)
    assert "3 rows have 2 addresses; 1 rejected." in plan.text
    assert "1 are added, 0 updated, 1 are there already." in plan.text
    assert "no email address" in plan.text
    assert "sesmail suppression import" not in plan.text, "pasted rows are in no file"
    assert len(engine.items("Suppression")) == 1

    text = done_text(visitor, confirm(visitor, "suppressions-import", plan))
    assert "Imported 1" in text
    assert engine.item("Suppression", "bob@example.org")["source"] == {"S": "import:csv"}


def test_a_file_is_imported_byte_by_byte_as_the_command_does(
    visitor: Visitor, engine: MotoEngine, tmp_path: Any
) -> None:
    content = LIST.encode("utf-16")
    answer = visitor.upload("suppressions/upload", content, "bounces 2026.csv")
    fields = (("upload", json.loads(answer.content)["id"]), ("from", "csv"))
    plan = Html(visitor.text_of_post("actions/suppressions-import", *fields))
    assert "Import bounces 2026.csv?" in plan.text
    assert "import 'bounces 2026.csv' --from csv" in plan.text
    (tmp_path / "list.csv").write_bytes(content)
    expected = sesmail_json(
        "suppression", "import", str(tmp_path / "list.csv"), "--from", "csv", "--dry-run", exit_code=1
    )
    done = done_text(visitor, confirm(visitor, "suppressions-import", plan))
    result = expected["result"]
    assert f"{result['added']} added, {result['updated']} updated" in done
    assert f"{result['refused']} rejected" in done


def test_the_plan_of_a_long_list_takes_three_requests_at_most_and_says_so(
    visitor: Visitor, engine: MotoEngine, requests_counted: Callable[[], Any]
) -> None:
    engine.suppress(email="p5@example.org", added_to_suppression_date="2026-01-01T00:00:00.000Z")
    text = "email,reason,date\n" + "".join(f"p{number}@example.org,hard-bounce,2026-11-01\n" for number in range(900))
    with requests_counted() as asked:
        plan = plan_of(visitor, text)
    assert len(asked) <= 3, asked
    assert "Of the first 100, 1 are suppressed already" in plan.text
    assert "At most 899 are added or changed." in plan.text
    assert "Imported 899" in done_text(visitor, confirm(visitor, "suppressions-import", plan))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ((("from", "csv"),), "choose a file, or paste its rows"),
        ((("from", "csv"), ("text", "name\nAda\n")), "No column has addresses"),
        ((("from", "csv"), ("upload", "gone")), "is not there any more"),
        ((("from", "sparkpost"), ("text", LIST)), "is no origin of a list"),
        ((("from", "csv"), ("kind", "x"), ("text", LIST)), "is no kind of list"),
        ((("from", "csv"), ("text", "\x1f\x8bzip")), "No column"),
    ],
)
def test_what_cannot_be_imported_is_named(visitor: Visitor, engine: MotoEngine, fields: Any, problem: str) -> None:
    answer = visitor.post("actions/suppressions-import", *fields, ("confirmed", "yes"))
    assert answer.status == 400
    assert problem in str(answer.content)
    assert "/tmp" not in str(answer.content)
    assert engine.items("Suppression") == []


def test_only_the_last_files_are_kept(visitor: Visitor) -> None:
    ids = [json.loads(visitor.upload("suppressions/upload", LIST.encode(), "a.csv").content)["id"] for _ in range(6)]
    for upload_id, status in ((ids[0], 400), (ids[5], 200)):
        answer = visitor.post("actions/suppressions-import", ("upload", upload_id), ("from", "csv"))
        assert answer.status == status


def test_a_hostile_list_stays_text(visitor: Visitor) -> None:
    page = str(
        visitor.post(
            "actions/suppressions-import", ("from", "csv"), ("text", f"email,{HOSTILE}\n{HOSTILE},x\n")
        ).content
    )
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    answer = visitor.upload("suppressions/upload", f"email\n{ADA}\n".encode(), HOSTILE + "/../../x.csv")
    fields = (("upload", json.loads(answer.content)["id"]), ("from", "csv"))
    plan = visitor.text_of_post("actions/suppressions-import", *fields)
    assert "<script>" not in plan.replace('<script src="', "")


# --- SES's own list ---------------------------------------------------------------------------------------------------

OF_SES = "from=ses-account"


def test_the_form_leads_to_the_plan_for_ses_s_own_list(visitor: Visitor) -> None:
    page = Html(visitor.text("suppressions/import"))
    assert f"{BASE}actions/suppressions-import?{OF_SES}" in page.hrefs


def test_ses_s_own_list_is_counted_then_imported(visitor: Visitor, engine: MotoEngine, ses_v2: SesV2) -> None:
    ses_v2.suppressed = {ADA: "BOUNCE", "bob@example.org": "COMPLAINT"}
    engine.suppress(SuppressionReason.HARD_BOUNCE, added_to_suppression_date="2020-10-01T00:00:00.000Z")

    plan = Html(visitor.text("actions/suppressions-import", OF_SES))
    assert "Import SES’s own list of the account?" in plan.text
    assert "2 rows have 2 addresses." in plan.text
    assert "1 are added, 0 updated, 1 are there already." in plan.text
    assert "suppression import --from ses-account" in plan.text
    assert len(engine.items("Suppression")) == 1

    assert "Imported 1" in done_text(visitor, confirm(visitor, "suppressions-import", plan))
    entry = engine.item("Suppression", "bob@example.org")
    assert (entry["reason"], entry["source"]) == ({"S": "spam-complaint"}, {"S": "import:ses-account"})


def test_the_plan_for_a_long_list_of_ses_takes_three_requests_and_the_import_reads_all_of_it(
    visitor: Visitor, engine: MotoEngine, ses_v2: SesV2, requests_counted: Callable[[], Any]
) -> None:
    ses_v2.page_size = 120
    ses_v2.suppressed = {f"p{number}@example.org": "BOUNCE" for number in range(300)}

    with requests_counted() as asked:
        plan = Html(visitor.text("actions/suppressions-import", OF_SES))
    assert len(asked) <= 3, asked
    assert "The list is longer: these are its first 120 addresses. All of it is imported." in plan.text
    assert plan.values("confirmed") == ["yes"]

    assert "Imported 300" in done_text(visitor, confirm(visitor, "suppressions-import", plan))
    assert len(engine.items("Suppression")) == 300


def test_an_empty_list_of_ses_has_nothing_to_confirm(visitor: Visitor, ses_v2: SesV2) -> None:
    plan = Html(visitor.text("actions/suppressions-import", OF_SES))
    assert "Nothing to import" in plan.text
    assert plan.values("confirmed") == []


def test_where_ses_s_list_may_not_be_read_the_page_names_the_right(visitor: Visitor, ses_v2: SesV2) -> None:
    ses_v2.denies = frozenset({"GET"})
    answer = visitor.get("actions/suppressions-import", OF_SES)
    assert answer.status == 502
    assert "ListSuppressedDestinations" in str(answer.content)
