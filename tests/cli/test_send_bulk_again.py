"""`sesmail send-bulk` on moto: what a repeated run asks for, and what makes it the same mailing."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sesmail_client import NotAcceptedError, Refused, SESMailClient
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from tests.cli.bulk import OPTIONS, fail, ids, install_news, record, requests, write, write_people
from tests.cli.conftest import ADA, MotoEngine, sesmail, sesmail_json


@pytest.fixture
def installed(engine: MotoEngine) -> MotoEngine:
    return install_news(engine)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return write_people(tmp_path)


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
    failed, denied, *others = requests(installed)
    fail(installed, failed, "template_not_found")
    record(installed, denied["detail"]["emailId"], Status.FAILED, errorType="producer_denied", errorMessage="x")
    for email_id in ids(others):
        record(installed, email_id, Status.SENT)

    answer = sesmail_json("send-bulk", str(people), *OPTIONS, "--yes")

    assert answer["statuses"] == {"sent": 23, "on the bus": 2}
    assert sorted(ids(requests(installed))) == sorted(ids([failed, denied]))


def test_a_cancelled_email_is_not_asked_for_again(installed: MotoEngine, people: Path) -> None:
    sesmail_json("send-bulk", str(people), *OPTIONS, "--yes")
    cancelled, *others = requests(installed)
    fail(installed, cancelled, "cancelled")
    for email_id in ids(others):
        record(installed, email_id, Status.SENT)

    answer = sesmail_json("send-bulk", str(people), *OPTIONS, "--yes", exit_code=1)

    assert answer["statuses"] == {"sent": 24, "failed: cancelled": 1}
    assert requests(installed) == []


def test_the_report_waits_for_what_is_asked_for_again_and_counts_its_new_failure(
    installed: MotoEngine, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sesmail_json("send-bulk", str(people), *OPTIONS, "--yes")
    first = requests(installed)
    for event in first:
        fail(installed, event, "template_not_found")
    get_many, reads = TrackingTable.get_many, 0

    def failed_again(table: TrackingTable, email_ids: Collection[str]) -> Mapping[str, TrackingRecord]:
        nonlocal reads
        reads += 1
        found = get_many(table, email_ids)
        return {key: replace(one, request_event_id="later") for key, one in found.items()} if reads > 2 else found

    monkeypatch.setattr(TrackingTable, "get_many", failed_again)
    monkeypatch.setattr("sesmail_cli.bulk.outcome._POLL_SECONDS", 0)
    answer = sesmail_json("send-bulk", str(people), *OPTIONS, "--wait", "60", "--yes", exit_code=1)

    assert answer["statuses"] == {"failed: template_not_found": 25}
    assert reads == 3


def test_what_failed_before_with_other_data_is_named_and_not_asked_for_again(
    installed: MotoEngine, tmp_path: Path
) -> None:
    rows = [{"email": f"{name}@example.com", "userName": name, "companyName": [1.5, "Ö"]} for name in ("a", "b", "c")]
    path = write(tmp_path, "\n".join(map(json.dumps, rows)), "people.jsonl")
    options = ("--list-unsubscribe", "https://example.com/u", "--at", "2026-12-24T09:00:00Z", "--topic", "letters")
    sesmail_json("send-bulk", path, *OPTIONS, *options, "--yes")
    for event in requests(installed):
        fail(installed, event, "suppressed")
    installed.suppress(email="c@example.com")
    for row in rows[1:]:
        row["userName"] = "corrected"
    write(tmp_path, "\n".join(map(json.dumps, rows)), "people.jsonl")

    shown = sesmail("send-bulk", path, *OPTIONS, *options, "--dry-run")
    answer = sesmail_json("send-bulk", path, *OPTIONS, *options, "--yes", exit_code=1)

    assert "1 failed before with other data: send these rows under another --tag\n" in shown.stdout
    assert "Failed before with other data: lines 2\n" in shown.stderr
    assert [answer[name] for name in ("sent", "changed", "changedLines", "suppressed")] == [1, 1, [2], 1]
    assert [event["detail"]["to"] for event in requests(installed)] == ["a@example.com"]


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


def test_another_producer_s_mailing_of_the_same_tag_is_another_one(installed: MotoEngine, people: Path) -> None:
    sesmail_json("send-bulk", str(people), *OPTIONS, "--producer", "shop", "--yes")
    for email_id in ids(requests(installed)):
        record(installed, email_id, Status.SENT)

    assert sesmail_json("send-bulk", str(people), *OPTIONS, "--producer", "blog", "--yes")["sent"] == 25


def test_another_tag_or_key_is_another_email(installed: MotoEngine, tmp_path: Path) -> None:
    rows = f"{ADA},Ada,Acme,1\n{ADA},Ada,Acme,2\n"
    path = write(tmp_path, "email,userName,companyName,order\n" + rows)

    sesmail_json("send-bulk", path, *OPTIONS, "--key", "Order", "--yes")
    sesmail_json("send-bulk", path, *OPTIONS, "--key", "order", "--tag", "summer", "--yes")

    assert len(set(ids(requests(installed)))) == 4


def test_a_renamed_file_is_the_same_mailing_with_the_options_that_the_report_names(
    installed: MotoEngine, people: Path, tmp_path: Path
) -> None:
    content = people.read_text().replace("companyName", "companyName,[Order] No").replace("Acme", "Acme,7")
    people.write_text(content)
    options = ("--template", "news", "--key", "[Order] No", "--wait", "0", "--yes")

    shown = sesmail("send-bulk", str(people), *options)
    first = ids(requests(installed))
    _, named, _ = next(line for line in shown.stdout.splitlines() if line.startswith("with `")).split("`")
    moved = people.rename(tmp_path / "moved.csv")
    sesmail_json("send-bulk", str(moved), *shlex.split(named), "--wait", "0", "--yes")

    assert named == "--tag people --template news --producer sesmail.send-bulk --key '[Order] No'"
    assert sorted(ids(requests(installed))) == sorted(first)


def test_the_file_names_the_mailing_without_a_tag(installed: MotoEngine, people: Path, tmp_path: Path) -> None:
    path = people.rename(tmp_path / "März 2026 (all).csv")

    answer = sesmail_json("send-bulk", str(path), "--template", "news", "--wait", "0", "--yes")

    assert answer["tag"] == "M-rz-2026--all-"
    assert requests(installed)[0]["detail"]["tags"] == ["M-rz-2026--all-"]


@pytest.mark.parametrize("options", [[], ["--test-to", "me@example.com"]])
def test_what_eventbridge_does_not_take_is_said_with_its_reason(
    installed: MotoEngine, people: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    def refuse(*_arguments: Any, **_given: Any) -> None:
        raise NotAcceptedError([Refused("a", "NotAuthorizedForSourceException", "not your source")], 0)

    monkeypatch.setattr(SESMailClient, "_put", refuse)
    result = sesmail("send-bulk", str(people), *OPTIONS, *options, "--yes")

    assert result.exit_code == 3
    assert "NotAuthorizedForSourceException: not your source" in result.stderr
    assert "Run the same command again" in result.stderr
    identity = "--tag spring --template news --producer sesmail.send-bulk"
    assert f"with `{identity}` whatever the file is called then" in result.stderr
