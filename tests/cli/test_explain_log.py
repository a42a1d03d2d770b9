"""`sesmail explain` on moto: what the sender's log knows of an email, and its record does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sesmail_cli.operator.email_log import EmailLog, read_email_log, summary
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from tests.cli.conftest import NAME, MotoEngine, ago, sesmail, sesmail_json

SENDING = Entry("mark/1/00001/sending", "2026-11-24T10:31:01.000Z", 1, Status.SENDING)
FAILED_TRY = {
    "level": "ERROR",
    "event": "email.send_failed",
    "email_id": "order-1",
    "code": "AWS001",
    "message": "DynamoDB error checking suppression: timed out",
}


def log(engine: MotoEngine, **line: Any) -> None:
    engine.log("EmailSender", json.dumps(FAILED_TRY | line))


def test_tries_and_the_last_error_of_an_email_that_is_not_sent_yet_come_first(engine: MotoEngine) -> None:
    engine.record(SENDING, timestamp=ago(300))
    for tries in range(1, 7):
        log(engine, tries=tries, gives_up_at="2026-11-25T10:31:00.000Z")
    log(engine, email_id="order-11", tries=99)

    result = sesmail("explain", "order-1")

    assert result.exit_code == 1
    assert "Tries in a row that failed: 6" in result.stdout
    assert "AWS001: DynamoDB error checking suppression: timed out" in result.stdout
    [step] = [line for line in result.stdout.splitlines() if line.startswith("Next:")]
    assert step.startswith("Next: Fix the cause of the last error (docs/error-codes.md says what AWS001 means)")
    assert step.endswith("at least every 45 s, until 2026-11-25T10:31:00.000Z.")


def test_an_email_without_a_record_shows_its_tries_too(engine: MotoEngine) -> None:
    log(engine, tries=3)

    found = sesmail_json("explain", "order-1", exit_code=1)

    assert (found["status"], found["log"]["tries"]) == (None, 3)
    assert found["log"]["lastError"]["code"] == "AWS001"
    assert found["nextSteps"][0].startswith("Fix the cause of the last error")


def test_an_error_that_is_over_does_not_count_and_needs_nothing(engine: MotoEngine) -> None:
    engine.record(SENDING, Entry("sent/1", ago(1), 1, Status.SENT), timestamp=ago(300))
    log(engine, tries=2)
    log(engine, level="INFO", event="email.sent", message=None, code=None)

    found = sesmail_json("explain", "order-1")

    assert found["log"]["tries"] == 0
    assert found["log"]["lastError"]["code"] == "AWS001"
    assert found["nextSteps"] == ["Nothing yet: SES reports its delivery or bounce, and tries for up to 14 hours."]


def test_duplicates_and_conflicts_are_counted(engine: MotoEngine) -> None:
    engine.record(SENDING, timestamp=ago(300))
    for _ in range(2):
        log(engine, level="INFO", event="email.duplicate")
    for _ in range(2):
        log(engine, event="email.failed", email_id="email-7", error_type="duplicate_conflict", conflicts_with="order-1")

    shown = sesmail("explain", "order-1").stdout

    assert "Duplicates: the same request arrived 2 more times, and was not sent again" in shown
    assert "Conflicts: other requests used its emailId: email-7\n" in shown


def test_without_the_right_to_read_the_log_the_record_is_explained(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_given: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "FilterLogEvents")

    monkeypatch.setattr("sesmail_cli.operator.explaining.read_email_log", denied)
    engine.record(SENDING)

    result = sesmail("explain", "order-1")

    assert "order-1 to ada@example.com: sending" in result.stdout
    assert "The sender's log could not be read, so tries and errors are not shown: AWS denied" in result.stderr


def test_a_large_log_is_searched_for_a_bounded_time_and_says_so() -> None:
    class Clock:
        seconds = 0.0

        def now(self) -> float:
            self.seconds += 3.0
            return self.seconds

        def sleep(self, seconds: float) -> None:
            raise AssertionError(seconds)

    class Logs:
        pages = 0

        def get_paginator(self, name: str) -> Logs:
            assert name == "filter_log_events"
            return self

        def paginate(self, **given: Any) -> Any:
            assert given["filterPattern"] == '"order-1"'
            while True:
                self.pages += 1
                line = json.dumps(FAILED_TRY | {"tries": self.pages})
                yield {"events": [{"timestamp": self.pages, "message": line}], "nextToken": "more"}

    logs = Logs()

    found = read_email_log(logs, f"/aws/lambda/{NAME}-EmailSender", "order-1", 0, Clock())

    assert (found.complete, found.tries, logs.pages) == (False, 2, 2)


@pytest.mark.parametrize("email_id", ['a" "b', "a\\"])
def test_an_id_that_would_end_the_pattern_is_not_searched_for(email_id: str) -> None:
    assert read_email_log(None, "group", email_id, 0, None) == EmailLog()  # type: ignore[arg-type]


def test_lines_of_strange_values_are_summed_up_all_the_same() -> None:
    lines = [(1.0, {"email_id": "order-1", "level": "ERROR", "tries": "many", "event": "email.send_failed"})]

    found = summary(lines, "order-1")

    assert found.tries == 0
    assert found.last_error is not None
    assert found.last_error.message == "email.send_failed"
