"""`sesmail send-bulk` on moto: what it refuses before the first email, by line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sesmail_cli.bulk.columns import Columns
from sesmail_cli.bulk.mailing import SOURCE, Mailing, Refused, request_of
from sesmail_cli.bulk.rows import Row
from sesmail_client import Email, SESMailClient
from sesmail_client.schema_check import SchemaCheck, load_schema
from tests.cli.bulk import BUCKET, HEADER, OPTIONS, CountingBus, install_news, requests, write, write_people
from tests.cli.conftest import ADA, MotoEngine, sesmail, sesmail_json


@pytest.fixture
def installed(engine: MotoEngine) -> MotoEngine:
    return install_news(engine)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return write_people(tmp_path)


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


@pytest.mark.parametrize("text", ["x", "ü"])
def test_the_check_takes_what_the_client_takes_to_the_byte(text: str) -> None:
    bus: Any = CountingBus()
    mailing = Mailing(template="news", tag="spring")
    columns = Columns(("email",), {"userName": "username"}, ())

    def email(size: int) -> Email:
        name = text * (size // len(text.encode())) + "x" * (size % len(text.encode()))
        return mailing.email(Row(2, {"email": ADA, "username": name}), columns, 0)

    others = len(json.dumps(request_of(email(1)), separators=(",", ":"))) - 1

    SESMailClient(SOURCE, events=bus).send_many([email(251 * 1024 - others)])
    with pytest.raises(Refused, match="templateData: found 257025 bytes in all; allowed: 257024"):
        email(251 * 1024 - others + 1)
    assert bus.taken == 1


def test_what_the_client_alone_refuses_is_refused_by_line(
    installed: MotoEngine, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = SchemaCheck(load_schema("email-request.schema.json"))
    strict.main["properties"]["to"]["maxLength"] = len("reader9@example.com")
    monkeypatch.setattr("sesmail_cli.bulk.mailing._CLIENT_CHECK", strict)

    answer = sesmail_json("send-bulk", str(people), *OPTIONS, "--yes", exit_code=1)

    assert [each["line"] for each in answer["refusals"]] == list(range(12, 27))
    assert answer["refusals"][0]["reason"] == "to: found 20 characters; allowed: at most 19"
    assert requests(installed) == []


def test_a_pipe_is_refused_since_its_rows_can_be_read_once(installed: MotoEngine, tmp_path: Path) -> None:
    pipe = tmp_path / "people.csv"
    os.mkfifo(pipe)

    result = sesmail("send-bulk", str(pipe), *OPTIONS, "--yes")

    assert result.exit_code == 2
    assert "is no regular file: write what a pipe has to a file" in result.stderr


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
    installed.s3.put_object(Bucket=BUCKET, Key="templates/news/template.txt", Body=b"{{ undeclared }}")

    result = sesmail("send-bulk", str(people), *OPTIONS, "--yes")

    assert result.exit_code == 2
    assert "Line 2: Failed to render template 'news': Undefined variable: 'undeclared'" in result.stderr
    assert requests(installed) == []


@pytest.mark.parametrize(
    ("rule", "options", "message"),
    [
        ("refuse", [], "--list-unsubscribe: found nothing; allowed: a URL or mailto:…"),
        ("warn", ["--list-unsubscribe", "true"], "--list-unsubscribe: found true; allowed: a URL or mailto:…"),
    ],
)
def test_mail_that_the_engine_would_fail_for_its_unsubscribing_is_refused(
    installed: MotoEngine, people: Path, rule: str, options: list[str], message: str
) -> None:
    installed.configure(SESMAIL_BULK_REQUIRES_UNSUBSCRIBE=rule)

    result = sesmail("send-bulk", str(people), *OPTIONS, *options, "--yes")

    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "unsubscribe_endpoint = true" in result.stderr
    assert requests(installed) == []
