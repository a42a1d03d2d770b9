"""X-Ray tracing, in a process of its own because the SDK patches botocore."""

from __future__ import annotations

import subprocess
import sys

CALL = """
import os
os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}
from sesmail_layer.runtime.tracing import enable_tracing
enable_tracing()
from aws_xray_sdk.core import xray_recorder
from botocore.stub import Stubber
from sesmail_layer.aws.clients import client
sqs = client("sqs")
stub = Stubber(sqs)
stub.add_response("list_queues", {})
stub.add_response("list_queues", {})
stub.activate()
sqs.list_queues()
segment = xray_recorder.begin_segment("invocation")
sqs.list_queues()
print([(call.name, call.aws["operation"]) for call in segment.subsegments])
"""


def test_calls_are_subsegments_and_a_call_without_a_segment_is_ignored() -> None:
    done = subprocess.run([sys.executable, "-c", CALL], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "cannot find the current segment" not in done.stderr
    assert done.stdout.strip() == "[('sqs', 'ListQueues')]"
