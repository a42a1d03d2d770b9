"""The queues, their sources, and their dead-letter queues."""

from __future__ import annotations

import pytest

from tests.terraform.runner import ACCOUNT, REGION, Plan

NAME = "sesmailengine"
PAIRS = {
    "EmailQueue": "EmailQueueDLQ",
    "BulkQueue": "BulkQueueDLQ",
    "RetryQueue": "RetryDLQ",
    "BulkRetryQueue": "BulkRetryDLQ",
    "FeedbackQueue": "FeedbackProcessorDLQ",
}
READERS = {
    "EmailQueue": "EmailSender",
    "BulkQueue": "EmailSender",
    "RetryQueue": "EmailSender",
    "BulkRetryQueue": "EmailSender",
} | {"FeedbackQueue": "FeedbackProcessor"}
FOURTEEN_DAYS = 14 * 24 * 60 * 60


def arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{NAME}-{name}"


def test_the_queues_are_these(default: Plan) -> None:
    assert {queue.values["name"] for queue in default.all("aws_sqs_queue")} == {
        f"{NAME}-{name}" for name in (*PAIRS, *PAIRS.values(), "EventBridgeDLQ")
    }


@pytest.mark.parametrize(("queue", "dead_letter_queue"), PAIRS.items())
def test_after_five_receives_a_message_moves_to_the_queues_own_dlq(
    queue: str, dead_letter_queue: str, default: Plan
) -> None:
    assert default.one("aws_sqs_queue", name=f"{NAME}-{queue}").json("redrive_policy") == {
        "deadLetterTargetArn": arn("sqs", dead_letter_queue),
        "maxReceiveCount": 5,
    }
    assert default.one("aws_sqs_queue", name=f"{NAME}-{dead_letter_queue}").json("redrive_allow_policy") == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [arn("sqs", queue)],
    }


def test_every_queue_is_encrypted_polls_long_and_keeps_for_fourteen_days(default: Plan) -> None:
    for queue in default.all("aws_sqs_queue"):
        assert queue.values["sqs_managed_sse_enabled"] is True, queue.address
        assert queue.values["message_retention_seconds"] == FOURTEEN_DAYS, queue.address
        assert queue.values["receive_wait_time_seconds"] == 20, queue.address


@pytest.mark.parametrize("engine", ["default", "complete"])
def test_every_queue_takes_the_largest_request_or_more(engine: str, request: pytest.FixtureRequest) -> None:
    """Where requests are smaller than SQS allows, a larger one still arrives, and is recorded as rejected."""
    plan: Plan = request.getfixturevalue(engine)
    for queue in plan.all("aws_sqs_queue"):
        assert queue.values["max_message_size"] == 256 * 1024, queue.address


@pytest.mark.parametrize(("queue", "reader"), READERS.items())
@pytest.mark.parametrize("engine", ["default", "complete"])
def test_a_message_stays_hidden_for_six_times_the_readers_timeout(
    queue: str, reader: str, engine: str, request: pytest.FixtureRequest
) -> None:
    plan: Plan = request.getfixturevalue(engine)
    name = plan.one("aws_cloudwatch_event_bus").values["name"].removesuffix("-EmailBus")
    timeout = plan.one("aws_lambda_function", function_name=f"{name}-{reader}").values["timeout"]
    visibility = plan.one("aws_sqs_queue", name=f"{name}-{queue}").values["visibility_timeout_seconds"]
    assert visibility >= 6 * timeout


def test_every_queue_feeds_its_function_in_batches_with_partial_failures(default: Plan) -> None:
    mappings = default.all("aws_lambda_event_source_mapping")
    assert {
        (
            mapping.values["event_source_arn"],
            mapping.values["function_name"],
            mapping.values["batch_size"],
            mapping.values["maximum_batching_window_in_seconds"],
        )
        for mapping in mappings
    } == {
        (arn("sqs", queue), f"{NAME}-{reader}", *((50, 5) if queue == "FeedbackQueue" else (10, 0)))
        for queue, reader in READERS.items()
    }
    for mapping in mappings:
        assert mapping.values["function_response_types"] == ["ReportBatchItemFailures"]
        assert mapping.values["scaling_config"] == [{"maximum_concurrency": 5}]


def test_the_rules_target_their_queues_and_the_dlq_gets_what_cannot_be_delivered(default: Plan) -> None:
    targets = {target.values["rule"]: target.values for target in default.all("aws_cloudwatch_event_target")}
    assert {rule: values["arn"] for rule, values in targets.items()} == {
        f"{NAME}-EmailEventRule": arn("sqs", "EmailQueue"),
        f"{NAME}-BulkEventRule": arn("sqs", "BulkQueue"),
        f"{NAME}-CommandEventRule": arn("sqs", "EmailQueue"),
    }
    for values in targets.values():
        assert values["dead_letter_config"] == [{"arn": arn("sqs", "EventBridgeDLQ")}]
        assert values["retry_policy"] == [{"maximum_event_age_in_seconds": 86400, "maximum_retry_attempts": 185}]


def test_ses_events_and_pause_alarms_reach_the_feedback_queue(default: Plan) -> None:
    subscriptions = [
        subscription.values
        for subscription in default.all("aws_sns_topic_subscription")
        if subscription.values["protocol"] == "sqs"
    ]
    assert len(subscriptions) == 2
    for values in subscriptions:
        assert values["endpoint"] == arn("sqs", "FeedbackQueue")
        assert values["raw_message_delivery"] is False
        assert values["redrive_policy"] == f'{{"deadLetterTargetArn":"{arn("sqs", "FeedbackProcessorDLQ")}"}}'


def test_both_functions_may_feed_their_own_queues(default: Plan) -> None:
    configs = default.all("aws_lambda_function_recursion_config")
    assert {(one.values["function_name"], one.values["recursive_loop"]) for one in configs} == {
        (f"{NAME}-{function}", "Allow") for function in ("EmailSender", "FeedbackProcessor")
    }
