"""When a claim's silence means that SES never had the mail."""

from __future__ import annotations

import json

import pytest

from sesmail_layer.domain.ses.watermark import NOTE_SECONDS, PROBE, Progress, is_settled, probe, probe_sent_at

C, SETTLE = 1_000_000.0, 300.0


def settled(handled_until: float, *outstanding: float, now: float = C + 400) -> bool:
    return is_settled(C, SETTLE, Progress(handled_until, outstanding), now)


@pytest.mark.parametrize(("handled", "expected"), [(0, False), (C, False), (C + 299.9, False), (C + 300, True)])
def test_a_probe_sent_after_the_settling_time_has_to_be_handled(handled: float, expected: bool) -> None:
    assert settled(handled) is expected


@pytest.mark.parametrize(("seconds_ago", "expected"), [(0, False), (13.9, False), (14, True), (29, True)])
def test_what_could_not_be_noted_has_time_to_come_back_before_a_probe_counts(
    seconds_ago: float, expected: bool
) -> None:
    assert settled(C + 386, now=C + 386 + seconds_ago) is expected


@pytest.mark.parametrize(("sent_at", "expected"), [(C - 0.1, True), (C, False), (C + 1, False), (C + 350, False)])
def test_a_message_sent_after_the_claim_is_waited_for_and_an_older_one_is_not(sent_at: float, expected: bool) -> None:
    assert settled(C + 301, sent_at) is expected
    assert settled(C + 301, C - 5, sent_at) is expected


def test_a_note_counts_for_a_day() -> None:
    assert not settled(C + 301, C + 1, now=C + NOTE_SECONDS)
    assert settled(C + 301, C + 1, now=C + 1 + NOTE_SECONDS)


def test_a_probe_says_when_it_was_sent() -> None:
    assert probe_sent_at(json.loads(probe(C + 0.25))) == C + 0.25


@pytest.mark.parametrize("value", ["soon", None, [1], {}])
def test_what_is_no_probe_of_a_sender_reports_no_progress(value: object) -> None:
    assert probe_sent_at({PROBE: value}) == 0
