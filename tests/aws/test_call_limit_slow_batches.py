"""A batch of 50 messages in the whole feedback processor while one of AWS's operations takes 3 s: it ends in time.

tests/unit/usecases/feedback/test_batch_slow_calls.py slows the calls of the use case down. A call of its may be several
of AWS's in a row, and several of its calls the same one of AWS's: here all calls of an operation are slow.
"""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stdout
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from moto import mock_aws

from sesmail_layer.aws import clients
from sesmail_layer.aws.call_limit import CallLimit
from sesmail_layer.aws.pending_table import PendingTable
from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.composition import feedback_processor
from sesmail_layer.composition.feedback_processor import FeedbackProcessor
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.sending_state import ACCOUNT
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.runtime.settings import Settings
from tests.aws.conftest import CONTROL
from tests.unit.usecases.feedback.test_batch_slow_calls import (
    FUNCTION_SECONDS,
    KEPT,
    MESSAGES,
    MakeMessage,
    about,
    hard_bounce,
    of_everything,
    received_twice,
    soft_bounce,
)
from tools.bench import counting
from tools.simulation.environment import ACCOUNT as AWS_ACCOUNT
from tools.simulation.environment import NAME, REGION
from tools.simulation.feedback import Feedback, delivered
from tools.simulation.outage_world import ParallelClock

SLOW_SECONDS, OTHER_SECONDS = 3.0, 0.005
LATEST = 12.0 + 0.05
"""Seconds: what is not slow takes its time, too."""
TAGS = 100


def delivery(feedback: Feedback, number: int) -> QueueMessage:
    return feedback.message(delivered(**about(number)))


@contextmanager
def processor(clock: ParallelClock, feedback: Feedback, sources: int) -> Iterator[FeedbackProcessor]:
    """Compose the function as in Lambda, in a new container, with 50 sent emails of these sources in the tables."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(counting, "SteadyClock", lambda: clock))
        stack.enter_context(patch.object(counting, "metered", lambda _engine: nullcontext()))
        stack.enter_context(patch.object(feedback_processor, "run_all", clock.run_all))
        stack.enter_context(redirect_stdout(io.StringIO()))
        stack.enter_context(counting.engine())
        stack.enter_context(patch.dict(os.environ, {"SESMAIL_BREAKER_MIN_BOUNCES": "5"}))
        dynamodb = boto3.client("dynamodb")
        tracking, pending = (
            TrackingTable(dynamodb, f"{NAME}-EmailTracking"),
            PendingTable(dynamodb, f"{NAME}-Pending", clock),
        )
        counts = SendingCounts(dynamodb, f"{NAME}-Control")
        for number in range(MESSAGES):
            record = feedback.sent(
                f"email-{number}",
                to=f"u{number}@example.com",
                original_source=f"source-{number % sources}",
                tags=[f"tag-{(number * 5 + each) % TAGS}" for each in range(5)],
            )
            tracking.create(record)
            pending.keep(record.email_id, KEPT)
        for source in range(sources):
            dynamodb.put_item(TableName=f"{NAME}-Control", Item={"pk": {"S": f"producer#source-{source}"}})
            counts.count_sent(f"source-{source}", 100, clock.now())
        counts.count_sent(ACCOUNT, 500, clock.now())
        yield FeedbackProcessor(Settings.from_env())


def run(make: MakeMessage, sources: int, slow: str = "") -> tuple[float, Counter[str]]:
    """Return the seconds that a batch takes in which this operation is slow, and its calls by operation."""
    clock, feedback, calls = ParallelClock(), Feedback(), Counter[str]()
    feedback.clock = clock

    def take_time(operation_name: str, **_: Any) -> None:
        calls[operation_name] += 1
        clock.sleep(SLOW_SECONDS if operation_name == slow else OTHER_SECONDS)

    with processor(clock, feedback, sources) as function:
        records = [_record(make(feedback, number)) for number in range(MESSAGES)]
        clients.session().register("request-created", take_time)
        began = clock.now()
        answer = function.handle({"Records": records}, FUNCTION_SECONDS)
    assert answer == {"batchItemFailures": []}, "what has no time left waits on the queue"
    return clock.now() - began, calls


def _record(message: QueueMessage) -> dict[str, Any]:
    return {
        "messageId": message.message_id,
        "body": message.body,
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{AWS_ACCOUNT}:{NAME}-FeedbackQueue",
        "attributes": {
            "ApproximateReceiveCount": str(message.receive_count),
            "SentTimestamp": str(int(message.sent_at * 1000)),
        },
    }


BATCHES = [
    (delivery, 1),
    (hard_bounce, 10),
    (soft_bounce, 1),
    (received_twice, 1),
    (of_everything, 50),
]


def test_after_the_limit_a_call_is_not_made_and_counts_as_one_without_an_answer() -> None:
    clock, calls = ParallelClock(), list[str]()
    limit = CallLimit(clock.now)
    with mock_aws():
        control = clients.session().create_client("dynamodb")
        limit.attach(control)
        control.meta.events.register("request-created", lambda operation_name, **_: calls.append(operation_name))
        limit.last_start = clock.now()
        clock.sleep(0.1)
        with pytest.raises(TransientError, match="NoTimeLeft"):
            SendingCounts(control, CONTROL).count_sent(ACCOUNT, 1, clock.now())
    assert calls == []


@pytest.mark.parametrize(("make", "sources"), BATCHES, ids=[make.__name__ for make, _ in BATCHES])
def test_fifty_messages_end_within_twelve_seconds_whichever_operation_takes_three(
    make: MakeMessage, sources: int
) -> None:
    quick, calls = run(make, sources)
    assert quick < 2, calls
    several = [operation for operation, count in sorted(calls.items()) if count > 3]
    took = {slow: run(make, sources, slow)[0] for slow in several}
    assert {slow: seconds for slow, seconds in took.items() if seconds > LATEST} == {}
