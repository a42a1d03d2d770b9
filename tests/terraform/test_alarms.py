"""Every alarm by name, metric and threshold; what it does; and that what it watches exists."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from sesmail_layer.domain.guards.breaker import SES_ALARMS
from tests.cli.test_docs import OURS
from tests.terraform.runner import ACCOUNT, REGION, ROOT, Plan

NAME = "sesmailengine"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}-Alarms"

# Name: namespace, metric, dimensions, statistic, period, evaluation periods, threshold, missing data.
_DEPTH = ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
_AGE = ("AWS/SQS", "ApproximateAgeOfOldestMessage")
ALARMS: dict[str, tuple[object, ...]] = {
    "EventBridgeDLQ-Depth": (*_DEPTH, {"QueueName": f"{NAME}-EventBridgeDLQ"}, "Maximum", 60, 1, 0, "notBreaching"),
    "EmailQueueDLQ-Depth": (*_DEPTH, {"QueueName": f"{NAME}-EmailQueueDLQ"}, "Maximum", 60, 1, 0, "notBreaching"),
    "BulkQueueDLQ-Depth": (*_DEPTH, {"QueueName": f"{NAME}-BulkQueueDLQ"}, "Maximum", 60, 1, 0, "notBreaching"),
    "BulkRetryDLQ-Depth": (*_DEPTH, {"QueueName": f"{NAME}-BulkRetryDLQ"}, "Maximum", 60, 1, 0, "notBreaching"),
    "RetryDLQ-Depth": (*_DEPTH, {"QueueName": f"{NAME}-RetryDLQ"}, "Maximum", 60, 1, 0, "notBreaching"),
    "FeedbackDLQ-Depth": (*_DEPTH, {"QueueName": f"{NAME}-FeedbackProcessorDLQ"}, "Maximum", 60, 1, 0, "notBreaching"),
    "SES-BounceRate": ("AWS/SES", "Reputation.BounceRate", {}, "Average", 3600, 2, 0.03, "ignore"),
    "SES-ComplaintRate": ("AWS/SES", "Reputation.ComplaintRate", {}, "Average", 3600, 2, 0.0005, "ignore"),
    "SES-BounceRate-Pause": ("AWS/SES", "Reputation.BounceRate", {}, "Maximum", 300, 1, 0.05, "ignore"),
    "SES-ComplaintRate-Pause": ("AWS/SES", "Reputation.ComplaintRate", {}, "Maximum", 300, 1, 0.001, "ignore"),
    "Sender-Refused": ("SESMail", "SenderRefused", {"Name": NAME}, "Sum", 300, 1, 2, "notBreaching"),
    "Sending-Paused": ("SESMail", "SendingPaused", {"Name": NAME}, "Maximum", 60, 1, 0, "ignore"),
    "Waiting-Transient": ("SESMail", "TransientErrorAge", {"Name": NAME}, "Maximum", 300, 1, 300, "notBreaching"),
    "EmailQueue-Age": (*_AGE, {"QueueName": f"{NAME}-EmailQueue"}, "Maximum", 60, 3, 300, "notBreaching"),
    "FeedbackQueue-Age": (*_AGE, {"QueueName": f"{NAME}-FeedbackQueue"}, "Maximum", 60, 3, 300, "notBreaching"),
    "RetryQueue-Age": (*_AGE, {"QueueName": f"{NAME}-RetryQueue"}, "Maximum", 60, 3, 1200, "notBreaching"),
    "BulkRetryQueue-Age": (*_AGE, {"QueueName": f"{NAME}-BulkRetryQueue"}, "Maximum", 60, 3, 1200, "notBreaching"),
    "Daily-Quota": ("SESMail", "DailyQuotaUsed", {"Name": NAME}, "Maximum", 300, 1, 0.9, "notBreaching"),
}


def alarms(plan: Plan) -> dict[str, dict[str, Any]]:
    name = plan.one("aws_cloudwatch_event_bus").values["name"].removesuffix("EmailBus")
    return {
        alarm.values["alarm_name"].removeprefix(name): dict(alarm.values)
        for alarm in plan.all("aws_cloudwatch_metric_alarm")
    }


def _queries(plan: Plan) -> list[dict[str, Any]]:
    return [
        metric
        for values in alarms(plan).values()
        for query in values["metric_query"] or []
        for metric in query["metric"]
    ]


def test_metric_alarms_are_exactly_these(default: Plan) -> None:
    found = {
        name: (
            values["namespace"],
            values["metric_name"],
            values["dimensions"] or {},
            values["statistic"],
            values["period"],
            values["evaluation_periods"],
            values["threshold"],
            values["treat_missing_data"],
        )
        for name, values in alarms(default).items()
        if not values["metric_query"]
    }
    assert found == ALARMS


def test_function_alarms_add_failed_records_to_failed_invocations(default: Plan) -> None:
    for function in ("EmailSender", "FeedbackProcessor"):
        values = alarms(default)[f"{function}-Errors"]
        assert (values["threshold"], values["evaluation_periods"], values["treat_missing_data"]) == (
            50,
            2,
            "notBreaching",
        )
        queries = {query["id"]: query for query in values["metric_query"]}
        assert queries["total"]["expression"] == "FILL(errors, 0) + FILL(failed, 0)"
        assert [name for name, query in queries.items() if query["return_data"]] == ["total"]
        read = {
            name: (metric["namespace"], metric["metric_name"], metric["dimensions"], metric["stat"], metric["period"])
            for name, query in queries.items()
            for metric in query["metric"]
        }
        function_name = f"{NAME}-{function}"
        assert read == {
            "errors": ("AWS/Lambda", "Errors", {"FunctionName": function_name}, "Sum", 300),
            "failed": ("SESMail", "RecordFailed", {"Name": NAME, "FunctionName": function_name}, "Sum", 300),
        }


def test_an_event_or_dead_letter_that_a_rule_cannot_deliver_fires_an_alarm(default: Plan) -> None:
    """With one dimension alone the metrics would be those of the default bus."""
    values = alarms(default)["EventBridge-Undeliverable"]
    assert (values["threshold"], values["evaluation_periods"], values["treat_missing_data"]) == (0, 1, "notBreaching")
    read = {
        (metric["metric_name"], *sorted(metric["dimensions"].items()), metric["stat"])
        for query in values["metric_query"]
        for metric in query["metric"]
    }
    rules = [rule.values["name"] for rule in default.all("aws_cloudwatch_event_rule")]
    assert read == {
        (metric, ("EventBusName", f"{NAME}-EmailBus"), ("RuleName", rule), "Sum")
        for metric in ("FailedInvocations", "InvocationsFailedToBeSentToDlq")
        for rule in rules
    }
    (total,) = [query for query in values["metric_query"] if query["return_data"]]
    assert total["expression"].count("FILL(") == len(read)


def test_there_are_no_other_alarms(default: Plan) -> None:
    assert set(alarms(default)) == {
        *ALARMS,
        "EmailSender-Errors",
        "FeedbackProcessor-Errors",
        "EventBridge-Undeliverable",
        "Throttles",
        *EXPRESSIONS,
    }


# Name: threshold, evaluation periods, expression, and by id namespace, metric, dimensions, statistic, period.
EXPRESSIONS: dict[str, tuple[float, int, str, dict[str, tuple[object, ...]]]] = {
    "BulkQueue-Age": (
        900,
        1,
        "IF(sent > 0 * age, 0, age)",
        {
            "age": (*_AGE, {"QueueName": f"{NAME}-BulkQueue"}, "Maximum", 900),
            "sent": ("SESMail", "BulkEmailSent", {"Name": NAME}, "Sum", 900),
        },
    ),
    "Feedback-Silent": (
        0,
        2,
        "IF(FILL(sent, 0) >= 5 AND FILL(recorded, 0) == 0, 1, 0)",
        {
            "sent": ("SESMail", "EmailSent", {"Name": NAME}, "Sum", 900),
            "recorded": ("SESMail", "FeedbackRecorded", {"Name": NAME}, "Sum", 900),
        },
    ),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_alarm_over_two_metrics_reads_them_as_they_are_emitted(default: Plan, name: str) -> None:
    values = alarms(default)[name]
    threshold, periods, expression, metrics = EXPRESSIONS[name]
    assert (values["threshold"], values["evaluation_periods"], values["treat_missing_data"]) == (
        threshold,
        periods,
        "notBreaching",
    )
    assert [query["expression"] for query in values["metric_query"] if query["return_data"]] == [expression]
    read = {
        query["id"]: (one["namespace"], one["metric_name"], one["dimensions"], one["stat"], one["period"])
        for query in values["metric_query"]
        for one in query["metric"]
    }
    assert read == metrics


def test_every_alarm_names_a_command_that_exists(default: Plan) -> None:
    """The mail of an alarm is read at night, on a phone."""
    known = {names[0] for names, _ in OURS}
    for name, values in alarms(default).items():
        named = re.findall(r"\bsesmail ([a-z]+)", values["alarm_description"])
        assert named or re.search(r"\baws [a-z0-9]+ [a-z-]+", values["alarm_description"]), name
        assert set(named) <= known, name
        assert len(values["alarm_description"]) <= 1024, name


def test_alarms_on_ses_rates_say_what_ses_does(default: Plan) -> None:
    """https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html"""
    for rate, limits in {"BounceRate": ("5 %", "10 %"), "ComplaintRate": ("0.1 %", "0.5 %")}.items():
        for end in ("", "-Pause"):
            text = alarms(default)[f"SES-{rate}{end}"]["alarm_description"]
            assert f"SES reviews accounts at {limits[0]}" in text
            assert f"pauses their sending at {limits[1]}" in text


def test_the_engine_knows_the_pause_alarms_by_their_names() -> None:
    assert set(SES_ALARMS) == {name for name in ALARMS if name.endswith("-Pause")}


def test_the_feature_guide_counts_the_alarms(default: Plan) -> None:
    assert f"| alarms | {len(alarms(default))}, to one topic" in (ROOT / "docs/ai/FEATURE_GUIDE.md").read_text()


def test_throttled_functions_fire_one_alarm(default: Plan) -> None:
    values = alarms(default)["Throttles"]
    assert (values["threshold"], values["evaluation_periods"], values["treat_missing_data"]) == (0, 3, "notBreaching")
    read = {
        (metric["namespace"], metric["metric_name"], metric["dimensions"]["FunctionName"], metric["stat"])
        for query in values["metric_query"]
        for metric in query["metric"]
    }
    assert read == {
        ("AWS/Lambda", "Throttles", f"{NAME}-{function}", "Sum") for function in ("EmailSender", "FeedbackProcessor")
    }


def test_every_alarm_tells_the_admin_when_it_rises_and_when_it_falls(default: Plan) -> None:
    for name, values in alarms(default).items():
        assert values["alarm_actions"] == [TOPIC], name
        assert values["ok_actions"] == [TOPIC], name
        assert values["actions_enabled"] is True, name
        assert values["comparison_operator"] == "GreaterThanThreshold", name
    mail = default.one("aws_sns_topic_subscription", protocol="email")
    assert mail.values["endpoint"] == "ops@example.com"


def test_the_breaker_hears_of_the_pause_alarms_by_their_names(default: Plan) -> None:
    (subscription,) = [
        values
        for values in (resource.values for resource in default.all("aws_sns_topic_subscription"))
        if values["filter_policy"]
    ]
    assert subscription["filter_policy_scope"] == "MessageBody"
    named = json.loads(subscription["filter_policy"])["AlarmName"]
    assert {name.removeprefix(f"{NAME}-") for name in named} == {name for name in ALARMS if name.endswith("-Pause")}


def test_thresholds_follow_their_variables(complete: Plan) -> None:
    found = alarms(complete)
    assert found["SES-BounceRate"]["threshold"] == 0.02
    assert found["SES-BounceRate-Pause"]["threshold"] == 0.04


def test_alarms_and_dashboard_watch_queues_and_functions_that_exist(default: Plan) -> None:
    names = {queue.values["name"] for queue in default.all("aws_sqs_queue")}
    names |= {function.values["function_name"] for function in default.all("aws_lambda_function")}
    names |= {rule.values["name"] for rule in default.all("aws_cloudwatch_event_rule")}
    names |= {default.one("aws_cloudwatch_event_bus").values["name"], NAME}
    watched = {value for values in alarms(default).values() for value in (values["dimensions"] or {}).values()}
    watched |= {value for query in _queries(default) for value in query["dimensions"].values()}
    for widget in default.one("aws_cloudwatch_dashboard").json("dashboard_body")["widgets"]:
        for metric in widget["properties"]["metrics"]:
            # Namespace, metric, then dimension and value in turn; an object at the end holds the line's settings.
            watched |= {value for value in metric[3::2] if isinstance(value, str)}
    assert watched <= names
