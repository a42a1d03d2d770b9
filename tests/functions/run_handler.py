"""Runs one handler of the built archives on moto, for the tests of this folder: the input is JSON on stdin, the
result is JSON on stdout after the function's own output.

Started in a fresh interpreter without PYTHONPATH and environment, so that nothing of the source tree is found: the
archives come first on the path, moto after them. That nothing is missing in the archives is test_package.py's to say.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

REGION, ACCOUNT = "eu-west-1", "123456789012"  # the account is moto's
NAME = "sesmailengine"
BUCKET = f"{NAME}-templates-{ACCOUNT}"
TABLES = {
    "tracking": f"{NAME}-EmailTracking",
    "suppression": f"{NAME}-Suppression",
    "control": f"{NAME}-Control",
}
QUEUES = (
    "EmailQueue",
    "BulkQueue",
    "RetryQueue",
    "BulkRetryQueue",
    "FeedbackQueue",
    "EmailQueueDLQ",
    "FeedbackProcessorDLQ",
    "StatusEvents",
)
SENDER = "no-reply@example.com"


class Context:
    """As much of Lambda's context as handlers may use."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"
    function_name = NAME
    seconds = 30

    def get_remaining_time_in_millis(self) -> int:
        return self.seconds * 1_000


def main() -> None:
    given = json.load(sys.stdin)
    sys.path[:0] = given["path"]
    os.environ |= given["environment"]
    from moto import mock_aws

    with mock_aws():
        make_stack(given)
        created = created_clients()
        handler = importlib.import_module("handler").handler
        assert_built(given["path"])
        assert created == [], "a client is created before the first call"
        if given.get("slow_ses"):
            answer_slowly()
        Context.seconds = given.get("seconds", 30)
        forget_peak()
        answer = handler(given["event"], Context())
        result = {
            "answer": answer,
            "peak_mb": peak_mb(),
            "clients": list(created),
            "modules": sorted(sys.modules),
            "packages": packages_of(given["path"]),
        }
        result |= what_is_left()
    print("\n=== result\n" + json.dumps(result, default=str), end="")


def make_stack(given: dict[str, Any]) -> None:
    """Makes what Terraform makes, as far as a handler sees it."""
    import boto3

    dynamodb = boto3.client("dynamodb")
    for creation in given["tables"]:
        dynamodb.create_table(**creation)
    for table, items in given.get("items", {}).items():
        for item in items:
            boto3.resource("dynamodb").Table(TABLES[table]).put_item(Item=item)
    for key in ("fingerprint", "erasure", "unsubscribe"):
        boto3.client("ssm").put_parameter(Name=f"/{NAME}/keys/{key}", Value=key, Type="SecureString")
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for key, content in given.get("templates", {}).items():
        s3.put_object(Bucket=BUCKET, Key=f"templates/{key}", Body=content.encode())
    for key, size in given.get("objects", {}).items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=bytes(size))
    ses = boto3.client("ses")
    ses.verify_domain_identity(Domain=SENDER.rpartition("@")[2])
    ses.create_configuration_set(ConfigurationSet={"Name": f"{NAME}-ConfigSet"})
    sqs = boto3.client("sqs")
    for queue in QUEUES:
        sqs.create_queue(QueueName=f"{NAME}-{queue}")
    events = boto3.client("events")
    events.create_event_bus(Name=f"{NAME}-EmailBus")
    pattern = json.dumps({"detail-type": ["Email Status Changed", "Email Unsubscribed"]})
    events.put_rule(Name="statuses", EventBusName=f"{NAME}-EmailBus", EventPattern=pattern)
    target = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}-StatusEvents"
    events.put_targets(Rule="statuses", EventBusName=f"{NAME}-EmailBus", Targets=[{"Id": "1", "Arn": target}])


def answer_slowly() -> None:
    """SES takes half a second for a message and keeps nothing: moto's copies are not the function's memory."""
    from botocore.awsrequest import AWSResponse
    from botocore.compat import HTTPHeaders
    from moto.core.botocore_stubber import BotocoreStubber

    answer_of_moto = BotocoreStubber.__call__

    def answer(stubber: Any, event_name: str, request: Any, **more: Any) -> Any:
        if not request.url.startswith("https://email.") or len(request.body) < 1_000_000:
            return answer_of_moto(stubber, event_name, request, **more)
        time.sleep(0.5)
        response: Any = AWSResponse(request.url, 200, HTTPHeaders(), None)
        response._content = b'{"MessageId": "slow"}'
        return response

    BotocoreStubber.__call__ = answer  # type: ignore[method-assign, assignment]


def packages_of(path: list[str]) -> list[str]:
    """The packages that were imported from the archives."""
    files = {name.partition(".")[0]: str(getattr(module, "__file__", "")) for name, module in sys.modules.items()}
    return sorted(name for name, file in files.items() if file.startswith(tuple(path)))


def created_clients() -> list[str]:
    """A list to which every client's service is added from now on."""
    from botocore.session import Session

    created: list[str] = []
    create = Session.create_client

    def noted(session: Any, service: str, *args: Any, **more: Any) -> Any:
        created.append(service)
        return create(session, service, *args, **more)

    Session.create_client = noted  # type: ignore[method-assign, assignment]
    return created


def forget_peak() -> None:
    """Let the kernel measure from now on: https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html"""
    Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    """The largest resident memory since then."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def assert_built(path: list[str]) -> None:
    """The code that runs is the archives', whatever else is on the path."""
    for name in ("handler", "sesmail_layer", "jinja2", "msgspec", "structlog"):
        if name in sys.modules:
            file = str(sys.modules[name].__file__)
            assert file.startswith(tuple(path)), f"{name} is not from the archives: {file}"


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def what_is_left() -> dict[str, Any]:
    """Reads moto's own stores: what is delayed, or SES's mail, no client could read."""
    import boto3
    from moto.ses.models import ses_backends
    from moto.sqs.models import sqs_backends

    database = boto3.resource("dynamodb")
    stored = sqs_backends[ACCOUNT][REGION].queues
    queued = {
        queue: [
            {"body": _parsed(message.body), "delay_seconds": message.delayed_until / 1000 - time.time()}
            for message in stored[f"{NAME}-{queue}"]._messages
        ]
        for queue in QUEUES
    }
    return {
        "tables": {name: database.Table(table).scan()["Items"] for name, table in TABLES.items() if name != "control"},
        "mails": [
            {"source": mail.source, "destinations": mail.destinations, "raw": mail.raw_data}
            for mail in ses_backends[ACCOUNT][REGION].sent_messages
        ],
        "published": [message["body"] for message in queued.pop("StatusEvents")],
        "queued": queued,
    }


if __name__ == "__main__":
    # After the archives: moto and its own boto3 (as Lambda's runtime has boto3 after the layer).
    site_packages = Path(sys.prefix, "lib", f"python{sys.version_info.major}.{sys.version_info.minor}", "site-packages")
    sys.path = [*(entry for entry in sys.path if "site-packages" not in entry), str(site_packages)]
    main()
