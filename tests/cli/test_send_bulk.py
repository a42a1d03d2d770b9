"""`sesmail send-bulk` on moto: what it refuses before the first email, what it sends, and what a repeated run does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sesmail_cli.operator.command import CommandContext
from sesmail_client import NotAcceptedError, Refused, SESMailClient
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from tests.cli.conftest import ACCOUNT_ID, ADA, NAME, REGION, T0, MotoEngine, ago, sesmail, sesmail_json

METADATA = {
    "subject": "News for {{ userName }}",
    "requiredVariables": ["userName", "companyName"],
    "optionalVariables": ["city"],
}
HEADER = "email,userName,companyName\n"
OPTIONS = ("--template", "news", "--tag", "spring", "--wait", "0")


@pytest.fixture
def installed(engine: MotoEngine) -> MotoEngine:
    """An engine with the template `news`, and a queue with all events of the bus."""
    bucket = f"{NAME}-templates-{ACCOUNT_ID}"
    engine.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    text = "Hello {{ userName }}{% if city %} of {{ city }}{% endif %}, {{ companyName }} has news."
    files = {"template.html": f"<p>{text}</p>", "template.txt": text, "metadata.json": json.dumps(METADATA)}
    for file, content in files.items():
        engine.s3.put_object(Bucket=bucket, Key=f"templates/news/{file}", Body=content.encode())
    engine.subscribe()
    return engine


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A file of 25 people."""
    path = tmp_path / "people.csv"
    path.write_text(HEADER + "".join(f"reader{i}@example.com,Reader {i},Acme\n" for i in range(25)))
    return path


def requests(engine: MotoEngine) -> list[Mapping[str, Any]]:
    """What was put on the bus since the last call."""
    return [json.loads(body) for body in engine.bodies("published")]


def ids(events: list[Mapping[str, Any]]) -> list[str]:
    return [event["detail"]["emailId"] for event in events]


def write(tmp_path: Path, content: str, name: str = "people.csv") -> str:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return str(path)


def record(engine: MotoEngine, email_id: str, status: Status, **detail: str) -> None:
    entry = Entry(f"{status}/1", ago(1), 1, status, detail=detail)
    engine.record(entry, email_id=email_id, timestamp=ago(2))


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


# --- what is refused before the first email ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("email,companyName\na@example.com,Acme\n", "The template requires userName, which no column has"),
        ("name,userName,companyName\nAda,Ada,Acme\n", "No column has the addresses. Found: name, userName"),
        ("email,userName,user_name,companyName\n", "['userName', 'user_name'] have one name"),
        ("", "is empty"),
        (HEADER, "has no rows"),
        ('[{"email": "a@example.com"}]', "is a JSON array"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(installed: MotoEngine, tmp_path: Path, content: str, message: str) -> None:
    result = sesmail("send-bulk", write(tmp_path, content), *OPTIONS, "--yes")

    assert result.exit_code == 2
    assert message in result.stderr
    assert requests(installed) == []


def test_bad_rows_are_refused_by_line_and_nothing_is_sent(installed: MotoEngine, tmp_path: Path) -> None:
    rows = [
        "ada@example.com,Ada,Acme",
        "no address,Bob,Acme",
        "eve@example.com,,Acme",
        "ADA@example.com,Ada,Acme",
        "max@example.com,Max,Acme,Ulm",
        ",Max,Acme",
        "müller@example.com,Max,Acme",
    ]
    path = write(tmp_path, HEADER + "\n".join(rows) + "\n")

    result = sesmail("send-bulk", path, *OPTIONS, "--yes")

    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    for line, reason in (
        (3, "Invalid email address format: to 'n***'. It is not a valid address."),
        (4, "userName: found nothing; allowed: a value, since the template requires it"),
        (5, "found the recipient of line 2 again; allowed: each once"),
        (6, "found 4 cells; allowed: 3"),
        (7, "to: found nothing; allowed: one email address"),
        (8, "Invalid email address format: to 'm***@example.com'."),
    ):
        assert any(text.startswith(f"Line {line}: {reason}") for text in lines), (line, lines)
    assert "müller" not in result.stderr
    assert "Nothing was sent: correct the file, or add --skip-refused" in result.stderr
    assert requests(installed) == []


def test_the_other_rows_are_sent_if_asked_for(installed: MotoEngine, tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + f"{ADA},Ada,Acme\nno address,Bob,Acme\n{ADA},Ada,Acme\n")

    answer = sesmail_json("send-bulk", path, *OPTIONS, "--skip-refused", "--yes", exit_code=1)

    counts = ("rows", "refused", "duplicates", "sent")
    assert [answer[name] for name in counts] == [3, 1, 1, 1]
    assert [each["line"] for each in answer["refusals"]] == [3, 4]
    assert len(requests(installed)) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "found no JSON"),
        ("{}\n[1]", "found JSON that is no object"),
        ('{"email": "a@example.com", "Email": "b@example.com"}', "found two names"),
        ('{"email": "a@example.com", "userName": "\\ud800", "companyName": 1}', "templateData"),
        ('{"email": "a@example.com", "userName": NaN, "companyName": 1}', "templateData"),
        ('{"email": 7, "userName": "A", "companyName": 1}', "to: found"),
        ('{"email": "a@example.com", "userName": "%s", "companyName": 1}' % ("x" * 300_000), "templateData: found"),
    ],
)
def test_a_line_of_json_that_is_no_email_is_refused(
    installed: MotoEngine, tmp_path: Path, content: str, reason: str
) -> None:
    answer = sesmail_json("send-bulk", write(tmp_path, content, "x.jsonl"), *OPTIONS, "--yes", exit_code=1)

    assert reason in answer["refusals"][-1]["reason"]
    assert requests(installed) == []


def test_bytes_of_another_encoding_are_refused(installed: MotoEngine, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(HEADER.encode() + "ada@example.com,Jürgen,Acme\n".encode("latin-1"))

    assert "Line 2: found bytes that are no UTF-8" in sesmail("send-bulk", str(path), *OPTIONS, "--yes").stderr
    assert requests(installed) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--template", "missing"], "missing"),
        (["--tag", "two words"], "tags[0]"),
        (["--at", "tomorrow"], "sendAt"),
        (["--at", "2099-01-01T00:00:00Z"], "sendAt"),
        (["--topic", "a b"], "topic"),
        (["--map", "userName"], "--map: found 'userName'"),
        (["--map", "userName=nothing"], "There is no column 'nothing'"),
        (["--key", "nothing"], "There is no column 'nothing'"),
        (["--test-to", "me"], "--test-to: found no email address"),
        (["--list-unsubscribe", "ftp://example.com"], "listUnsubscribe.url"),
    ],
)
def test_a_wrong_option_is_refused(installed: MotoEngine, people: Path, options: list[str], message: str) -> None:
    result = sesmail("send-bulk", str(people), *OPTIONS, *options, "--yes")

    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert requests(installed) == []


def test_a_template_that_cannot_render_a_sample_stops_the_mailing(installed: MotoEngine, people: Path) -> None:
    bucket = f"{NAME}-templates-{ACCOUNT_ID}"
    installed.s3.put_object(Bucket=bucket, Key="templates/news/template.txt", Body=b"{{ undeclared }}")

    result = sesmail("send-bulk", str(people), *OPTIONS, "--yes")

    assert result.exit_code == 2
    assert "Line 2: Failed to render template 'news': Undefined variable: 'undeclared'" in result.stderr
    assert requests(installed) == []


# --- again ------------------------------------------------------------------------------------------------------------


def test_a_repeated_run_asks_only_for_what_has_no_record(installed: MotoEngine, people: Path, tmp_path: Path) -> None:
    sesmail_json("send-bulk", str(people), *OPTIONS, "--yes")
    first = requests(installed)
    for email_id in ids(first)[:20]:
        record(installed, email_id, Status.DELIVERED)

    moved = people.rename(tmp_path / "moved.csv")
    answer = sesmail_json("send-bulk", str(moved), *OPTIONS, "--yes")

    assert (answer["askedBefore"], answer["sent"]) == (20, 5)
    assert answer["statuses"] == {"delivered": 20, "on the bus": 5}
    assert sorted(ids(requests(installed))) == sorted(ids(first)[20:])


def test_what_failed_before_ses_is_asked_for_again(installed: MotoEngine, people: Path) -> None:
    sesmail_json("send-bulk", str(people), *OPTIONS, "--yes")
    failed, cancelled, *others = ids(requests(installed))
    record(installed, failed, Status.FAILED, errorType="template_not_found", errorMessage="x")
    record(installed, cancelled, Status.FAILED, errorType="cancelled", errorMessage="x")
    for email_id in others:
        record(installed, email_id, Status.SENT)

    sesmail_json("send-bulk", str(people), *OPTIONS, "--yes", exit_code=1)

    assert ids(requests(installed)) == [failed]


@pytest.mark.parametrize("taken", [10, 20])
def test_a_run_that_was_killed_is_completed_by_the_next(
    installed: MotoEngine, people: Path, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    """Killed between two calls of EventBridge, before the sender has recorded any: the ids stay the same."""
    put, calls = SESMailClient._put, 0

    def killed(client: SESMailClient, *arguments: Any, **given: Any) -> None:
        nonlocal calls
        calls += 10
        if calls > taken:
            raise KeyboardInterrupt
        put(client, *arguments, **given)

    with monkeypatch.context() as patch:
        patch.setattr(SESMailClient, "_put", killed)
        result = sesmail("send-bulk", str(people), *OPTIONS, "--yes")
    assert result.exit_code == 1
    assert f"Stopped: at least {taken} of 25 emails are on the bus" in result.stderr
    before = requests(installed)
    assert len(before) == taken

    assert sesmail_json("send-bulk", str(people), *OPTIONS, "--yes")["sent"] == 25
    after = requests(installed)
    assert set(ids(before)) < set(ids(after))
    details = {event["detail"]["emailId"]: event["detail"] for event in before}
    assert [event["detail"] for event in after if event["detail"]["emailId"] in details] == list(details.values())


def test_another_tag_or_key_is_another_email(installed: MotoEngine, tmp_path: Path) -> None:
    rows = f"{ADA},Ada,Acme,1\n{ADA},Ada,Acme,2\n"
    path = write(tmp_path, "email,userName,companyName,order\n" + rows)

    sesmail_json("send-bulk", path, *OPTIONS, "--key", "Order", "--yes")
    sesmail_json("send-bulk", path, *OPTIONS, "--key", "order", "--tag", "summer", "--yes")

    assert len(set(ids(requests(installed)))) == 4


def test_the_file_names_the_mailing_without_a_tag(installed: MotoEngine, people: Path, tmp_path: Path) -> None:
    path = people.rename(tmp_path / "März 2026 (all).csv")

    answer = sesmail_json("send-bulk", str(path), "--template", "news", "--wait", "0", "--yes")

    assert answer["tag"] == "M-rz-2026--all-"
    assert requests(installed)[0]["detail"]["tags"] == ["M-rz-2026--all-"]


def test_what_eventbridge_does_not_take_is_said_with_its_reason(
    installed: MotoEngine, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: Any, **_given: Any) -> None:
        raise NotAcceptedError([Refused("a", "NotAuthorizedForSourceException", "not your source")], 0)

    monkeypatch.setattr(SESMailClient, "_put", refuse)
    result = sesmail("send-bulk", str(people), *OPTIONS, "--yes")

    assert result.exit_code == 3
    assert "NotAuthorizedForSourceException: not your source" in result.stderr
    assert "Run the same command again" in result.stderr


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
    record(installed, found[21], Status.FAILED, errorType="template_render_error", errorMessage="x")
    record(installed, found[22], Status.DEFERRED, reason="paused")

    result = sesmail("send-bulk", str(people), *OPTIONS, "--yes")

    assert result.exit_code == 1
    assert "The mailing 'spring', 25 emails:" in result.stdout
    for line in ("20 delivered", "1 bounced", "1 failed: template_render_error", "1 deferred: paused", "2 on the bus"):
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
