"""The function StatusWebhook of modules/producer, as it is deployed: its archive alone, and boto3 from the runtime."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook

from scripts.package import WEBHOOK
from tests.functions.conftest import Package
from tests.webhook.receiver import receiving

MAX_BYTES = 100 * 1024
QUEUE = "shop-StatusWebhookQueue"
# Runs the handler on moto in an interpreter of its own, with the archive before everything else on the path.
RUN = """
import json, sys
given = json.load(sys.stdin)
sys.path[:0] = [given["archive"]]
import handler, sesmail_webhook, standardwebhooks
for module in (handler, sesmail_webhook, standardwebhooks):
    assert module.__file__.startswith(given["archive"]), module.__file__
from moto import mock_aws
with mock_aws():
    import boto3
    url = boto3.client("sqs").create_queue(QueueName=given["queue"])["QueueUrl"]
    boto3.client("secretsmanager").create_secret(Name="hook")
    handler.handler({"secret_version": 1}, None)
    secret = boto3.client("secretsmanager").get_secret_value(SecretId="hook")["SecretString"]
    [boto3.client("sqs").send_message(QueueUrl=url, MessageBody=body) for body in given["bodies"]]
    found = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    records = [{"messageId": m["MessageId"], "receiptHandle": m["ReceiptHandle"], "body": m["Body"],
                "attributes": {"ApproximateReceiveCount": "1"}} for m in found]
    answer = handler.handler({"Records": records}, None)
print("=== " + json.dumps({"secret": secret, "failed": [r["body"] for r in records for f in answer["batchItemFailures"]
                                      if f["itemIdentifier"] == r["messageId"]]}))
"""


def run(package: Package, url: str, bodies: list[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what was reported as failed, and the log."""
    archive = str(package.unzipped / WEBHOOK)
    environment = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "WEBHOOK_URL": url,
        "QUEUE_URL": f"https://sqs.eu-west-1.amazonaws.com/123456789012/{QUEUE}",
        "SECRET_ARN": "hook",
        "MAX_TRIES": "110",
        "ALLOW_PRIVATE_ADDRESSES": "true",
    }
    given = {"archive": archive, "queue": QUEUE, "bodies": bodies}
    ended = subprocess.run(
        [sys.executable, "-I", "-c", RUN], input=json.dumps(given), env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    log, _, result = ended.stdout.rpartition("=== ")
    return json.loads(result), [json.loads(line) for line in log.splitlines()]


def test_statuses_are_signed_by_the_secret_that_it_created_and_a_failed_one_is_reported(package: Package) -> None:
    bodies = [json.dumps({"detail": {"eventId": f"event-{number}"}}) for number in range(2)]
    with receiving(lambda call: 500 if "event-1" in call.body else 204) as receiver:
        result, log = run(package, receiver.url, bodies)
        for call in receiver.calls:
            Webhook(result["secret"]).verify(call.body, call.headers)
        assert sorted(call.body for call in receiver.calls) == bodies
    assert result["failed"] == [bodies[1]]
    assert [line["event"] for line in log] == ["webhook.failed", "webhook.batch"]
    assert log[0]["reason"] == "status 500"


def test_it_needs_only_boto3_from_lambdas_runtime(package: Package, boto3_alone: Path) -> None:
    path = [str(package.unzipped / WEBHOOK), str(boto3_alone)]
    code = (
        f"import sys; sys.path += {path}; import handler; assert callable(handler.handler);"
        "print(*{str(m.__file__) for m in list(sys.modules.values()) if getattr(m, '__file__', None)}, sep='\\n')"
    )
    ended = subprocess.run([sys.executable, "-I", "-S", "-c", code], env={}, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    stray = [file for file in ended.stdout.split() if not file.startswith((*path, sys.base_prefix))]
    assert not stray, "imported from elsewhere"


def test_its_archive_is_small_and_compiled(package: Package) -> None:
    path = package.dist / f"{WEBHOOK}.zip"
    assert path.stat().st_size < MAX_BYTES
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"__pycache__", "handler.py", "sesmail_webhook", "standardwebhooks"} | {
        top for top in tops if top.endswith(".dist-info")
    }
    sources = [name for name in names if name.endswith(".py")]
    assert len(sources) == len([name for name in names if name.endswith(".pyc")])
