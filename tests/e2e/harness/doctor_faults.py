"""Faults for `sesmail doctor`: each is planted in the stack or in DNS, and is undone by what planting it returns."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localcloud.engine import SENDER_DOMAIN
from tests.e2e.harness.doctor_stack import MAIL_FROM, ZONE, Stack, Undo

NO_ONE = json.dumps({"Version": "2012-10-17", "Statement": []})
DMARC = f"_dmarc.{SENDER_DOMAIN}"


@dataclass(frozen=True)
class Fault:
    """What to break, and what `doctor` must say about it."""

    name: str
    check: str
    says: str
    """Part of what is wrong."""
    fix: str
    """Part of the fix or its command."""
    plant: Callable[[Stack], Undo]
    state: str = "fix"


def dns(name: str, kind: str, *values: str) -> Callable[[Stack], Undo]:
    return lambda stack: stack.set_record(name, kind, list(values))


def nothing_more(stack: Stack) -> Undo:
    """Plant nothing: another fault of the round causes it."""
    return lambda: None


# --- DNS ------------------------------------------------------------------------------------------------------------


def dkim(stack: Stack) -> str:
    return f"{stack.tokens[0]}._domainkey.{SENDER_DOMAIN}"


def many_lookups(stack: Stack) -> Undo:
    """Eleven includes, two levels deep."""
    before = dict(stack.dns.records)
    deep = {(f"spf{number}.example.net", "TXT"): ["v=spf1 -all"] for number in range(9)}
    middle = "v=spf1 " + " ".join(f"include:{name}" for name, _ in deep) + " -all"
    ours = {(MAIL_FROM, "TXT"): ["v=spf1 include:amazonses.com include:spf.example.net ~all"]}
    stack.dns.records = before | deep | {("spf.example.net", "TXT"): [middle]} | ours
    return lambda: setattr(stack.dns, "records", before)


def other_region(stack: Stack) -> Undo:
    before = dict(stack.dns.records)
    wrong = {
        key: [value.replace(ZONE, "dkim.eu-south-1.amazonses.com") for value in values]
        for key, values in before.items()
    }
    stack.dns.records = before | wrong
    return lambda: setattr(stack.dns, "records", before)


def servfail(stack: Stack) -> Undo:
    stack.dns.fails = True
    return lambda: setattr(stack.dns, "fails", False)


# --- SES ------------------------------------------------------------------------------------------------------------


def set_options(option: str, fault: dict[str, Any], good: dict[str, Any]) -> Callable[[Stack], Undo]:
    def plant(stack: Stack) -> Undo:
        put = getattr(stack.aws["sesv2"], f"put_configuration_set_{option}_options")
        name = stack.name("ConfigSet")
        put(ConfigurationSetName=name, **fault)
        return lambda: put(ConfigurationSetName=name, **good)

    return plant


def destination(**changes: Any) -> Callable[[Stack], Undo]:
    def plant(stack: Stack) -> Undo:
        ses, given = stack.aws["sesv2"], {"ConfigurationSetName": stack.name("ConfigSet")}
        [found] = ses.get_configuration_set_event_destinations(**given)["EventDestinations"]
        good = {key: found[key] for key in ("Enabled", "MatchingEventTypes", "SnsDestination")}
        given["EventDestinationName"] = found["Name"]
        ses.update_configuration_set_event_destination(**given, EventDestination=good | changes)
        return lambda: ses.update_configuration_set_event_destination(**given, EventDestination=good)

    return plant


def no_destination(stack: Stack) -> Undo:
    ses, given = stack.aws["sesv2"], {"ConfigurationSetName": stack.name("ConfigSet")}
    [found] = ses.get_configuration_set_event_destinations(**given)["EventDestinations"]
    given["EventDestinationName"] = found.pop("Name")
    ses.delete_configuration_set_event_destination(**given)
    return lambda: ses.create_configuration_set_event_destination(**given, EventDestination=found)


def quota_used(stack: Stack) -> Undo:
    stack.engine.configure_ses(quota={"max_24_hour_send": 200.0, "sent_last_24_hours": 190.0})
    return lambda: stack.engine.configure_ses(quota={"max_24_hour_send": 50000.0, "sent_last_24_hours": None})


def suppression_off(stack: Stack) -> Undo:
    put = stack.aws["sesv2"].put_account_suppression_attributes
    put(SuppressedReasons=["BOUNCE"])
    return lambda: put(SuppressedReasons=["BOUNCE", "COMPLAINT"])


def sending_off(stack: Stack) -> Undo:
    put = stack.aws["sesv2"].put_account_sending_attributes
    put(SendingEnabled=False)
    return lambda: put(SendingEnabled=True)


# --- functions, queues, topics ------------------------------------------------------------------------------------


def reserved(stack: Stack) -> Undo:
    """Leave the engine fewer executions than its queues may ask for."""
    lambdas, name = stack.aws["lambda"], stack.name("TemplateSeeder")
    free = lambdas.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    lambdas.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=free - 12)
    return lambda: lambdas.delete_function_concurrency(FunctionName=name)


def runtime(stack: Stack) -> Undo:
    lambdas, name = stack.aws["lambda"], stack.name("TemplateSeeder")
    before = lambdas.get_function_configuration(FunctionName=name)["Runtime"]

    def update(runtime: str) -> None:
        lambdas.update_function_configuration(FunctionName=name, Runtime=runtime)
        stack.wait_for_update("TemplateSeeder")

    update("python3.11")
    return lambda: update(before)


def rule_off(stack: Stack) -> Undo:
    rule = {"Name": stack.name("BulkEventRule"), "EventBusName": stack.name("EmailBus")}
    stack.aws["events"].disable_rule(**rule)
    return lambda: stack.aws["events"].enable_rule(**rule)


def queue_unread(stack: Stack) -> Undo:
    lambdas = stack.aws["lambda"]
    found = lambdas.list_event_source_mappings(EventSourceArn=stack.arn("sqs", "BulkQueue"))
    [mapping] = found["EventSourceMappings"]
    lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    return lambda: lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def no_dead_letter_queue(stack: Stack) -> Undo:
    sqs, url = stack.aws["sqs"], stack.engine.queue_url("BulkQueue")
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    return lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


def no_expiry(stack: Stack) -> Undo:
    def switch(on: bool) -> None:
        stack.engine.dynamodb.update_time_to_live(
            TableName=stack.name("EmailTracking"), TimeToLiveSpecification={"Enabled": on, "AttributeName": "ttl"}
        )

    switch(False)
    return lambda: switch(True)


def pending(stack: Stack) -> Undo:
    sns, topic = stack.aws["sns"], stack.arn("sns", "Alarms")
    made = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="second@example.com", ReturnSubscriptionArn=True)
    return lambda: sns.unsubscribe(SubscriptionArn=made["SubscriptionArn"])


def unsubscribed(topic: str, protocol: str) -> Callable[[Stack], Undo]:
    def plant(stack: Stack) -> Undo:
        sns, arn = stack.aws["sns"], stack.arn("sns", topic)
        found = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
        [ours] = [each for each in found if each["Protocol"] == protocol]
        sns.unsubscribe(SubscriptionArn=ours["SubscriptionArn"])

        def undo() -> None:
            sns.subscribe(TopicArn=arn, Protocol=protocol, Endpoint=ours["Endpoint"])
            stack.engine.confirm_alarms()

        return undo

    return plant


def alarm_off(stack: Stack) -> Undo:
    cloudwatch, names = stack.aws["cloudwatch"], [stack.name("EmailQueue-Age")]
    cloudwatch.disable_alarm_actions(AlarmNames=names)
    return lambda: cloudwatch.enable_alarm_actions(AlarmNames=names)


# --- keys -----------------------------------------------------------------------------------------------------------


def key_without_ses(stack: Stack) -> Undo:
    put, good = stack.aws["kms"].put_key_policy, stack.key_policy()
    statements = [each for each in good["Statement"] if each["Principal"] != {"Service": "ses.amazonaws.com"}]
    put(KeyId=stack.key, PolicyName="default", Policy=json.dumps(good | {"Statement": statements}))
    return lambda: put(KeyId=stack.key, PolicyName="default", Policy=json.dumps(good))


def key_off(stack: Stack) -> Undo:
    stack.aws["kms"].disable_key(KeyId=stack.key)
    return lambda: stack.aws["kms"].enable_key(KeyId=stack.key)


def old_starter(stack: Stack) -> Undo:
    metadata = json.dumps({"subject": "Old", "version": "0.1.0", "requiredVariables": []})
    return stack.put_object("templates/welcome/metadata.json", metadata)


def delete_all(stack: Stack, template: str) -> Undo:
    undos = [
        stack.delete_object(f"templates/{template}/{file}")
        for file in ("metadata.json", "template.html", "template.txt")
    ]
    return lambda: [undo() for undo in undos]
