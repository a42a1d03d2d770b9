"""Checks of the alarms: someone gets them, CloudWatch may publish them, none is switched off."""

from __future__ import annotations

from collections.abc import Iterable

from sesmail_cli.doctor.facts import APPLY, Facts
from sesmail_cli.doctor.findings import Check, Finding, needs_fix, ok
from sesmail_cli.doctor.flow import topic_takes

_PENDING, _DELETED = "PendingConfirmation", "Deleted"
# The engine's own subscriptions, by which alarms on SES's rates trip the breaker.
_OWN = "sqs"


def subscriptions(facts: Facts) -> Iterable[Finding]:
    topic = facts.arn("sns", facts.resource_name("Alarms"))
    yield from topic_takes(
        facts, topic, "cloudwatch.amazonaws.com", facts.arn("cloudwatch", f"alarm:{facts.engine.name}-*")
    )
    pages = facts.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    subscribed = [each for page in pages for each in page["Subscriptions"]]
    queue = facts.arn("sqs", facts.resource_name("FeedbackQueue"))
    if queue not in [each["Endpoint"] for each in subscribed]:
        what = "the alarms on SES's own rates do not reach the engine, so its breaker does not trip by them"
        yield needs_fix(what, fix="Apply Terraform again.", command=APPLY, subject=facts.resource_name("FeedbackQueue"))
    everyone = [each for each in subscribed if each["Protocol"] != _OWN]
    # Whoever unsubscribes stays in the list for some days.
    live = [each for each in everyone if each["SubscriptionArn"] != _DELETED]
    pending = [each for each in live if each["SubscriptionArn"] == _PENDING]
    for each in pending:
        yield needs_fix(
            f"{each['Endpoint']} has not confirmed the subscription to the alarms",
            fix="Open the mail from AWS Notifications (look in spam, too) and follow its link; it is valid for three "
            "days. To get another:",
            command=f"aws sns subscribe --topic-arn {topic} "
            f"--protocol {each['Protocol']} --notification-endpoint {each['Endpoint']}",
            subject=each["Endpoint"],
        )
    if not live:
        what = "no one is subscribed to the alarms"
        yield needs_fix(what, fix="Apply Terraform again, then follow the link in the mail from AWS.", command=APPLY)
    elif len(pending) < len(live):
        yield ok(f"alarms reach {', '.join(each['Endpoint'] for each in live if each not in pending)}")


def alarms(facts: Facts) -> Iterable[Finding]:
    prefix = facts.resource_name("")
    pages = facts.engine.cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    everything = [alarm for page in pages for alarm in page["MetricAlarms"]]
    # Another engine's name may begin with this one's; its parts begin with a capital, as no engine's name does.
    found = [alarm for alarm in everything if alarm["AlarmName"].removeprefix(prefix)[:1].isupper()]
    topic = facts.arn("sns", facts.resource_name("Alarms"))
    silent = sorted(alarm["AlarmName"] for alarm in found if topic not in alarm.get("AlarmActions", ()))
    off = sorted(alarm["AlarmName"] for alarm in found if not alarm.get("ActionsEnabled", True))
    if not found:
        yield needs_fix(f"CloudWatch has no alarm {prefix}…", fix="Create them again.", command=APPLY)
    elif off:
        yield needs_fix(
            f"{len(off)} of {len(found)} alarms do nothing when they fire: {', '.join(off)}",
            fix="Switch their actions on.",
            command=f"aws cloudwatch enable-alarm-actions --alarm-names {' '.join(off)}",
        )
    if silent:
        what = f"{len(silent)} of {len(found)} alarms do not go to {facts.resource_name('Alarms')}: {', '.join(silent)}"
        yield needs_fix(what, fix="Apply Terraform again: it writes their actions as they were.", command=APPLY)
    if found and not off and not silent:
        yield ok(f"{len(found)} alarms are switched on")


_GROUP = "Alarms"
CHECKS = (
    Check(
        id="alarm-subscription",
        group=_GROUP,
        title="Subscription",
        why="Until someone confirms it, no alarm reaches anyone, and the breaker or a dead letter goes unseen.",
        run=subscriptions,
    ),
    Check(
        id="alarms",
        group=_GROUP,
        title="Alarms",
        why="An alarm without its actions informs no one when it fires.",
        run=alarms,
    ),
)
