"""`make aws-check` passes a good engine, names each fault of a broken one, and leaves neither behind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.clients import client
from localcloud.emulator import Emulator
from localcloud.package import build_package
from tests.e2e.harness.aws_check import Finished, account, left, run_whole

# The emulator's own gaps, as the program finds them in its answers.
NOT_POSSIBLE = {
    "A second plan is empty",
    "Roles may do what the plan grants under conditions",
    "Cold starts are measured",
    "Traces reach X-Ray when switched on",
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Emulator]:
    with account() as started:
        yield started


@pytest.fixture(scope="module")
def package() -> Path:
    return build_package("ministack")


@pytest.fixture(scope="module")
def good(cloud: Emulator, package: Path) -> Iterator[Finished]:
    finished = run_whole(cloud, package, 120)
    yield finished
    shutil.rmtree(finished.folder)


def test_a_good_engine_passes_but_for_what_the_emulator_lacks(cloud: Emulator, good: Finished) -> None:
    assert good.outcomes("failed") == good.outcomes("not run") == set(), good.output
    assert good.outcomes("not possible here") == NOT_POSSIBLE
    assert good.code == 0
    assert left(cloud) == set()


def test_its_report_is_safe_to_attach_and_complete(good: Finished) -> None:
    text = "".join((good.folder / f"report.{suffix}").read_text() for suffix in ("md", "json"))
    for private in ("000000000000", "@example.com", "@simulator", "127.0.0.1", "AKIA"):
        assert private not in text
    assert {"engine_version", "region", "terraform", "aws_provider", "commit"} <= good.report.keys()
    samples = good.check("SES's events are kept as samples")["evidence"]["samples"]
    assert {"Send", "Delivery", "Bounce", "Complaint"} <= samples.keys()
    assert good.check("Roles may do nothing else")["evidence"]["denied"] > 60
    assert good.check("Latencies are measured")["evidence"]["seconds_to_ses"]["p90"] > 0


def test_only_the_report_stays_on_the_disk(good: Finished) -> None:
    assert sorted(path.name for path in good.folder.iterdir()) == ["report.json", "report.md"]


def break_engine(cloud: Emulator, name: str) -> None:
    """Plant one fault for each kind of check."""
    account = "000000000000"
    ses, destination = client(cloud, "sesv2"), f"{name}-SESFeedback"
    topic = f"arn:aws:sns:us-east-1:{account}:{name}-SESFeedback"
    disabled = {"Enabled": False, "MatchingEventTypes": ["SEND", "BOUNCE"], "SnsDestination": {"TopicArn": topic}}
    ses.update_configuration_set_event_destination(
        ConfigurationSetName=f"{name}-ConfigSet", EventDestinationName=destination, EventDestination=disabled
    )
    sqs = client(cloud, "sqs")
    bulk = sqs.get_queue_url(QueueName=f"{name}-BulkQueue")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=bulk, Attributes={"Policy": ""})
    dead = sqs.get_queue_url(QueueName=f"{name}-RetryDLQ")["QueueUrl"]
    sqs.send_message(QueueUrl=dead, MessageBody="{}")
    iam, role, policy = client(cloud, "iam"), f"{name}-FeedbackProcessorRole", f"{name}-FeedbackProcessor"
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    document["Statement"].append({"Sid": "Wide", "Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"})
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
    cloudwatch, alarm = client(cloud, "cloudwatch"), f"{name}-RetryDLQ-Depth"
    cloudwatch.put_metric_alarm(
        AlarmName=alarm,
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    client(cloud, "lambda").put_function_recursion_config(FunctionName=f"{name}-EmailSender", RecursiveLoop="Terminate")


@pytest.fixture(scope="module")
def broken(cloud: Emulator, package: Path) -> Iterator[Finished]:
    finished = run_whole(cloud, package, 30, lambda name: break_engine(cloud, name))
    yield finished
    shutil.rmtree(finished.folder)


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        ("A second plan is empty", "aws_sqs_queue.this"),
        ("An email is delivered", "Not within 30 s: status delivered; its record says sent"),
        ("A hard bounce is recorded", "its record says sent"),
        ("Bounces and complaints suppress their address", "the suppression entry of bounce@"),
        ("Queue policies name their one writer", "BulkQueue: events.amazonaws.com may not write for"),
        ("The configuration set publishes SES's events", "-SESFeedback is disabled"),
        ("Requests and feedback arrive", "SES published no event to the topic"),
        ("No message is left, none has failed for good", "Dead letters: {'RetryDLQ': 1}"),
        ("Every alarm exists and has its action", "Alarms without their action: ["),
        ("Roles may do nothing else", "-FeedbackProcessorRole dynamodb:"),
        ("Lambda lets waiting emails loop", "'EmailSender': 'Terminate'"),
    ],
)
def test_a_fault_is_named_with_its_fix(broken: Finished, check: str, problem: str) -> None:
    found = broken.check(check)
    assert found["outcome"] == "failed", broken.output
    assert problem in found["problem"]
    assert found["fix"]


def test_a_broken_engine_fails_the_run_and_is_destroyed(cloud: Emulator, broken: Finished) -> None:
    assert broken.code == 1
    assert broken.check("Destroy leaves nothing")["outcome"] == "passed"
    assert left(cloud) == set()


def test_a_fault_fails_only_the_checks_that_it_concerns(broken: Finished) -> None:
    assert {
        "Every output has a value",
        "The bus accepts requests",
        "A longer From line fails",
        "A request without a template fails",
        "An alarm's notification arrives",
        "Each role has its one policy",
        "Roles may do what the plan grants",
    } <= broken.outcomes("passed")
