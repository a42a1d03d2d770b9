"""`sesmail cancel` on moto: one email, or all that match; what it says, and what it leaves."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from sesmail_cli.operator.command import CommandContext
from sesmail_layer.aws.cancel_rules import CancelRules
from sesmail_layer.aws.daily_figures import DailyFigures
from sesmail_layer.aws.status_bus import StatusBus
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord
from sesmail_layer.usecases.find import find
from tests.cli.conftest import NAME, SOURCE, MotoEngine, ago, sesmail, sesmail_json

SENT = Entry("sent/1", ago(50), 1, Status.SENT, detail={"sesMessageId": "0100-1"})
DEFERRED = Entry("mark/1/00001/deferred", ago(50), 1, Status.DEFERRED, detail={"reason": "scheduled"})


NOTHING_LEFT: dict[str, Any] = {"unpublished": {}, "uncounted": None}


def waiting(engine: MotoEngine, email_id: str, *, seconds_ago: float = 60, **given: object) -> None:
    at = ago(seconds_ago)
    facts = {"timestamp": at, "date_partition": at[:10], "request_event_id": f"event-{email_id}"}
    engine.record(DEFERRED, email_id=email_id, **facts | given)


def sent(engine: MotoEngine, email_id: str, **given: object) -> None:
    at = ago(60)
    engine.record(SENT, email_id=email_id, **{"timestamp": at, "date_partition": at[:10]} | given)


def records(engine: MotoEngine) -> dict[str, TrackingRecord]:
    ids = [item["emailId"]["S"] for item in engine.items("EmailTracking")]
    return dict(TrackingTable(engine.dynamodb, f"{NAME}-EmailTracking").get_many(ids))


def statuses(engine: MotoEngine) -> dict[str, str]:
    return {email_id: record.error_type or record.status for email_id, record in records(engine).items()}


# --- one email --------------------------------------------------------------------------------------------------------


def test_a_waiting_email_ends_cancelled_and_is_published(engine: MotoEngine) -> None:
    engine.subscribe()
    waiting(engine, "order-1")

    result = sesmail("cancel", "order-1", "--yes")

    assert result.exit_code == 0
    assert "order-1: It waits (status 'deferred')." in result.stdout
    assert "order-1 is cancelled: it ends 'failed', errorType 'cancelled'." in result.stdout
    assert statuses(engine) == {"order-1": "cancelled"}
    (event,) = map(json.loads, engine.bodies("published"))
    assert (event["detail"]["status"], event["detail"]["previousStatus"]) == ("failed", "deferred")
    assert event["detail"]["errorMessage"] == "Email not sent: cancelled by an operator"


def test_an_email_is_cancelled_before_its_request_arrives(engine: MotoEngine) -> None:
    engine.subscribe()

    answer = sesmail_json("cancel", "order-1", "--yes")

    assert answer == {"emailId": "order-1", "outcome": "before_request", "status": None} | NOTHING_LEFT
    assert statuses(engine) == {"order-1": "cancelled"}
    assert engine.bodies("published") == []


def test_what_ses_has_cannot_be_cancelled(engine: MotoEngine) -> None:
    sent(engine, "order-1")

    result = sesmail("cancel", "order-1", "--yes")

    assert result.exit_code == 1
    assert "was handed to SES already; it is not retried" in result.stdout
    assert statuses(engine) == {"order-1": "sent"}


def test_another_producer_s_email_under_the_same_id_stays(engine: MotoEngine) -> None:
    waiting(engine, "order-1", original_source="blog")
    sent(engine, "order-2")

    answer = sesmail_json("cancel", "order-1", "--producer", SOURCE, "--yes")

    assert answer["outcome"] == "before_request"
    assert statuses(engine) == {"order-1": "deferred", "order-2": "sent", answer["emailId"]: "cancelled"}


@pytest.mark.parametrize("options", [["--dry-run"], ["--dry-run", "--yes"], []])
def test_nothing_is_changed_without_consent(engine: MotoEngine, options: list[str]) -> None:
    waiting(engine, "order-1")

    for arguments in (["order-1"], ["--producer", SOURCE]):
        result = sesmail("cancel", *arguments, *options)
        assert result.exit_code == (0 if options else 1)
    assert statuses(engine) == {"order-1": "deferred"}
    assert engine.items("Control") == []


@pytest.mark.parametrize(("answer", "status"), [("y\n", "cancelled"), ("n\n", "deferred")])
def test_on_a_terminal_it_asks(engine: MotoEngine, monkeypatch: pytest.MonkeyPatch, answer: str, status: str) -> None:
    monkeypatch.setattr(CommandContext, "interactive", True)
    waiting(engine, "order-1")

    assert "Cancel it?" in sesmail("cancel", "order-1", answer=answer).stderr
    assert statuses(engine) == {"order-1": status}


# --- a selection ------------------------------------------------------------------------------------------------------


def test_a_selection_ends_what_matches_and_leaves_a_rule(engine: MotoEngine) -> None:
    engine.subscribe()
    for number in range(12):
        waiting(engine, f"import-{number}", tags=["spring"], template_name="newsletter")
    waiting(engine, "other-tag", tags=["autumn"], template_name="newsletter")
    waiting(engine, "other-template", tags=["spring"])
    waiting(engine, "other-producer", tags=["spring"], template_name="newsletter", original_source="blog")
    waiting(engine, "earlier", seconds_ago=7_000, tags=["spring"], template_name="newsletter")
    sent(engine, "gone", tags=["spring"], template_name="newsletter")
    engine.put("RetryQueue", "{}")
    selection = ("--producer", SOURCE, "--tag", "spring", "--template", "newsletter", "--since", "1h")
    before = time.time()

    result = sesmail("cancel", *selection, "--yes")

    assert result.exit_code == 1
    assert "12 cancelled" in result.stdout
    assert "1 handed to SES already: nothing can be done about them" in result.stdout
    assert "their number is not known. The rule is in force everywhere within 15 seconds" in result.stdout
    assert statuses(engine) == {f"import-{number}": "cancelled" for number in range(12)} | dict.fromkeys(
        ("other-tag", "other-template", "other-producer", "earlier"), "deferred"
    ) | {"gone": "sent"}
    assert len(engine.bodies("published")) == 12
    (rule,) = CancelRules(engine.dynamodb, f"{NAME}-Control").read(SOURCE).rules
    assert (rule.tag, rule.template, rule.by) == ("spring", "newsletter", "an operator")
    assert before <= rule.before <= time.time()
    assert rule.since == pytest.approx(before - 3_600, abs=20)


def test_a_selection_without_a_producer_is_of_all(engine: MotoEngine) -> None:
    waiting(engine, "order-1", tags=["spring"])

    answer = sesmail_json("cancel", "--tag", "spring", "--yes")

    assert answer["result"]["known"] == {"cancelled": 1}
    assert [rule.tag for rule in CancelRules(engine.dynamodb, f"{NAME}-Control").read("*").rules] == ["spring"]


def test_a_dry_run_says_what_would_happen(engine: MotoEngine) -> None:
    waiting(engine, "order-1")
    sent(engine, "order-2")

    answer = sesmail_json("cancel", "--producer", SOURCE, "--dry-run")

    assert answer["would"]["known"] == {"cancelled": 1, "handed_to_ses": 1}
    assert answer["cancelled"] is False


@pytest.mark.parametrize("options", [["--yes"], ["--dry-run"], []])
def test_a_producer_that_is_not_known_is_noted(engine: MotoEngine, options: list[str]) -> None:
    """It may be one whose mail is all scheduled, and older than what is looked at."""
    engine.put_state(SOURCE)

    result = sesmail("cancel", "--producer", "my.aplication", *options)

    assert "Did you mean 'my.application'? Known: my.application." in result.stderr
    rules = CancelRules(engine.dynamodb, f"{NAME}-Control").read("my.aplication").rules
    assert len(rules) == (1 if options == ["--yes"] else 0)


def test_with_yes_the_rule_comes_before_anything_is_counted(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(engine, "order-1")
    rules: list[int] = []

    def counted(*given: Any, **options: Any) -> Any:
        rules.append(len(CancelRules(engine.dynamodb, f"{NAME}-Control").read(SOURCE).rules))
        return find(*given, **options)

    monkeypatch.setattr("sesmail_cli.operator.cancelling.find", counted)

    assert sesmail("cancel", "--producer", SOURCE, "--yes").exit_code == 0
    assert rules == [1]


def test_a_preview_ends_after_some_pages_and_says_how_far_it_counted(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sesmail_cli.operator.cancelling.LARGEST_PAGE", 1)
    for number in range(5):
        waiting(engine, f"order-{number}", seconds_ago=60 * (number + 1))
    third = records(engine)["order-2"].timestamp

    result = sesmail("cancel", "--producer", SOURCE, "--dry-run")
    assert "3 would be cancelled" in result.stdout
    assert f"counted back to {third}; earlier emails are cancelled too" in result.stdout
    assert sesmail_json("cancel", "--producer", SOURCE, "--dry-run")["would"]["countedBackTo"] == third


def test_what_an_operator_cancels_is_counted_as_failed_once(engine: MotoEngine) -> None:
    for number in range(100):
        waiting(engine, f"order-{number}", tags=["spring"])
    waiting(engine, "alone", tags=["summer"])

    for _ in range(2):
        sesmail("cancel", "--tag", "spring", "--yes")
        sesmail("cancel", "alone", "--yes")
        sesmail("cancel", "not-there-yet", "--yes")

    by_tag = sesmail_json("report", "--by", "tag", "--since", "1d")
    assert {row["name"]: row["failed"] for row in by_tag["rows"]} == {"spring": 100, "summer": 1}
    assert by_tag["total"]["failed"] == 101


def test_where_the_figures_cannot_be_written_it_says_so(engine: MotoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting(engine, "order-1")

    def denied(*_given: object) -> None:
        raise TransientError("DynamoDB error in the control table: AccessDenied", code="AWS006")

    monkeypatch.setattr(DailyFigures, "add", denied)

    result = sesmail("cancel", "--producer", SOURCE, "--yes")

    assert result.exit_code == 0
    assert statuses(engine) == {"order-1": "cancelled"}
    assert "The figures of `sesmail report` lack some of them: DynamoDB error" in result.stderr


def test_it_may_be_repeated(engine: MotoEngine) -> None:
    waiting(engine, "order-1")
    sesmail("cancel", "--producer", SOURCE, "--yes")

    answer = sesmail_json("cancel", "--producer", SOURCE, "--yes")

    assert answer["result"]["known"] == {"cancelled_before": 1}
    assert len(CancelRules(engine.dynamodb, f"{NAME}-Control").read(SOURCE).rules) == 1


def test_where_statuses_may_not_be_published_it_says_who_does(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(engine, "order-1")
    denied = "NotAuthorizedForSourceException"
    monkeypatch.setattr(StatusBus, "publish", lambda _self, events: {each.event_id: denied for each in events})

    result = sesmail("cancel", "--producer", SOURCE, "--yes")

    assert result.exit_code == 0
    assert f"1 status events were not published: {denied}" in result.stderr
    assert "The engine publishes each when its message is read" in result.stderr


def test_a_hundred_rules_of_a_producer_are_enough(engine: MotoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sesmail_layer.domain.guards.cancelling.MOST_RULES", 1)
    waiting(engine, "order-1")
    sesmail("cancel", "--producer", SOURCE, "--tag", "a", "--yes")

    result = sesmail("cancel", "--producer", SOURCE, "--tag", "b", "--yes")

    assert result.exit_code == 2
    assert "1 cancellations are in force. They expire by themselves" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Which emails? Give an EMAIL_ID, or one or more of --producer"),
        (["order-1", "--tag", "a"], "An EMAIL_ID is one email"),
        (["--since", "yesterday"], "'yesterday' is no time"),
        (
            ["--since", "2999-01-01"],
            "The start (2999-01-01T00:00:00.000Z) is in the future: no email was accepted then.",
        ),
        (["--producer", "*"], "'*' is no producer"),
    ],
)
def test_a_wrong_argument_changes_nothing(engine: MotoEngine, arguments: list[str], message: str) -> None:
    engine.put_state(SOURCE)
    before = engine.items("Control")

    result = sesmail("cancel", *arguments, "--yes")

    assert result.exit_code == 2
    assert message in result.stderr
    assert engine.items("Control") == before
