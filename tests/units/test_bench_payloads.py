"""The minimal pipeline repeats the engine's calls, whichever threads the engine makes them in."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sesmail_layer.runtime import parallel
from sesmail_layer.runtime.parallel import Step
from sesmail_layer.runtime.settings import Settings
from tools.bench import counting, payloads
from tools.bench.minimal.handler import Call

MAIN, ONE, TWO, THREE = 1, 2, 3, 4
GUARDS: Call = ("dynamodb", "batch_get_item", {"RequestItems": {"shop-Suppression": {}}})
CLAIM: Call = ("dynamodb", "put_item", {"Item": {"status": {"S": "sending"}}})
SENT: Call = ("dynamodb", "put_item", {"Item": {"status": {"S": "sent"}}})
PUBLISH: Call = ("events", "put_events", {"Entries": [{}, {}]})


@pytest.mark.parametrize("publisher", [MAIN, ONE, TWO, THREE])
def test_what_follows_the_emails_is_found_in_whichever_thread_it_is(publisher: int) -> None:
    calls = [(MAIN, GUARDS), (ONE, CLAIM), (TWO, CLAIM), (TWO, SENT), (ONE, SENT), (publisher, PUBLISH)]
    assert payloads.split(calls) == {"before": [GUARDS], "each": [CLAIM, SENT], "after": [PUBLISH]}


def test_a_batch_without_an_email_is_an_error_that_says_so() -> None:
    with pytest.raises(ValueError, match="none of 1 calls records an email as sent"):
        payloads.split([(MAIN, GUARDS)])


@pytest.mark.parametrize("threaded", [False, True])
def test_the_senders_calls_are_captured_with_their_publication(threaded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_threads(steps: Sequence[Step]) -> None:
        run_all([*steps, lambda: None])

    run_all = parallel.run_all
    if threaded:
        monkeypatch.setattr("sesmail_layer.composition.email_sender.run_all", in_threads)
    with counting.engine() as (sender, _, _meter):
        sender.handle(counting.sqs_event(counting.request_bodies(payloads.BATCH)), 30)
        recorder = payloads.Recorder()
        recorded = type(sender)(Settings.from_env())
        batch = counting.sqs_event(counting.request_bodies(payloads.BATCH))
        captured = payloads.capture(recorder, lambda: recorded.handle(batch, 30))

    assert [call[1] for call in captured["after"]].count("put_events") == 1
    assert captured["each"][-1][2]["Item"]["status"] == {"S": "sent"}
    assert "send_email" in [call[1] for call in captured["each"]]
    assert "put_events" not in [call[1] for call in captured["each"] + captured["before"]]
