"""A batch of the largest emails fits into the function's memory."""

from __future__ import annotations

from tests.functions.conftest import Package
from tests.functions.test_email_sender import DETAIL, message, request, send

MEMORY_MB = 512
BUCKET = "sesmailengine-templates-123456789012"
LARGEST_FILE = 7_600_000
"""Base64 and line breaks make 10.3 MB of it; `max_message_mb` is 10, of 1,048,576 bytes each."""


def test_ten_of_the_largest_emails_are_delivered_within_the_default_memory(package: Package) -> None:
    attachment = {"filename": "a.pdf", "s3Uri": f"s3://{BUCKET}/files/a.pdf"}
    detail = {**DETAIL, "attachments": [attachment]}

    ran = send(
        package,
        *(message(f"m-{i}", request(f"{i}", detail)) for i in range(10)),
        objects={"files/a.pdf": LARGEST_FILE},
        slow_ses=True,
        seconds=120,
        items={
            "control": [{"pk": "producer#my.application", "attachmentPrefixes": [f"s3://{BUCKET}/files/"]}],
        },
    )

    assert ran.answer == {"batchItemFailures": []}
    assert [ran.record(f"email-{i}")["status"] for i in range(10)] == ["sent"] * 10
    assert ran.peak_mb < MEMORY_MB, f"{ran.peak_mb:.0f} MB"
