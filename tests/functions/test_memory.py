"""A batch of the largest emails fits into the memory that Terraform asks for, within the default invocation time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.functions.conftest import Package
from tests.functions.test_email_sender import DETAIL, message, request, send

BUCKET = "sesmailengine-templates-123456789012"
BYTES_PER_MB = 760_000
"""Of a file: base64 and line breaks make 1.04 million of them; `max_message_mb` counts 1,048,576."""
MARGIN = 1.05
VARIABLES = Path(__file__).resolve().parents[2] / "modules/sesmail/variables_functions.tf"


def required_mb(max_message_mb: float) -> float:
    """What Terraform's rule asks of `email_sender_memory`."""
    rule = re.search(r"email_sender_memory >= (\d+) \+ (\d+) \* var\.max_message_mb", VARIABLES.read_text())
    assert rule is not None
    return int(rule[1]) + int(rule[2]) * max_message_mb


@pytest.mark.parametrize(("memory_mb", "max_message_mb"), [(256, 4.8), (512, 10)])
def test_ten_of_the_largest_emails_are_sent_or_requeued_within_memory_and_time(
    package: Package, memory_mb: int, max_message_mb: float
) -> None:
    attachment = {"filename": "a.pdf", "s3Uri": f"s3://{BUCKET}/files/a.pdf"}
    detail = {**DETAIL, "attachments": [attachment]}

    ran = send(
        package,
        *(message(f"m-{i}", request(f"{i}", detail)) for i in range(10)),
        objects={"files/a.pdf": int(max_message_mb * BYTES_PER_MB)},
        slow_ses=True,
        environment={"SESMAIL_MAX_MESSAGE_MB": str(max_message_mb)},
        items={
            "control": [{"pk": "producer#my.application", "attachmentPrefixes": [f"s3://{BUCKET}/files/"]}],
        },
    )

    # One message is in flight at a time. What has no time left waits on the retry queue, without a record.
    sent = {record["emailId"].removeprefix("email-") for record in ran.tables["tracking"]}
    waiting = {one["body"]["id"] for one in ran.queued["RetryQueue"]}
    assert ran.answer == {"batchItemFailures": []}
    assert {record["status"] for record in ran.tables["tracking"]} == {"sent"}
    assert sent.isdisjoint(waiting)
    assert sent | waiting == {str(i) for i in range(10)}
    assert required_mb(max_message_mb) <= memory_mb
    assert ran.peak_mb * MARGIN < required_mb(max_message_mb), f"{ran.peak_mb:.0f} MB"


def test_many_small_files_of_s3_are_in_flight_together(package: Package) -> None:
    detail = {**DETAIL, "attachments": [{"filename": "a.pdf", "s3Uri": f"s3://{BUCKET}/files/a.pdf"}]}

    ran = send(
        package,
        *(message(f"m-{i}", request(f"{i}", detail)) for i in range(10)),
        objects={"files/a.pdf": BYTES_PER_MB - 1_000},
        slow_ses=True,
        items={
            "control": [{"pk": "producer#my.application", "attachmentPrefixes": [f"s3://{BUCKET}/files/"]}],
        },
    )

    assert [record["status"] for record in ran.tables["tracking"]] == ["sent"] * 10
    assert ran.peak_mb * MARGIN < required_mb(10), f"{ran.peak_mb:.0f} MB"
