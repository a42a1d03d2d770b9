"""Alarms: all there, all with their action, none firing, and an action that arrives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tools.aws_check.deployment import ADMIN
from tools.aws_check.engine import Engine
from tools.aws_check.results import Check, Evidence, require

TRIED = "EmailQueueDLQ-Depth"


def _alarms(engine: Engine) -> dict[str, Mapping[str, Any]]:
    """Return CloudWatch's alarms of this engine by name."""
    pages = engine.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{engine.name}-")
    return {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}


def check_actions(engine: Engine) -> Evidence:
    """Each alarm of the configuration exists and publishes to the topic when it fires."""
    alarms = _alarms(engine)
    planned = {values["alarm_name"] for values in engine.deployment.planned("aws_cloudwatch_metric_alarm")}
    missing = sorted(planned - alarms.keys())
    require(not missing, f"Alarms are missing: {missing}", alarms=sorted(alarms))
    topic = engine.outputs["alarm_notification_topic_arn"]
    silent = sorted(
        name for name, a in alarms.items() if topic not in a.get("AlarmActions", []) or not a["ActionsEnabled"]
    )
    require(not silent, f"Alarms without their action: {silent}", alarms=sorted(alarms))
    return {"alarms": len(alarms)}


def check_states(engine: Engine) -> Evidence:
    """No alarm fires. Those on SES's rates look at the whole account, so they are only reported."""
    alarms = _alarms(engine)
    firing = {name: alarm["StateReason"] for name, alarm in alarms.items() if alarm["StateValue"] == "ALARM"}
    own = {name: reason for name, reason in firing.items() if not name.startswith(f"{engine.name}-SES-")}
    require(not own, f"Alarms fire: {own}")
    states = sorted(alarm["StateValue"] for alarm in alarms.values())
    return {"states": {state: states.count(state) for state in states}, "firing_on_account": sorted(firing)}


def check_subscriptions(engine: Engine) -> Evidence:
    """The topic mails the operator, and hands the two pause alarms to the engine."""
    sns, topic = engine.client("sns"), engine.outputs["alarm_notification_topic_arn"]
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    found = [subscription for page in pages for subscription in page["Subscriptions"]]
    mailed = [s for s in found if (s["Protocol"], s["Endpoint"]) == ("email", ADMIN)]
    require(mailed, "The topic does not mail admin_email", protocols=sorted(s["Protocol"] for s in found))
    queue = engine.arn("sqs", f"{engine.name}-FeedbackQueue")
    breaker = [s for s in found if s["Endpoint"] == queue]
    require(breaker, "The pause alarms do not reach the engine: no subscription of NAME-FeedbackQueue")
    attributes = sns.get_subscription_attributes(SubscriptionArn=breaker[0]["SubscriptionArn"])["Attributes"]
    names = sorted(json.loads(attributes.get("FilterPolicy", "{}")).get("AlarmName", []))
    require(len(names) == 2, f"The engine's subscription filters {names}, not the two pause alarms")
    return {"subscriptions": sorted(s["Protocol"] for s in found), "pause_alarms": names}


def check_delivery(engine: Engine) -> Evidence:
    """An alarm that is set to ALARM arrives at a subscriber of the topic.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html: a metric alarm returns to
    its actual state by itself.
    """
    name = f"{engine.name}-{TRIED}"
    engine.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="make aws-check")

    def arrived() -> list[dict[str, Any]]:
        alarms = engine.events("Alarms")
        return [a for a in alarms if (a.get("AlarmName"), a.get("NewStateValue")) == (name, "ALARM")]

    [found, *_] = engine.wait(arrived, lambda: f"the notification of {name}", engine.patience_seconds)
    return {"alarm": name, "state_change_time": found.get("StateChangeTime", "")}


CHECKS = (
    Check("Every alarm exists and has its action", check_actions, "Look at modules/alarms; apply again."),
    Check("No alarm fires", check_states, "Read the alarm's reason; its description names the command to run."),
    Check("The alarm topic has its subscriptions", check_subscriptions, "Look at modules/alarms; apply again."),
    Check(
        "An alarm's notification arrives",
        check_delivery,
        "Check the policy of NAME-Alarms: CloudWatch must be allowed to publish for this account's alarms.",
    ),
)
