"""`sesmail doctor`: dead-letter queues and expiry, what a check found before it stopped, and what others wrote."""

from __future__ import annotations

import json
import shlex
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sesmail_cli.doctor.alarms import alarms
from sesmail_cli.doctor.dmarc import DmarcReport, examine_dmarc
from sesmail_cli.doctor.domain import _listed
from sesmail_cli.doctor.facts import Facts
from sesmail_cli.doctor.findings import Check, Finding, State, needs_fix
from sesmail_cli.doctor.flow import event_destination
from sesmail_cli.doctor.resolver import Dns
from sesmail_cli.doctor.rights import right_of
from sesmail_cli.doctor.run import _run
from sesmail_cli.doctor.storage import TABLES, dead_letter_queues, expiry
from sesmail_cli.doctor.templates import _incomplete
from sesmail_cli.operator.engine import DEAD_LETTER_QUEUE_OF, Engine
from tests.cli.conftest import ACCOUNT_ID, NAME, REGION, MotoEngine
from tests.cli.test_doctor_dns import spf


@pytest.fixture
def facts(engine: MotoEngine) -> Facts:
    """An engine whose queues lead to their dead-letter queues, and whose records expire."""
    engine.configure(DEFAULT_SENDER_EMAIL="no-reply@example.com", SES_CONFIGURATION_SET="set")
    for queue, dead in DEAD_LETTER_QUEUE_OF.items():
        policy = json.dumps({"deadLetterTargetArn": arn("sqs", f"{NAME}-{dead}"), "maxReceiveCount": 3})
        engine.sqs.set_queue_attributes(QueueUrl=engine.urls[queue], Attributes={"RedrivePolicy": policy})
    for table in TABLES:
        set_expiry(engine, table, on=True)
    return Facts(Engine(NAME), Dns("127.0.0.1:1"))


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{resource}"


def set_expiry(engine: MotoEngine, table: str, *, on: bool, attribute: str = "ttl") -> None:
    specification = {"Enabled": on, "AttributeName": attribute}
    engine.dynamodb.update_time_to_live(TableName=f"{NAME}-{table}", TimeToLiveSpecification=specification)


def faults(found: Any) -> list[str]:
    return [each.what for each in found if each.state is not State.OK]


class TestStorage:
    def test_what_is_as_it_was_deployed_is_clean(self, facts: Facts) -> None:
        found = [*dead_letter_queues(facts), *expiry(facts)]
        assert [each.state for each in found] == [State.OK, State.OK]

    def test_a_deleted_dead_letter_queue_is_named_once(self, engine: MotoEngine, facts: Facts) -> None:
        engine.sqs.delete_queue(QueueUrl=engine.urls["RetryDLQ"])
        assert faults(dead_letter_queues(facts)) == [f"the queue {NAME}-RetryDLQ is missing"]

    def test_a_queue_that_does_not_lead_to_its_dead_letter_queue_is_named(
        self, engine: MotoEngine, facts: Facts
    ) -> None:
        engine.sqs.set_queue_attributes(QueueUrl=engine.urls["EmailQueue"], Attributes={"RedrivePolicy": ""})
        assert faults(dead_letter_queues(facts)) == [
            f"{NAME}-EmailQueue does not lead to its dead-letter queue EmailQueueDLQ"
        ]

    def test_a_rule_whose_events_are_dropped_is_named(self, engine: MotoEngine, facts: Facts) -> None:
        rule = {"Name": f"{NAME}-BulkEventRule", "EventBusName": f"{NAME}-EmailBus"}
        engine.events.put_rule(**rule, EventPattern='{"detail-type": ["Email Request"]}')
        target = {"Id": "queue", "Arn": arn("sqs", f"{NAME}-BulkQueue")}
        engine.events.put_targets(Rule=rule["Name"], EventBusName=rule["EventBusName"], Targets=[target])
        assert faults(dead_letter_queues(facts)) == [
            f"the rule {NAME}-BulkEventRule does not lead to its dead-letter queue EventBridgeDLQ"
        ]

    def test_a_table_without_expiry_or_by_another_attribute_is_named(self, engine: MotoEngine, facts: Facts) -> None:
        set_expiry(engine, "EmailTracking", on=False)
        set_expiry(engine, "Pending", on=False)
        set_expiry(engine, "Pending", on=True, attribute="expires")
        assert faults(expiry(facts)) == [
            f"records of {NAME}-EmailTracking expire never, not by 'ttl'",
            f"records of {NAME}-Pending expire by 'expires', not by 'ttl'",
        ]

    def test_a_deleted_table_is_named(self, engine: MotoEngine, facts: Facts) -> None:
        engine.dynamodb.delete_table(TableName=f"{NAME}-Suppression")
        assert faults(expiry(facts)) == [f"the table {NAME}-Suppression is missing"]


def _alarm(name: str, *actions: str, **options: Any) -> None:
    boto3.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="x",
        Namespace="y",
        Period=60,
        Statistic="Sum",
        Threshold=1,
        AlarmActions=list(actions),
        **options,
    )


class TestAlarms:
    def test_alarms_of_an_engine_whose_name_begins_alike_are_not_its_own(self, facts: Facts) -> None:
        _alarm(f"{NAME}-EmailQueue-Age", arn("sns", f"{NAME}-Alarms"))
        _alarm(f"{NAME}-staging-EmailQueue-Age", ActionsEnabled=False)
        assert faults(alarms(facts)) == []

    def test_an_alarm_that_goes_to_another_topic_is_named(self, facts: Facts) -> None:
        _alarm(f"{NAME}-EmailQueue-Age", arn("sns", "other-Alarms"))
        assert faults(alarms(facts)) == [f"1 of 1 alarms do not go to {NAME}-Alarms: {NAME}-EmailQueue-Age"]


def test_a_destination_to_the_topic_of_another_account_is_not_ours(
    facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = arn("sns", f"{NAME}-SESFeedback").replace(ACCOUNT_ID, "999999999999")
    answer = {"EventDestinations": [{"Name": "x", "Enabled": True, "SnsDestination": {"TopicArn": topic}}]}
    ses = facts.client("sesv2")
    monkeypatch.setattr(ses, "get_configuration_set", lambda **_: {}, raising=False)
    monkeypatch.setattr(ses, "get_configuration_set_event_destinations", lambda **_: answer, raising=False)
    assert "no event destination of set leads to" in faults(event_destination(facts))[0]


def test_what_a_check_found_before_it_was_denied_is_kept(facts: Facts) -> None:
    def run(_: Facts) -> Any:
        yield needs_fix("a fault", fix="Fix it.")
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "GetObject")

    found = list(_run(Check(id="x", group="x", title="x", why="x", run=run), facts))
    assert [(each.state, each.what) for each in found] == [
        (State.FIX, "a fault"),
        (State.UNKNOWN, "your role lacks the right s3:GetObject"),
    ]


def test_the_right_to_a_key_is_named_where_aws_names_it() -> None:
    message = "User: arn:x is not authorized to perform: kms:Decrypt on resource: arn:y"
    assert right_of(ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "GetObject")) == "kms:Decrypt"
    assert right_of(ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "GetObject")) == "s3:GetObject"


# --- what others wrote ----------------------------------------------------------------------------------------------


def test_a_record_of_100_kb_is_named_in_a_few_lines() -> None:
    for record in ("v=spf1 " + "x" * 100_000, "v=spf1 " + "x " * 50_000, "v=spf1 include:" + "x" * 100_000):
        assert len(_listed(spf(record).problems)) < 1000


def test_what_can_be_no_name_has_no_record(facts: Facts) -> None:
    for name in ("a..b.example", "x" * 100 + ".example", ".".join(["x" * 60] * 5)):
        assert facts.dns.texts(name) == []


def test_a_hostile_template_name_is_quoted_in_the_command() -> None:
    name = "x; rm -rf ~ #" + "y" * 500
    found: list[Finding] = list(_incomplete("bucket", name, {"metadata.json": b"["}))
    for each in found:
        words = shlex.split(each.command)
        assert any(word.startswith(f"s3://bucket/templates/{name}") for word in words)
        assert len(each.what) < 250


def test_metadata_that_is_nested_too_deeply_is_no_crash() -> None:
    [_, found] = _incomplete("bucket", "x", {"metadata.json": b"[" * 100_000})
    assert "is not valid JSON" in found.what


def test_a_dmarc_record_of_100_kb_is_a_report() -> None:
    class Long(Dns):
        def __init__(self) -> None:
            """No resolver."""

        def texts(self, name: str) -> list[str]:
            return ["v=DMARC1; p=" + "n" * 100_000]

    report: DmarcReport = examine_dmarc("example.com", Long())
    assert len(_listed(report.problems)) < 400
