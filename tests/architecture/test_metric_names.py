"""The engine or AWS emits every metric that an alarm or a widget reads, with the same name and dimensions."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALARMS = [ROOT / "modules/alarms/main.tf", ROOT / "modules/alarms/flow.tf"]
READERS = [*ALARMS, ROOT / "modules/dashboard/main.tf"]

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html
BY_AWS = {
    "AWS/Events": {"MatchedEvents", "FailedInvocations", "InvocationsFailedToBeSentToDlq"},
    "AWS/Lambda": {"Errors", "Duration", "Invocations", "Throttles"},
    "AWS/SQS": {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
    "AWS/SES": {
        "Send",
        "Delivery",
        "Bounce",
        "Complaint",
        "Reject",
        "Reputation.BounceRate",
        "Reputation.ComplaintRate",
    },
}


def read_by_terraform(namespace: str) -> set[str]:
    """Return the names after a namespace: in alarms as `metric_name`, in widgets in a list, alone or from a loop."""
    names: set[str] = set()
    for path in READERS:
        text = path.read_text()
        names |= set(re.findall(rf'namespace\s*=\s*"{namespace}"\s*\n\s*metric_name\s*=\s*"([^"]+)"', text))
        names |= set(re.findall(rf'\["{namespace}", "([^"]+)"', text))
        for loop in re.findall(rf'\[for metric in \[([^\]]+)\] : \["{namespace}", metric', text):
            names |= set(re.findall(r'"([^"]+)"', loop))
    return names


def emitted() -> set[str]:
    code = "".join(path.read_text() for path in (ROOT / "python/sesmail_layer").rglob("*.py"))
    return set(re.findall(r'\.(?:count|level|changed|highest)\(\s*"([A-Za-z]+)"', code))


def test_the_engine_emits_the_metrics_that_are_read() -> None:
    read = read_by_terraform("SESMail")

    assert {"RecordFailed", "SendingPaused", "DailyQuotaUsed", "EmailSent", "BulkEmailSent", "FeedbackRecorded"} <= read
    assert read - emitted() == set()


def test_metrics_are_read_with_the_dimensions_that_they_have() -> None:
    for path in READERS:
        text = path.read_text()
        for name, dimensions in re.findall(r'\["SESMail", ("?[A-Za-z]+"?), ("Name".*?)\]', text):
            wanted = '"Name", var.name' + (', "FunctionName", name' if "RecordFailed" in name else "")
            assert dimensions == wanted, f"{path.name}: {name}"
    alarms = "".join(path.read_text() for path in ALARMS)
    for name, dimensions in re.findall(
        r'namespace\s*=\s*"SESMail"\s*\n\s*metric_name\s*=\s*"(\w+)"[^}]*?dimensions\s*=\s*\{([^}]*)\}', alarms
    ):
        keys = set(re.findall(r"(\w+)\s*=", dimensions))
        assert keys == ({"Name", "FunctionName"} if name == "RecordFailed" else {"Name"}), name


def test_metrics_of_aws_exist() -> None:
    for namespace, names in BY_AWS.items():
        read = read_by_terraform(namespace)
        assert read, namespace
        assert read - names == set()
