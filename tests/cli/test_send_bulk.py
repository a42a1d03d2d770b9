"""`sesmail send-bulk` on moto: what it sends, and what it reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sesmail_cli.operator.command import CommandContext
from sesmail_layer.domain.guards.suppression import SuppressionReason, topic_key
from sesmail_layer.domain.record.statuses import Status
from tests.cli.bulk import BUCKET, METADATA, OPTIONS, ids, install_news, record, requests, write, write_people
from tests.cli.conftest import ADA, T0, MotoEngine, sesmail, sesmail_json


@pytest.fixture
def installed(engine: MotoEngine) -> MotoEngine:
    return install_news(engine)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return write_people(tmp_path)


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_every_row_becomes_one_email(installed: MotoEngine, people: Path) -> None:
    options = ("--topic", "letters", "--at", "2026-12-24T09:00:00Z", "--producer", "shop.news")
    answer = sesmail_json("send-bulk", str(people), *OPTIONS, *options, "--yes")

    events = requests(installed)
    assert (answer["rows"], answer["sent"], answer["statuses"]) == (25, 25, {"on the bus": 25})
    assert len(set(ids(events))) == 25
    assert {event["source"] for event in events} == {"shop.news"}
    detail = min((event["detail"] for event in events), key=lambda each: each["to"])
    del detail["emailId"]
    assert detail == {
        "to": "reader0@example.com",
        "templateName": "news",
        "templateData": {"userName": "Reader 0", "companyName": "Acme"},
        "priority": "bulk",
        "tags": ["spring"],
        "topic": "letters",
        "sendAt": "2026-12-24T09:00:00Z",
    }


def test_values_of_json_lines_keep_their_types(installed: MotoEngine, tmp_path: Path) -> None:
    row = {"email": ADA, "user_name": "Ada", "companyName": ["a", {"b": 1.5}], "locale": "fr", "age": 36}
    path = write(tmp_path, json.dumps(row) + "\n\n", "people.jsonl")

    sesmail_json("send-bulk", path, *OPTIONS, "--yes")

    [event] = requests(installed)
    assert event["detail"]["templateData"] == {"userName": "Ada", "companyName": ["a", {"b": 1.5}]}
    assert event["detail"]["locale"] == "fr"


def test_columns_are_found_by_name_or_named_with_map(installed: MotoEngine, tmp_path: Path) -> None:
    path = write(tmp_path, f"Contact;User-Name;Age;Ort\n{ADA};Ada;36;Ulm\n")

    options = ("--map", "to=contact", "--map", "city=Ort", "--data", '{"companyName": "Acme", "city": "Bonn"}')
    result = sesmail("send-bulk", path, *OPTIONS, *options, "--yes")

    assert result.exit_code == 0, result.output
    assert "Not used by the template: Age" in result.stderr
    [event] = requests(installed)
    assert event["detail"]["templateData"] == {"userName": "Ada", "companyName": "Acme", "city": "Ulm"}


def test_suppressed_people_are_counted_and_left_out(installed: MotoEngine, people: Path) -> None:
    installed.suppress(SuppressionReason.UNSUBSCRIBE, email="reader3@example.com")
    installed.suppress(SuppressionReason.MANUAL, email="reader4@example.com", expires_at=T0)

    answer = sesmail_json("send-bulk", str(people), *OPTIONS, "--yes")

    assert (answer["suppressed"], answer["sent"]) == (1, 24)
    assert "reader3@example.com" not in {event["detail"]["to"] for event in requests(installed)}


@pytest.mark.parametrize(("options", "topic"), [([], "news"), (["--topic", "letters"], "letters")])
def test_people_who_left_the_topic_are_counted_and_left_out(
    installed: MotoEngine, people: Path, options: list[str], topic: str
) -> None:
    for email, left in (("reader3@example.com", topic), ("reader4@example.com", "another")):
        installed.suppress(SuppressionReason.UNSUBSCRIBE, email=topic_key(email, left), topic=left)

    answer = sesmail_json("send-bulk", str(people), *OPTIONS, *options, "--yes")

    assert (answer["suppressed"], answer["sent"]) == (1, 24)
    assert "reader3@example.com" not in {event["detail"]["to"] for event in requests(installed)}


def test_three_different_samples_are_shown_as_they_would_arrive(installed: MotoEngine, tmp_path: Path) -> None:
    rows = ["a@example.com,Ann,Acme,", "b@example.com,B,Acme,", "c@example.com,Constance,Acme,Ulm", ADA + ",Ada,Acme,"]
    path = write(tmp_path, "email,userName,companyName,city\n" + "\n".join(rows) + "\n")

    shown = sesmail("send-bulk", path, *OPTIONS, "--dry-run").stdout

    for to, subject, text in (
        ("a@example.com", "News for Ann", "Hello Ann, Acme has news."),
        ("c@example.com", "News for Constance", "Hello Constance of Ulm, Acme has news."),
        ("b@example.com", "News for B", "Hello B, Acme has news."),
    ):
        assert f"to {to}\nSubject: {subject}\n  {text}" in shown
    assert requests(installed) == []


def test_a_test_goes_to_one_address_and_to_no_recipient(installed: MotoEngine, people: Path) -> None:
    answer = sesmail_json("send-bulk", str(people), *OPTIONS, "--test-to", "me@example.com", "--yes")

    events = requests(installed)
    assert answer["testedTo"] == "me@example.com"
    assert {event["detail"]["to"] for event in events} == {"me@example.com"}
    assert all("tags" not in event["detail"] for event in events)
    assert sesmail_json("send-bulk", str(people), *OPTIONS, "--yes")["sent"] == 25


# --- unsubscribing ----------------------------------------------------------------------------------------------------

ENDPOINT = {"SESMAIL_UNSUBSCRIBE_URL": "https://mail.example.com", "SESMAIL_BULK_REQUIRES_UNSUBSCRIBE": "refuse"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [([], True), (["--list-unsubscribe", "https://example.com/u"], {"url": "https://example.com/u"})],
)
def test_an_engine_with_an_endpoint_gives_each_email_its_link(
    installed: MotoEngine, people: Path, options: list[str], expected: object
) -> None:
    installed.configure(**ENDPOINT)

    sesmail_json("send-bulk", str(people), *OPTIONS, *options, "--yes")

    assert {str(event["detail"]["listUnsubscribe"]) for event in requests(installed)} == {str(expected)}


def test_the_engine_s_link_is_asked_for_where_its_settings_cannot_be_read(installed: MotoEngine, people: Path) -> None:
    sesmail_json("send-bulk", str(people), *OPTIONS, "--list-unsubscribe", "true", "--yes")

    assert {event["detail"]["listUnsubscribe"] for event in requests(installed)} == {True}


def test_samples_have_an_example_of_the_link_that_a_template_requires(installed: MotoEngine, people: Path) -> None:
    installed.configure(**ENDPOINT)
    metadata = METADATA | {"requiredVariables": ["userName", "companyName", "unsubscribeUrl"]}
    for file, content in {"metadata.json": json.dumps(metadata), "template.txt": "Leave: {{ unsubscribeUrl }}"}.items():
        installed.s3.put_object(Bucket=BUCKET, Key=f"templates/news/{file}", Body=content.encode())

    shown = sesmail("send-bulk", str(people), *OPTIONS, "--dry-run")

    assert shown.exit_code == 0, shown.output
    assert "Leave: https://unsubscribe.your-domain.example/u/example" in shown.stdout


# --- the report -------------------------------------------------------------------------------------------------------


def test_the_report_has_those_whom_the_mailing_itself_made_suppressed(installed: MotoEngine, people: Path) -> None:
    sesmail_json("send-bulk", str(people), *OPTIONS, "--yes")
    event = next(each for each in requests(installed) if each["detail"]["to"] == "reader7@example.com")
    record(installed, event["detail"]["emailId"], Status.BOUNCED)
    installed.suppress(email="reader7@example.com")
    installed.suppress(email="reader8@example.com")

    answer = sesmail_json("send-bulk", str(people), *OPTIONS, "--yes")

    assert (answer["suppressed"], answer["askedBefore"], answer["statuses"]["bounced"]) == (1, 1, 1)


def test_the_report_counts_statuses_with_reasons(installed: MotoEngine, people: Path) -> None:
    sesmail_json("send-bulk", str(people), *OPTIONS, "--yes")
    found = ids(requests(installed))
    for email_id in found[:20]:
        record(installed, email_id, Status.DELIVERED)
    record(installed, found[20], Status.BOUNCED)
    record(installed, found[21], Status.FAILED, errorType="outcome_unknown", errorMessage="x")
    record(installed, found[22], Status.DEFERRED, reason="paused")

    result = sesmail("send-bulk", str(people), *OPTIONS, "--yes")

    assert result.exit_code == 1
    assert "The mailing 'spring', 25 emails:" in result.stdout
    for line in ("20 delivered", "1 bounced", "1 failed: outcome_unknown", "1 deferred: paused", "2 on the bus"):
        assert f"{line}\n" in result.stdout
    assert "`sesmail report --tag spring`" in result.stdout


# --- consent ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [["--dry-run"], ["--dry-run", "--yes"], []])
def test_nothing_is_sent_without_consent(installed: MotoEngine, people: Path, options: list[str]) -> None:
    assert sesmail("send-bulk", str(people), *OPTIONS, *options).exit_code == (0 if options else 1)
    assert requests(installed) == []


@pytest.mark.parametrize(("answer", "sent"), [("y\n", 25), ("n\n", 0)])
def test_on_a_terminal_it_asks(
    installed: MotoEngine, people: Path, monkeypatch: pytest.MonkeyPatch, answer: str, sent: int
) -> None:
    monkeypatch.setattr(CommandContext, "interactive", True)

    assert "Send 25 emails now?" in sesmail("send-bulk", str(people), *OPTIONS, answer=answer).stderr
    assert len(requests(installed)) == sent
