"""Checks of the ways of requests and of SES's events: rules, queues, configuration set, topic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sesmail_cli.doctor.account import SUPPRESSED, words_of
from sesmail_cli.doctor.facts import APPLY, FUNCTIONS, Facts, is_not_found
from sesmail_cli.doctor.findings import Check, Finding, State, needs_fix, ok, skipped, unknown
from sesmail_cli.doctor.policies import allows
from sesmail_cli.doctor.senders import sender_identities
from sesmail_cli.operator.engine import QUEUES

# Each rule of the bus and the queue that it feeds.
RULES = {"EmailEventRule": "EmailQueue", "BulkEventRule": "BulkQueue", "CommandEventRule": "EmailQueue"}
# What the engine acts on; opens and clicks are an option.
_EVENT_TYPES = (
    "SEND",
    "REJECT",
    "BOUNCE",
    "COMPLAINT",
    "DELIVERY",
    "RENDERING_FAILURE",
    "DELIVERY_DELAY",
    "SUBSCRIPTION",
)
_NOTIFICATIONS = ("Bounce", "Complaint", "Delivery")
_RESTORE = "Apply Terraform again: it writes this as it was."


# --- requests -------------------------------------------------------------------------------------------------------


def rules(facts: Facts) -> Iterable[Finding]:
    bus, found = facts.resource_name("EmailBus"), []
    for part, queue in RULES.items():
        name, target = facts.resource_name(part), facts.arn("sqs", facts.resource_name(queue))
        try:
            rule = facts.engine.events.describe_rule(Name=name, EventBusName=bus)
            targets = facts.engine.events.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]
        except ClientError as error:
            if not is_not_found(error):
                raise
            yield needs_fix(f"the rule {name} is missing", fix=_RESTORE, command=APPLY, subject=name)
            continue
        if rule.get("State") != "ENABLED":
            command = f"aws events enable-rule --event-bus-name {bus} --name {name}"
            yield needs_fix(f"the rule {name} is switched off", fix="Switch it on.", command=command, subject=name)
        elif target not in [each["Arn"] for each in targets]:
            yield needs_fix(f"the rule {name} does not lead to {queue}", fix=_RESTORE, command=APPLY, subject=name)
        else:
            found.append(_queue_takes(facts, queue, "events.amazonaws.com", rule["Arn"], subject=name))
    if len(found) == len(RULES) and all(each.state is State.OK for each in found):
        yield ok("each leads to its queue")
    else:
        yield from found


def event_sources(facts: Facts) -> Iterable[Finding]:
    lambdas, fed, read = facts.client("lambda"), set(), 0
    for function in FUNCTIONS[:2]:
        pages = lambdas.get_paginator("list_event_source_mappings").paginate(FunctionName=facts.resource_name(function))
        for mapping in (each for page in pages for each in page["EventSourceMappings"]):
            queue = mapping["EventSourceArn"].rpartition(":")[2].removeprefix(facts.resource_name(""))
            fed.add(queue)
            if mapping["State"] not in ("Enabled", "Enabling", "Updating", "Creating"):
                yield needs_fix(
                    f"{facts.resource_name(function)} does not read {queue} ({mapping['State']})",
                    fix="Switch its event source mapping on.",
                    command=f"aws lambda update-event-source-mapping --uuid {mapping['UUID']} --enabled",
                    subject=queue,
                )
            else:
                read += 1
    for queue in QUEUES:
        if queue not in fed:
            yield needs_fix(f"no function reads {queue}", fix=_RESTORE, command=APPLY, subject=queue)
    if read == len(QUEUES):
        yield ok(f"all {read} are read by their functions")


# --- configuration set ----------------------------------------------------------------------------------------------


def configuration_set(facts: Facts) -> Iterable[Finding]:
    name = facts.configuration_set
    if not name:
        yield skipped(
            "the engine sends without one (create_configuration_set = false): SES reports no sends and delays"
        )
        return
    details = facts.configuration_set_details
    if details is None:
        yield needs_fix(f"SES has no configuration set {name}", fix="Create it again.", command=APPLY, subject=name)
        return
    found = [*_options(name, details), *_suppression(name, details)]
    yield from found or [ok(f"{name} sends and counts reputation", subject=name)]


def _options(name: str, details: Mapping[str, Any]) -> Iterator[Finding]:
    if details.get("SendingOptions", {}).get("SendingEnabled") is False:
        yield needs_fix(
            f"sending with {name} is switched off: all mail waits",
            fix="Find out who switched it off and why, then switch it on.",
            command="aws sesv2 put-configuration-set-sending-options --sending-enabled "
            f"--configuration-set-name {name}",
            subject=name,
        )
    if details.get("ReputationOptions", {}).get("ReputationMetricsEnabled") is False:
        yield needs_fix(
            f"{name} counts no reputation metrics",
            fix="Switch them on.",
            command="aws sesv2 put-configuration-set-reputation-options "
            f"--configuration-set-name {name} --reputation-metrics-enabled",
            subject=name,
        )


def _suppression(name: str, details: Mapping[str, Any]) -> Iterator[Finding]:
    kept = details.get("SuppressionOptions", {}).get("SuppressedReasons")
    missing = [] if kept is None else [reason for reason in SUPPRESSED if reason not in kept]
    if missing:
        yield needs_fix(
            f"{name} overrides the account's suppression list and takes no {words_of(missing)}",
            fix="Switch both on for the set.",
            command=f"aws sesv2 put-configuration-set-suppression-options --configuration-set-name {name} "
            "--suppressed-reasons BOUNCE COMPLAINT",
            subject=name,
        )


def event_destination(facts: Facts) -> Iterable[Finding]:
    name, topic = facts.configuration_set, facts.resource_name("SESFeedback")
    if not name:
        yield from _identity_notifications(facts)
        return
    if facts.configuration_set_details is None:
        yield skipped("there is no configuration set")
        return
    answer = facts.client("sesv2").get_configuration_set_event_destinations(ConfigurationSetName=name)
    ours = [
        each
        for each in answer.get("EventDestinations", ())
        if each.get("SnsDestination", {}).get("TopicArn") == facts.arn("sns", topic)
    ]
    enabled = [each for each in ours if each.get("Enabled")]
    types = {kind for each in enabled for kind in each.get("MatchingEventTypes", ())}
    missing = [kind for kind in _EVENT_TYPES if kind not in types]
    if not ours:
        yield needs_fix(
            f"no event destination of {name} leads to {topic} of this account",
            fix=_RESTORE,
            command=APPLY,
            subject=name,
        )
    elif not enabled:
        yield needs_fix(
            f"the event destination of {name} is switched off",
            fix="Switch it on; `terraform apply` does so, too.",
            command=APPLY,
            subject=name,
        )
    elif missing:
        yield needs_fix(
            f"the event destination of {name} does not report {', '.join(missing)}",
            fix=_RESTORE,
            command=APPLY,
            subject=name,
        )
    else:
        yield ok(f"{name} reports {len(types)} kinds of events to {topic}", subject=name)


def _identity_notifications(facts: Facts) -> Iterator[Finding]:
    """Without a configuration set, bounces come only by the notifications of each identity."""
    topic = facts.arn("sns", facts.resource_name("SESFeedback"))
    names = sorted({each.name for each in sender_identities(facts)})
    found = facts.client("ses").get_identity_notification_attributes(Identities=names) if names else {}
    for name in names:
        attributes = found["NotificationAttributes"].get(name, {})
        missing = [kind for kind in _NOTIFICATIONS if attributes.get(f"{kind}Topic") != topic]
        if missing:
            yield needs_fix(
                f"SES does not notify the engine of {', '.join(missing).lower()} of {name}",
                fix="Give the engine a configuration set (create_configuration_set = true), or point the "
                "identity's notifications at its topic:",
                command="\n".join(
                    f"aws ses set-identity-notification-topic --identity {name} --notification-type {kind} "
                    f"--sns-topic {topic}"
                    for kind in missing
                ),
                subject=name,
            )
        else:
            yield ok(f"SES notifies the engine of bounces, complaints and deliveries of {name}", subject=name)


# --- feedback -------------------------------------------------------------------------------------------------------


def feedback(facts: Facts) -> Iterable[Finding]:
    topic = facts.arn("sns", facts.resource_name("SESFeedback"))
    source = f"configuration-set/{facts.configuration_set}" if facts.configuration_set else "identity/*"
    yield from topic_takes(facts, topic, "ses.amazonaws.com", facts.arn("ses", source))
    queue = facts.arn("sqs", facts.resource_name("FeedbackQueue"))
    answer = facts.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    ends = [each["Endpoint"] for page in answer for each in page["Subscriptions"] if each["Protocol"] == "sqs"]
    taken = _queue_takes(facts, "FeedbackQueue", "sns.amazonaws.com", topic, subject=facts.resource_name("SESFeedback"))
    if queue not in ends:
        yield needs_fix(
            "FeedbackQueue is not subscribed to the topic of SES's events",
            fix=_RESTORE,
            command=APPLY,
            subject=facts.resource_name("FeedbackQueue"),
        )
    if queue in ends or taken.state is not State.OK:
        yield taken


def topic_takes(facts: Facts, topic: str, service: str, source: str) -> Iterator[Finding]:
    """Say whether a topic's policy lets a service publish; nothing where it does."""
    name = topic.rpartition(":")[2]
    try:
        attributes = facts.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    except ClientError as error:
        if not is_not_found(error):
            raise
        yield needs_fix(f"the topic {name} is missing", fix="Create it again.", command=APPLY, subject=name)
        return
    verdict = allows(
        attributes.get("Policy"),
        service=service,
        action="sns:Publish",
        resource=topic,
        context=service_context(facts, source),
    )
    if verdict is False:
        what = f"the policy of {name} does not let {service} publish"
        yield needs_fix(what, fix=_RESTORE, command=APPLY, subject=name)
    elif verdict is None:
        what = f"the policy of {name} lets {service} in under a condition that is not known here"
        yield unknown(what, fix="Look at the policy's conditions yourself.", subject=name)


def _queue_takes(facts: Facts, queue: str, service: str, source: str, *, subject: str) -> Finding:
    arn, name = facts.arn("sqs", facts.resource_name(queue)), facts.resource_name(queue)
    try:
        url = facts.engine.queue_url(queue)
        answer = facts.engine.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    except ClientError as error:
        if not is_not_found(error):
            raise
        return needs_fix(f"the queue {name} is missing", fix="Create it again.", command=APPLY, subject=name)
    verdict = allows(
        answer.get("Attributes", {}).get("Policy"),
        service=service,
        action="sqs:SendMessage",
        resource=arn,
        context=service_context(facts, source),
    )
    if verdict is False:
        return needs_fix(f"the policy of {name} keeps {service} out", fix=_RESTORE, command=APPLY, subject=name)
    if verdict is None:
        what = f"the policy of {name} lets {service} in under a condition that is not known here"
        return unknown(what, fix="Look at the policy's conditions yourself.", subject=name)
    return ok(f"{subject} leads to {queue}", subject=subject)


def service_context(facts: Facts, source: str) -> Mapping[str, str]:
    """Return the condition keys that AWS's services send with a call to a resource of yours."""
    return {
        "aws:sourcearn": source,
        "aws:sourceaccount": facts.account_id,
        "aws:securetransport": "true",
        "aws:principalisawsservice": "true",
    }


_REQUESTS, _EVENTS = "Requests", "SES events"
_NO_FEEDBACK = "Without SES's events no email is ever delivered or bounced, and bounced addresses are mailed again."
CHECKS = (
    Check(
        id="rules",
        group=_REQUESTS,
        title="Rules of the bus",
        why="A request that no rule takes to its queue is lost: EventBridge drops it.",
        run=rules,
    ),
    Check(
        id="event-sources",
        group=_REQUESTS,
        title="Queues",
        why="Messages in a queue that no function reads wait until they expire.",
        run=event_sources,
    ),
    Check(
        id="configuration-set",
        group=_EVENTS,
        title="Configuration set",
        why="SES rejects mail with a set that it does not have, and the alarms read its reputation metrics.",
        run=configuration_set,
    ),
    Check(id="event-destination", group=_EVENTS, title="Event destination", why=_NO_FEEDBACK, run=event_destination),
    Check(id="feedback", group=_EVENTS, title="Way of the events", why=_NO_FEEDBACK, run=feedback),
)
