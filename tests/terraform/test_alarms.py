"""Every alarm, whole: metrics, rule and actions; what it says; and that what it watches exists."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from sesmail_layer.domain.guards.breaker import SES_ALARMS
from tests.cli.test_docs import OURS
from tests.terraform.runner import ACCOUNT, REGION, ROOT, Plan

NAME = "sesmailengine"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}-Alarms"

# What a plan says of an alarm besides its texts and tags; what is not set is absent.
Alarm = dict[str, Any]
# Namespace, metric, dimensions, statistic, period in seconds.
Metric = tuple[str, str, dict[str, str], str, int]

_TEXTS = {"alarm_name", "alarm_description", "label", "tags", "tags_all"}


def on(metric: Metric, *, over: float, periods: int = 1, missing: str = "notBreaching", topic: str = TOPIC) -> Alarm:
    """Return a whole alarm on one metric."""
    return _metric(metric, "statistic") | _rule(over, periods, missing, topic)


def on_total(
    expression: str, *, over: float, periods: int = 1, topic: str = TOPIC, of: dict[str, Metric], total: str = "total"
) -> Alarm:
    """Return a whole alarm on an expression, of id `total`, over metrics by their ids."""
    queries: dict[str, Any] = {name: {"metric": [_metric(metric, "stat")]} for name, metric in of.items()}
    queries[total] = {"expression": expression, "return_data": True}
    return {"metric_query": queries} | _rule(over, periods, "notBreaching", topic)


def _metric(metric: Metric, statistic: str) -> dict[str, Any]:
    return _set(dict(zip(("namespace", "metric_name", "dimensions", statistic, "period"), metric, strict=True)))


def _rule(over: float, periods: int, missing: str, topic: str) -> Alarm:
    return {
        "comparison_operator": "GreaterThanThreshold",
        "threshold": over,
        "evaluation_periods": periods,
        "treat_missing_data": missing,
        "actions_enabled": True,
        "alarm_actions": [topic],
        "ok_actions": [topic],
    }


def _set(values: dict[str, Any]) -> dict[str, Any]:
    """Leave out the texts and what is not set; a threshold of 0 is set."""
    return {
        key: value
        for key, value in values.items()
        if key not in _TEXTS and value is not None and value is not False and value not in ("", [], {})
    }


def depth(queue: str, engine: str = NAME) -> Alarm:
    metric = ("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": f"{engine}-{queue}"}, "Maximum", 60)
    return on(metric, over=0, topic=TOPIC.replace(NAME, engine))


def age(queue: str, seconds: int) -> Alarm:
    return on((*_AGE, {"QueueName": f"{NAME}-{queue}"}, "Maximum", 60), over=seconds, periods=3)


def errors(function: str, engine: str = NAME) -> Alarm:
    """A partial batch failure is no Lambda error, so both are added up."""
    name = f"{engine}-{function}"
    return on_total(
        "FILL(errors, 0) + FILL(failed, 0)",
        over=50,
        periods=2,
        topic=TOPIC.replace(NAME, engine),
        of={
            "errors": ("AWS/Lambda", "Errors", {"FunctionName": name}, "Sum", 300),
            "failed": ("SESMail", "RecordFailed", {"Name": engine, "FunctionName": name}, "Sum", 300),
        },
    )


def own(name: str, statistic: str, period: int) -> Metric:
    """A metric of the engine."""
    return "SESMail", name, {"Name": NAME}, statistic, period


def ses(rate: str, statistic: str, period: int) -> Metric:
    return "AWS/SES", f"Reputation.{rate}", {}, statistic, period


def undelivered(metric: str, rule: str) -> Metric:
    """With one dimension alone it would be the default bus's."""
    return "AWS/Events", metric, {"EventBusName": f"{NAME}-EmailBus", "RuleName": f"{NAME}-{rule}EventRule"}, "Sum", 60


_AGE = ("AWS/SQS", "ApproximateAgeOfOldestMessage")
ALARMS: dict[str, Alarm] = {
    "EventBridgeDLQ-Depth": depth("EventBridgeDLQ"),
    "EmailQueueDLQ-Depth": depth("EmailQueueDLQ"),
    "BulkQueueDLQ-Depth": depth("BulkQueueDLQ"),
    "BulkRetryDLQ-Depth": depth("BulkRetryDLQ"),
    "RetryDLQ-Depth": depth("RetryDLQ"),
    "FeedbackDLQ-Depth": depth("FeedbackProcessorDLQ"),
    "EmailSender-Errors": errors("EmailSender"),
    "FeedbackProcessor-Errors": errors("FeedbackProcessor"),
    "SES-BounceRate": on(ses("BounceRate", "Average", 3600), over=0.03, periods=2, missing="ignore"),
    "SES-ComplaintRate": on(ses("ComplaintRate", "Average", 3600), over=0.0005, periods=2, missing="ignore"),
    "SES-BounceRate-Pause": on(ses("BounceRate", "Maximum", 300), over=0.05, missing="ignore"),
    "SES-ComplaintRate-Pause": on(ses("ComplaintRate", "Maximum", 300), over=0.001, missing="ignore"),
    "Sender-Refused": on(own("SenderRefused", "Sum", 300), over=2),
    "Sending-Paused": on(own("SendingPaused", "Maximum", 60), over=0, missing="ignore"),
    "Waiting-Transient": on(own("TransientErrorAge", "Maximum", 300), over=300),
    "Daily-Quota": on(own("DailyQuotaUsed", "Maximum", 300), over=0.9),
    "EmailQueue-Age": age("EmailQueue", 300),
    "FeedbackQueue-Age": age("FeedbackQueue", 300),
    "RetryQueue-Age": age("RetryQueue", 1200),
    "BulkRetryQueue-Age": age("BulkRetryQueue", 1200),
    "BulkQueue-Age": on_total(
        "IF(sent > 0 * age, 0, age)",
        over=900,
        of={
            "age": (*_AGE, {"QueueName": f"{NAME}-BulkQueue"}, "Maximum", 900),
            "sent": own("BulkEmailSent", "Sum", 900),
        },
        total="stuck",
    ),
    "Feedback-Silent": on_total(
        "IF(FILL(sent, 0) >= 5 AND FILL(recorded, 0) == 0, 1, 0)",
        over=0,
        periods=2,
        of={"sent": own("EmailSent", "Sum", 900), "recorded": own("FeedbackRecorded", "Sum", 900)},
        total="silent",
    ),
    "EventBridge-Undeliverable": on_total(
        "FILL(dead_letters0, 0) + FILL(dead_letters1, 0) + FILL(dead_letters2, 0)"
        " + FILL(events0, 0) + FILL(events1, 0) + FILL(events2, 0)",
        over=0,
        periods=15,
        of={
            f"{kind}{index}": undelivered(metric, rule)
            for kind, metric in (("events", "FailedInvocations"), ("dead_letters", "InvocationsFailedToBeSentToDlq"))
            for index, rule in enumerate(("Email", "Bulk", "Command"))
        },
    )
    # One of the 15: its value may be late, and FILL has written a zero by then.
    | {"datapoints_to_alarm": 1},
    "Throttles": on_total(
        "FILL(emailsender, 0) + FILL(feedbackprocessor, 0)",
        over=0,
        periods=3,
        of={
            name.lower(): ("AWS/Lambda", "Throttles", {"FunctionName": f"{NAME}-{name}"}, "Sum", 300)
            for name in ("EmailSender", "FeedbackProcessor")
        },
    ),
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


def whole(values: Mapping[str, Any]) -> Alarm:
    """Return what a plan says of an alarm, in the form of the table."""
    queries = {query["id"]: _query(query) for query in values["metric_query"] or []}
    return _set({**values, "metric_query": queries})


def _query(query: dict[str, Any]) -> dict[str, Any]:
    return _set({**query, "id": None, "metric": [_set(metric) for metric in query["metric"]]})


def test_the_alarms_are_exactly_these(default: Plan) -> None:
    assert {name: whole(values) for name, values in alarms(default).items()} == ALARMS


def test_what_is_switched_on_has_its_alarm(plan: Callable[[str], Plan]) -> None:
    def planned(name: str, alarm_name: str) -> Alarm:
        return whole(plan(name).one("aws_cloudwatch_metric_alarm", alarm_name=alarm_name).values)

    assert planned("complete", "mail-Unsubscribe-Errors") == errors("Unsubscribe", "mail")
    assert planned("cross-account", "mail-StatusEventsDLQ-Depth") == depth("StatusEventsDLQ", "mail")
    # Its actions, as those of all alarms there: test_companies.
    tripped = planned("organisation", f"{NAME}-Breaker-Tripped")
    expected = on(own("BreakerTripped", "Maximum", 60), over=0)
    assert tripped | {name: expected[name] for name in ("alarm_actions", "ok_actions")} == expected


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


def test_alarms_are_emailed_to_the_admin(default: Plan) -> None:
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
