"""Claims that the table may have written without an answer, and nothing was sent: the email waits seconds, no lease."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError, PermanentError, RateLimited, TransientError
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.request.envelopes import open_envelope
from sesmail_layer.usecases.sender.batch import SendEmails
from sesmail_layer.usecases.sender.deliver import lease_offsets
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

NO_ANSWER = TransientError("DynamoDB: ReadTimeoutError", code="FBK003")
NOT_SENT = [
    TransientError("SES error (connection)", code="SES009"),
    RateLimited(2),
    PermanentError("ses_rejected", "SES error (MessageRejected)", code="SES001"),
]


def without_answer(call: Callable[..., Any], times: int) -> Callable[..., Any]:
    """The call takes effect; its first answers are lost."""
    left = [times]

    def answered(*args: Any) -> Any:
        found = call(*args)
        left[0] -= 1
        if left[0] >= 0:
            raise NO_ANSWER
        return found

    return answered


def run_until_sent(sender: Sender) -> float:
    message = sender.message(request(emailId="one"))
    assert sender.run(message) == set()
    while not sender.mailer.accepted and sender.clock.now() < NOW + 1_000:
        sender.run_waiting()
    return sender.clock.now() - NOW


@pytest.mark.parametrize("times", [1, 3])
def test_a_claim_whose_answer_was_lost_is_taken_up_by_the_next_try(times: int) -> None:
    sender = Sender()
    sender.tracking.create = without_answer(sender.tracking.create, 1)  # type: ignore[method-assign]
    sender.tracking.replace = without_answer(sender.tracking.replace, times - 1)  # type: ignore[method-assign]
    assert run_until_sent(sender) < 15
    assert sender.tracking.records["one"].status is Status.SENT
    assert sender.tracking.records["one"].attempt == 1


@pytest.mark.parametrize("error", NOT_SENT[:2], ids=lambda error: type(error).__name__)
def test_a_claim_that_could_not_be_given_back_is_taken_up_by_the_next_try(error: Exception) -> None:
    sender = Sender()
    sender.mailer.answers = [error]
    replace = sender.tracking.replace
    sender.tracking.replace = lambda _record: (_ for _ in ()).throw(NO_ANSWER)  # type: ignore[method-assign,assignment]
    assert sender.run(sender.message(request(emailId="one"))) == set()
    assert sender.tracking.records["one"].lease_until > NOW
    sender.tracking.replace = replace  # type: ignore[method-assign]
    sender.run_waiting()
    assert (len(sender.mailer.accepted), sender.clock.now() - NOW < 15) == (1, True)


def test_a_refusal_that_could_not_be_recorded_is_recorded_by_the_next_try() -> None:
    sender = Sender()
    sender.mailer.answers = [NOT_SENT[2], NOT_SENT[2]]
    replace = sender.tracking.replace
    sender.tracking.replace = lambda _record: (_ for _ in ()).throw(NO_ANSWER)  # type: ignore[method-assign,assignment]
    assert sender.run(sender.message(request(emailId="one"))) == set()
    sender.tracking.replace = replace  # type: ignore[method-assign]
    sender.run_waiting()
    assert sender.tracking.records["one"].status is Status.FAILED


def test_a_claim_of_unknown_outcome_is_not_taken_up() -> None:
    sender = Sender()
    sender.tracking.create = without_answer(sender.tracking.create, 1)  # type: ignore[method-assign]
    sender.mailer.late_answers = [OutcomeUnknownError("ReadTimeoutError")]
    assert sender.run(sender.message(request(emailId="one"))) == set()
    for _ in range(3):
        sender.run_waiting()
    assert len(sender.mailer.accepted) == 1
    assert sender.tracking.records["one"].status is Status.SENDING


def test_a_claim_whose_record_was_not_written_is_not_taken_up() -> None:
    sender = Sender()
    sender.tracking.replace = lambda _record: (_ for _ in ()).throw(NO_ANSWER)  # type: ignore[method-assign,assignment]
    assert sender.run(sender.message(request(emailId="one"))) == set()
    for _ in range(4):
        sender.run_waiting()
    assert len(sender.mailer.accepted) == 1


def test_no_two_claims_have_the_same_lease() -> None:
    sender = Sender()
    sender.mailer.answers = [OutcomeUnknownError("ReadTimeoutError")] * 10
    sender.run(*(sender.message(request(emailId=f"m-{number}")) for number in range(10)))
    assert len({record.lease_until for record in sender.tracking.records.values()}) == 10


def test_no_two_batches_of_a_container_have_the_same_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.5)
    sender = Sender()
    sender.mailer.answers = [OutcomeUnknownError("ReadTimeoutError")] * 2
    container = SendEmails(sender.ports(), sender.rules)
    for email_id in ("one", "two"):
        container([sender.message(request(emailId=email_id))], NOW + 30)
    assert sender.tracking.records["one"].lease_until != sender.tracking.records["two"].lease_until


def test_the_leases_of_a_container_that_lives_long_end_no_later_and_differ_in_an_invocation() -> None:
    offsets = lease_offsets()
    first = [next(offsets) for _ in range(900)]
    later = list(itertools.islice(offsets, 1_000_000, 1_000_900))
    for some in (first, later):
        assert 0 <= min(some) <= max(some) < 0.01
        assert len({NOW + 35 + offset for offset in some}) == 900


def test_threads_that_take_leases_at_the_same_time_get_different_ones() -> None:
    offsets = lease_offsets()
    with ThreadPoolExecutor(8) as pool:
        taken = [one for some in pool.map(lambda _: [next(offsets) for _ in range(100)], range(8)) for one in some]
    assert len(set(taken)) == 800


def test_a_claim_that_is_another_workers_is_not_noted_as_unsent() -> None:
    sender = Sender()
    sender.mailer.late_answers = [OutcomeUnknownError("ReadTimeoutError")]
    message = sender.message(request(emailId="one"))
    sender.run(message)
    sender.waiting.take()
    sender.run(message)
    [(body, _)] = sender.waiting.take()
    assert open_envelope(body).hop.unsent == ()


@pytest.mark.parametrize("method", ["create", "replace"])
def test_a_claim_that_botocore_wrote_twice_is_this_workers_own(method: str) -> None:
    """The first answer was lost; the second says that the condition fails, and returns what the first has written."""
    sender = Sender()
    if method == "replace":
        sender.mailer.answers = [TransientError("SES error (connection)", code="SES009")]
        sender.run(sender.message(request(emailId="one")))
    write = getattr(sender.tracking, method)

    def twice(record: TrackingRecord) -> TrackingRecord | None:
        assert write(record) is None
        setattr(sender.tracking, method, write)
        return sender.tracking.records["one"]

    setattr(sender.tracking, method, twice)
    sender.run_waiting() if method == "replace" else sender.run(sender.message(request(emailId="one")))
    assert len(sender.mailer.accepted) == 1
    record = sender.tracking.records["one"]
    assert (record.status, record.attempt, sender.waiting.messages) == (Status.SENT, 1, [])
