"""X-Ray tracing, in a process of its own because the SDK patches botocore."""

from __future__ import annotations

import json
import subprocess
import sys

CALL = """
import os
os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}
from sesmail_layer.runtime.parallel import run_all
from sesmail_layer.runtime.tracing import enable_tracing
run_all = enable_tracing(run_all)
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


# In Lambda the SDK sends each call's document as soon as the call has ended: here 100, by a hundred threads.
CALLS_OF_THREADS = """
import os
os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}
if IN_LAMBDA:
    os.environ["LAMBDA_TASK_ROOT"] = "/var/task"
    os.environ["_X_AMZN_TRACE_ID"] = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
from sesmail_layer.runtime.parallel import run_all
from sesmail_layer.runtime.tracing import enable_tracing
run_all = enable_tracing(run_all)
import json
import botocore.client
from aws_xray_sdk.core import xray_recorder
from sesmail_layer.aws.clients import client
sent = []
xray_recorder.emitter._send_data = lambda text: sent.append(json.loads(text.partition(chr(10))[2]))
botocore.client.BaseClient._convert_to_request_dict = lambda *_, **__: 1 / 0
sqs = client("sqs")

def call():
    try:
        sqs.list_queues()
    except ZeroDivisionError:
        pass

def ten_calls():
    run_all([call] * 10)

segment = None if IN_LAMBDA else xray_recorder.begin_segment("invocation", sampling=1)
run_all([ten_calls] * 10)
if segment:
    xray_recorder.end_segment()
    sent = [part for one in sent for part in one.get("subsegments", [one] if "type" in one else [])]
print(json.dumps([(one["name"], one["aws"]["operation"], one.get("trace_id"), one.get("parent_id"), one["id"])
    for one in sent]))
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "cannot find the current segment" not in done.stderr
    return done.stdout.strip()


def test_calls_are_subsegments_and_a_call_without_a_segment_is_ignored() -> None:
    assert run(CALL) == "[('sqs', 'ListQueues')]"


def test_in_lambda_every_call_of_a_thread_belongs_to_the_invocation_once() -> None:
    calls = json.loads(run(CALLS_OF_THREADS.replace("IN_LAMBDA", "True")))
    assert {tuple(call[:4]) for call in calls} == {
        ("sqs", "ListQueues", "1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8")
    }
    assert len({call[4] for call in calls}) == len(calls) == 100


def test_a_call_of_a_thread_belongs_to_the_segment_of_the_thread_that_waits_for_it() -> None:
    calls = json.loads(run(CALLS_OF_THREADS.replace("IN_LAMBDA", "False")))
    assert {tuple(call[:2]) for call in calls} == {("sqs", "ListQueues")}
    assert len({call[4] for call in calls}) == len(calls) == 100
