"""`sesmail find` on moto, and `sesmail explain ADDRESS`."""

from __future__ import annotations

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from tests.cli.conftest import ADA, SOURCE, MotoEngine, ago, sesmail, sesmail_json

LONG = f"{'a' * 60}@{'b' * 60}.example.com"


def sent(engine: MotoEngine, email_id: str, seconds: float, **given: object) -> str:
    at = ago(seconds)
    entry = Entry("sent/1", at, 1, Status.SENT, detail={"sesMessageId": f"ses-{email_id}"})
    engine.record(entry, email_id=email_id, timestamp=at, date_partition=at[:10], **given)
    return at


def found(*arguments: str) -> list[str]:
    return [email["emailId"] for email in sesmail_json("find", *arguments)["emails"]]


def test_emails_are_found_by_each_filter_newest_first(engine: MotoEngine) -> None:
    sent(engine, "old", 3 * 86_400)
    sent(engine, "new", 60, original_source="crm", template_name="receipt", tags=["spring", "vip"])
    sent(engine, "other", 30, to_email="eve@example.com", topic="welcome")
    sent(engine, "ancient", 40 * 86_400)

    assert found() == ["other", "new", "old"]
    assert found("--to", "ADA@example.com") == ["new", "old", "ancient"]
    assert found("--producer", SOURCE) == ["other", "old"]
    assert found("--template", "receipt") == ["new"]
    assert found("--tag", "vip") == ["new"]
    assert found("--tag", "spr") == []
    assert found("--topic", "welcome") == ["other", "old"]
    assert found("--status", "sent", "--status", "failed", "--since", "1h") == ["other", "new"]
    assert found("--status", "bounced") == []
    assert found("--until", "1d") == ["old"]
    assert found("--ses-id", "ses-ancient") == ["ancient"]


def test_a_cursor_goes_on_where_the_page_ended(engine: MotoEngine) -> None:
    for number in range(3):
        sent(engine, f"order-{number}", 60 + number)
    first = sesmail_json("find", "--limit", "2")

    assert [email["emailId"] for email in first["emails"]] == ["order-0", "order-1"]
    assert found("--limit", "2", "--cursor", first["cursor"]) == ["order-2"]


def test_off_a_terminal_rows_are_whole_and_separated_by_tabs(engine: MotoEngine) -> None:
    at = sent(engine, "order-1", 60, to_email=LONG, template_name="a\tb\nc")

    assert sesmail("find").stdout == f"{at}\torder-1\t{LONG}\tsent\ta b c\t{SOURCE}\n"


def test_a_wrong_filter_names_what_is_allowed(engine: MotoEngine) -> None:
    damaged = sesmail("find", "--cursor", "x")

    assert damaged.exit_code == 2
    assert "give it as the last page printed it" in damaged.stderr
    assert sesmail("find", "--since", "1h", "--until", "2h").exit_code == 2
    assert sesmail("find", "--limit", "1001").exit_code == 2
    assert sesmail("find", "--to", "ada").exit_code == 2
    assert sesmail("find", "--since", "soon").exit_code == 2
    assert sesmail("find", "--status", "lost").exit_code == 2


def test_explain_lists_the_newest_emails_of_an_address(engine: MotoEngine) -> None:
    for number in range(22):
        sent(engine, f"order-{number}", 60 + number)
    answer = sesmail_json("explain", ADA)

    assert [email["emailId"] for email in answer["emails"]] == [f"order-{number}" for number in range(20)]
    assert answer["more"] is True
    assert "order-0" in sesmail("explain", ADA).stdout


def test_explain_of_an_address_without_mail_says_that_there_is_none(engine: MotoEngine) -> None:
    assert sesmail("explain", "eve@example.com").exit_code == 1
    assert sesmail("explain", "not @ an address").exit_code == 1


def test_explain_shows_unknown_fields_and_the_email_that_had_the_id(engine: MotoEngine) -> None:
    sent(engine, "order-1", 60, unknown_fields=["colour"], conflicts_with="order-0")
    text = sesmail("explain", "order-1").stdout

    assert "Unknown fields, ignored: colour" in text
    assert "Conflict: its emailId was another email's: order-0" in text
