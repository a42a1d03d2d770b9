"""A template, a file of people and a look at the bus, for the tests of `sesmail send-bulk`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from sesmail_layer.domain.request.email_request import fingerprint
from tests.cli.conftest import ACCOUNT_ID, NAME, REGION, MotoEngine, ago

METADATA = {
    "subject": "News for {{ userName }}",
    "requiredVariables": ["userName", "companyName"],
    "optionalVariables": ["city"],
}
HEADER = "email,userName,companyName\n"
OPTIONS = ("--template", "news", "--tag", "spring", "--wait", "0")
BUCKET = f"{NAME}-templates-{ACCOUNT_ID}"


class CountingBus:
    """EventBridge, which takes all and keeps nothing."""

    taken = 0

    def put_events(self, *, Entries: list[Mapping[str, Any]]) -> dict[str, Any]:
        self.taken += len(Entries)
        return {"Entries": [{"EventId": "1"} for _ in Entries]}


def install_news(engine: MotoEngine) -> MotoEngine:
    """Install the template `news`, and deliver all events of the bus to a queue."""
    engine.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    text = "Hello {{ userName }}{% if city %} of {{ city }}{% endif %}, {{ companyName }} has news."
    files = {"template.html": f"<p>{text}</p>", "template.txt": text, "metadata.json": json.dumps(METADATA)}
    for file, content in files.items():
        engine.s3.put_object(Bucket=BUCKET, Key=f"templates/news/{file}", Body=content.encode())
    engine.subscribe()
    return engine


def write_people(tmp_path: Path) -> Path:
    """Write a file of 25 people."""
    path = tmp_path / "people.csv"
    path.write_text(HEADER + "".join(f"reader{i}@example.com,Reader {i},Acme\n" for i in range(25)))
    return path


def requests(engine: MotoEngine) -> list[Mapping[str, Any]]:
    """What was put on the bus since the last call."""
    return [json.loads(body) for body in engine.bodies("published")]


def ids(events: list[Mapping[str, Any]]) -> list[str]:
    return [event["detail"]["emailId"] for event in events]


def write(tmp_path: Path, content: str, name: str = "people.csv") -> str:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return str(path)


def fail(engine: MotoEngine, event: Mapping[str, Any], error_type: str) -> None:
    """Record what was put on the bus as the sender does, failed before SES."""
    entry = Entry("failed/1", ago(1), 1, Status.FAILED, detail={"errorType": error_type, "errorMessage": "x"})
    facts = {"fingerprint": fingerprint(event["detail"], event["source"]), "request_event_id": event["id"]}
    engine.record(entry, email_id=event["detail"]["emailId"], timestamp=ago(2), **facts)


def record(engine: MotoEngine, email_id: str, status: Status, **detail: str) -> None:
    entry = Entry(f"{status}/1", ago(1), 1, status, detail=detail)
    engine.record(entry, email_id=email_id, timestamp=ago(2))
