"""`sesmail pause` and `sesmail resume` on moto: the states that they write, and the events that they publish."""

from __future__ import annotations

import json
import time

import pytest

from sesmail_layer.aws.producer_states import ProducerStates
from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.aws.status_bus import StatusBus
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.guards.sending_state import Evidence, SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from tests.cli.conftest import NAME, SOURCE, MotoEngine, ago, sesmail, sesmail_json


@pytest.fixture(autouse=True)
def listed_producer(engine: MotoEngine) -> None:
    engine.list_producer()


def state(engine: MotoEngine, source: str = "*") -> SendingState | None:
    """As the sender reads it."""
    return ProducerStates(engine.dynamodb, f"{NAME}-Control").states([source]).get(source)


def test_a_pause_stops_all_sending_and_says_why(engine: MotoEngine) -> None:
    answer = sesmail_json("pause", "--all", "--reason", "wrong prices")

    assert answer["source"] == "*"
    found = state(engine)
    assert found is not None
    assert (found.paused, found.paused_by, found.paused_reason) == (True, "operator", "wrong prices")
    assert found.paused_at == answer["state"]["pausedAt"]


def test_a_pause_of_one_producer_does_not_affect_others(engine: MotoEngine) -> None:
    result = sesmail("pause", "--producer", SOURCE)

    assert "events with exactly this source: 'my.application'" in result.stdout
    assert (found := state(engine, SOURCE)) is not None
    assert found.paused
    assert state(engine) is None


def test_a_pause_by_an_operator_replaces_that_of_the_breaker_and_ends_its_probes(engine: MotoEngine) -> None:
    engine.put_state(
        SOURCE,
        paused=True,
        paused_by="breaker",
        opened_at=1.0,
        trip="bounce",
        evidence=Evidence(window_seconds=3_600, emails=100, bounces=10, complaints=0),
        counts_from=7.0,
        probes=["a"],
        probed_at=2.0,
        good_probes=1,
    )

    answer = sesmail_json("pause", "--producer", SOURCE)

    found = state(engine, SOURCE)
    assert found is not None
    assert not found.probing(time.time(), 0)
    assert found == SendingState(
        paused=True,
        paused_by="operator",
        paused_at=answer["state"]["pausedAt"],
        counts_from=7.0,
        excluded=True,
    )


def test_resume_ends_a_pause_of_the_breaker_and_resets_its_counts(engine: MotoEngine) -> None:
    engine.put_state(SOURCE, paused=True, paused_by="breaker", opened_at=1.0, trip="complaint", probes=["a"])

    answer = sesmail_json("resume", "--producer", SOURCE)

    assert answer["resumed"] is True
    assert answer["before"]["trip"] == "complaint"
    found = state(engine, SOURCE)
    assert found is not None
    assert found == SendingState(counts_from=found.counts_from)
    assert abs(found.counts_from - time.time()) < 5


def test_resume_without_a_pause_changes_nothing(engine: MotoEngine) -> None:
    result = sesmail("resume", "--all")

    assert result.exit_code == 0
    assert "all sending was not paused" in result.stdout
    assert [item["pk"]["S"] for item in engine.items("Control")] == [f"producer#{SOURCE}"]


def test_resume_lists_what_is_still_paused(engine: MotoEngine) -> None:
    sesmail("pause", "--all")
    sesmail("pause", "--producer", SOURCE, "--reason", "on holiday")

    result = sesmail("resume", "--producer", SOURCE)

    assert "Still paused: all sending" in result.stderr
    assert list(sesmail_json("resume", "--producer", SOURCE)["stillPaused"]) == ["*"]


def test_pause_and_resume_publish_the_events_of_the_breaker(engine: MotoEngine) -> None:
    engine.subscribe()

    sesmail("pause", "--producer", SOURCE, "--reason", "wrong prices")
    sesmail("resume", "--producer", SOURCE, "--reason", "fixed")
    sesmail("resume", "--producer", SOURCE)

    paused, resumed = map(json.loads, engine.bodies("published"))
    assert paused["source"] == resumed["source"] == "sesmailengine"
    assert paused["detail-type"] == "Email Sending Paused"
    assert resumed["detail-type"] == "Email Sending Resumed"
    for event, reason in ((paused, "wrong prices"), (resumed, "fixed")):
        detail = event["detail"]
        assert (detail["producer"], detail["reason"], detail["by"]) == (SOURCE, reason, "operator")
    assert "until" not in paused["detail"]


def test_a_pause_holds_even_if_its_event_is_not_published(engine: MotoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StatusBus, "announce", lambda *_: "AccessDeniedException")

    result = sesmail("pause", "--all")

    assert result.exit_code == 0
    assert "'Email Sending Paused' was not published to subscribers: AccessDeniedException" in result.stderr
    assert (found := state(engine)) is not None
    assert found.paused


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_where_publishing_is_denied_the_state_is_written_and_the_variable_is_named(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    states: list[bool] = []

    def denied(*_: object) -> str:
        states.append(bool((found := state(engine)) and found.paused))
        return "AccessDeniedException"

    engine.put_state("*", paused=command == "resume", paused_by="operator")
    monkeypatch.setattr(StatusBus, "announce", denied)

    result = sesmail(command, "--all")

    assert result.exit_code == 0
    assert states == [command == "pause"], "the state is written before the event is published"
    assert "It is in force anyway. To publish it, add your role to operator_principals" in result.stderr


def test_the_settings_of_the_engine_are_used(engine: MotoEngine) -> None:
    engine.configure(SESMAIL_MAX_HOLD_HOURS="6", SESMAIL_STATUS_EVENT_SOURCE="mail.example")
    engine.subscribe()

    result = sesmail("pause", "--all")

    assert "held for longer than 6 h" in result.stdout
    assert json.loads(engine.bodies("published")[0])["source"] == "mail.example"


def test_markup_in_a_reason_is_printed_unchanged(engine: MotoEngine) -> None:
    assert "[red]alert[/red]" in sesmail("pause", "--all", "--reason", "[red]alert[/red]").stdout


@pytest.mark.parametrize("paused", [{"S": "yes"}, {"N": "1"}, {"NULL": True}], ids=str)
def test_a_pause_in_a_row_of_another_program_is_shown_and_ended(engine: MotoEngine, paused: dict[str, object]) -> None:
    """The sender holds mail for it, since it cannot read it otherwise."""
    row = {"pk": {"S": f"state#{SOURCE}"}, "paused": paused, "countsFrom": {"S": "never"}, "probes": {"N": "1"}}
    engine.dynamodb.put_item(TableName=f"{NAME}-Control", Item=row)
    assert (found := state(engine, SOURCE)) is not None
    assert found.paused

    assert sesmail_json("status", exit_code=1)["paused"].keys() == {SOURCE}
    assert "Resumed" in sesmail("resume", "--producer", SOURCE).stdout
    assert (found := state(engine, SOURCE)) is not None
    assert not found.paused


def test_a_pause_overwrites_a_row_of_another_program(engine: MotoEngine) -> None:
    row = {"pk": {"S": f"state#{SOURCE}"}, "paused": {"S": "yes"}, "countsFrom": {"S": "never"}, "trip": {"N": "1"}}
    engine.dynamodb.put_item(TableName=f"{NAME}-Control", Item=row)

    answer = sesmail_json("pause", "--producer", SOURCE, "--reason", "wrong prices")

    assert answer["state"]["pausedReason"] == "wrong prices"


def account_excludes(engine: MotoEngine) -> Counts:
    return sum(SendingCounts(engine.dynamodb, f"{NAME}-Control").excluded(time.time()).values(), Counts())


def test_a_paused_producer_is_excluded_from_the_accounts_rate_once(engine: MotoEngine) -> None:
    counts = SendingCounts(engine.dynamodb, f"{NAME}-Control")
    counts.count(SOURCE, Counts(200, 50, 1), time.time() - 7_200)
    counts.count(SOURCE, Counts(100, 20), time.time())
    sesmail("pause", "--producer", SOURCE)
    sesmail("pause", "--producer", SOURCE)
    assert account_excludes(engine) == Counts(300, 70, 1)

    sesmail("resume", "--producer", SOURCE)
    assert account_excludes(engine) == Counts(300, 70, 1)


def test_a_resumption_excludes_what_an_interrupted_pause_did_not(engine: MotoEngine) -> None:
    SendingCounts(engine.dynamodb, f"{NAME}-Control").count(SOURCE, Counts(100, 20), time.time())
    engine.put_state(SOURCE, paused=True, paused_by="breaker", trip="bounce")
    sesmail("resume", "--producer", SOURCE)

    assert account_excludes(engine) == Counts(100, 20)


def test_a_pause_of_the_account_excludes_nothing(engine: MotoEngine) -> None:
    SendingCounts(engine.dynamodb, f"{NAME}-Control").count("*", Counts(100, 20), time.time())
    sesmail("pause", "--all")
    sesmail("resume", "--all")

    assert account_excludes(engine) == Counts()


def test_a_pause_holds_even_if_its_counts_cannot_be_excluded(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> None:
        raise TransientError("DynamoDB error in the control table: AccessDeniedException", code="AWS006")

    monkeypatch.setattr(SendingCounts, "exclude", denied)
    result = sesmail("pause", "--producer", SOURCE)

    assert result.exit_code == 0
    assert "The account's rate still counts this producer's emails" in result.stderr
    assert (found := state(engine, SOURCE)) is not None
    assert found.paused


# --- whose sending ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["pause", "resume"])
@pytest.mark.parametrize("options", [[], ["--all", "--producer", SOURCE]])
def test_whose_sending_must_be_said_once(engine: MotoEngine, command: str, options: list[str]) -> None:
    result = sesmail(command, *options)

    assert result.exit_code == 2
    assert "Give --producer SOURCE for one producer, or --all for all sending" in result.stderr
    assert state(engine) is None


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_an_unknown_producer_is_refused_and_the_known_are_named(engine: MotoEngine, command: str) -> None:
    engine.put_state("blog", paused=True)
    SendingCounts(engine.dynamodb, f"{NAME}-Control").count("a#shop", Counts(emails=1), time.time())

    result = sesmail(command, "--producer", "my.aplication")

    assert result.exit_code == 2
    assert "This engine knows no producer 'my.aplication'. Did you mean 'my.application'?" in result.stderr
    assert "Known: a#shop, blog, my.application." in result.stderr
    assert state(engine, "my.aplication") is None


def test_an_unknown_producer_can_be_paused_by_force(engine: MotoEngine) -> None:
    assert "If the name is right, add --force." in sesmail("pause", "--producer", "later").stderr
    assert sesmail("pause", "--producer", "later", "--force").exit_code == 0
    assert (found := state(engine, "later")) is not None
    assert found.paused


def test_a_producer_that_only_schedules_is_known_behind_the_mail_of_others(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sesmail_layer.usecases.find.READS_PER_PAGE", 2)
    monkeypatch.setattr("sesmail_layer.usecases.find._CHUNK", 1)
    waits = Entry("mark/1/00001/deferred", ago(50), 1, Status.DEFERRED, detail={"reason": "scheduled"})
    for number, source in enumerate(["others", "others", "others", "scheduling"]):
        at = ago(60 * (number + 1))
        engine.record(waits, email_id=f"e{number}", original_source=source, timestamp=at, date_partition=at[:10])

    assert sesmail("pause", "--producer", "scheduling").exit_code == 0


def test_everybody_is_no_producer(engine: MotoEngine) -> None:
    assert "give --all for all sending" in sesmail("pause", "--producer", "*").stderr
    assert state(engine) is None


def test_a_producer_that_is_not_listed_can_be_paused_once_it_sends(engine: MotoEngine) -> None:
    SendingCounts(engine.dynamodb, f"{NAME}-Control").count("counted", Counts(emails=1), time.time())
    engine.record(email_id="one", original_source="recorded", timestamp=ago(60), date_partition=ago(60)[:10])
    claim = TrackingTable(engine.dynamodb, f"{NAME}-EmailTracking").get_many(["one"])["one"]
    assert TrackingTable(engine.dynamodb, f"{NAME}-EmailTracking").replace(claim) is None

    for source in ("counted", "recorded"):
        assert sesmail("pause", "--producer", source).exit_code == 0
    assert "no producer" in sesmail("pause", "--producer", "neither").stderr
