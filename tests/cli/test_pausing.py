"""`sesmail pause` and `sesmail resume` on moto: what they leave in the control table for the engine to read."""

from __future__ import annotations

import json
import time

import pytest

from sesmail_layer.aws.producer_states import ProducerStates
from sesmail_layer.aws.status_bus import StatusBus
from sesmail_layer.domain.guards.sending_state import Evidence, SendingState
from tests.cli.conftest import NAME, SOURCE, Engine, sesmail, sesmail_json


def state(engine: Engine, source: str = "*") -> SendingState | None:
    """As the sender reads it."""
    return ProducerStates(engine.dynamodb, f"{NAME}-Control").states([source]).get(source)


def test_a_pause_stops_all_sending_and_says_why(engine: Engine) -> None:
    answer = sesmail_json("pause", "--reason", "wrong prices")

    assert answer["source"] == "*"
    found = state(engine)
    assert found is not None
    assert (found.paused, found.paused_by, found.paused_reason) == (True, "operator", "wrong prices")
    assert found.paused_at == answer["state"]["pausedAt"]


def test_one_producer_s_pause_leaves_the_others_alone(engine: Engine) -> None:
    result = sesmail("pause", "--producer", SOURCE)

    assert "source is exactly 'my.application'" in result.stdout
    assert (found := state(engine, SOURCE)) is not None
    assert found.paused
    assert state(engine) is None


def test_an_operator_s_pause_replaces_the_breaker_s_so_that_nothing_is_probed(engine: Engine) -> None:
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
        paused=True, paused_by="operator", paused_at=answer["state"]["pausedAt"], counts_from=7.0
    )


def test_resume_ends_the_breaker_s_pause_too_and_lets_old_bounces_count_no_more(engine: Engine) -> None:
    engine.put_state(SOURCE, paused=True, paused_by="breaker", opened_at=1.0, trip="complaint", probes=["a"])

    answer = sesmail_json("resume", "--producer", SOURCE)

    assert answer["resumed"] is True
    assert answer["before"]["trip"] == "complaint"
    found = state(engine, SOURCE)
    assert found is not None
    assert found == SendingState(counts_from=found.counts_from)
    assert abs(found.counts_from - time.time()) < 5


def test_resuming_what_is_not_paused_changes_nothing(engine: Engine) -> None:
    result = sesmail("resume")

    assert result.exit_code == 0
    assert "all sending was not paused" in result.stdout
    assert engine.items("Control") == []


def test_resume_tells_what_is_still_paused(engine: Engine) -> None:
    sesmail("pause")
    sesmail("pause", "--producer", SOURCE, "--reason", "on holiday")

    result = sesmail("resume", "--producer", SOURCE)

    assert "Still paused: all sending" in result.stderr
    assert list(sesmail_json("resume", "--producer", SOURCE)["stillPaused"]) == ["*"]


def test_subscribers_hear_of_it_as_of_the_breaker_s(engine: Engine) -> None:
    engine.subscribe()

    sesmail("pause", "--producer", SOURCE, "--reason", "wrong prices")
    sesmail("resume", "--producer", SOURCE, "--reason", "mended")
    sesmail("resume", "--producer", SOURCE)

    paused, resumed = map(json.loads, engine.bodies("heard"))
    assert paused["source"] == resumed["source"] == "sesmailengine"
    assert paused["detail-type"] == "Email Sending Paused"
    assert resumed["detail-type"] == "Email Sending Resumed"
    for event, reason in ((paused, "wrong prices"), (resumed, "mended")):
        detail = event["detail"]
        assert (detail["producer"], detail["reason"], detail["by"]) == (SOURCE, reason, "operator")
    assert "until" not in paused["detail"]


def test_a_bus_that_refuses_is_a_note_and_the_pause_stands(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StatusBus, "announce", lambda *_: "AccessDeniedException")

    result = sesmail("pause")

    assert result.exit_code == 0
    assert "Subscribers were not told ('Email Sending Paused'): AccessDeniedException" in result.stderr
    assert (found := state(engine)) is not None
    assert found.paused


def test_the_engine_s_own_settings_are_told(engine: Engine) -> None:
    engine.configure(SESMAIL_MAX_HOLD_HOURS="6", SESMAIL_STATUS_EVENT_SOURCE="mail.example")
    engine.subscribe()

    result = sesmail("pause")

    assert "held for longer than 6 h" in result.stdout
    assert json.loads(engine.bodies("heard")[0])["source"] == "mail.example"


def test_a_reason_with_markup_is_shown_as_it_is(engine: Engine) -> None:
    assert "[red]alert[/red]" in sesmail("pause", "--reason", "[red]alert[/red]").stdout
