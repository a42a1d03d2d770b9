"""What reaches X-Ray: names of calls and errors, no addresses and no data."""

from __future__ import annotations

import subprocess
import sys

CALLS = """
import os
os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}
from sesmail_layer.runtime.parallel import run_all
from sesmail_layer.runtime.tracing import enable_tracing
enable_tracing(run_all)
from aws_xray_sdk.core import xray_recorder
from botocore.stub import Stubber
from sesmail_layer.aws.clients import client
sent = []
xray_recorder.configure(sampling=False)
xray_recorder.emitter._send_data = sent.append
xray_recorder.streaming_threshold = THRESHOLD
secret = "john.secret@example.com"
xray_recorder.begin_segment("invocation")
for service, method, given in (
    ("ses", "send_raw_email", {"Source": secret, "Destinations": [secret], "RawMessage": {"Data": secret.encode()}}),
    ("s3", "get_object", {"Bucket": "b", "Key": f"invoices/{secret}.pdf"}),
    ("dynamodb", "get_item", {"TableName": "t", "Key": {"email": {"S": secret}}}),
    ("sqs", "send_message", {"QueueUrl": "https://example.com/q", "MessageBody": secret}),
    ("events", "put_events", {"Entries": [{"Detail": secret}]}),
):
    made = client(service)
    stub = Stubber(made)
    stub.add_client_error(method, "MessageRejected", f"Email address is not verified: {secret}", 400)
    stub.activate()
    try:
        getattr(made, method)(**given)
    except Exception as err:
        assert secret in str(err)
    try:
        with xray_recorder.in_subsegment("outer"):
            getattr(made, method)(**given)
    except Exception as err:
        pass
    try:
        with xray_recorder.in_subsegment("inner"):
            raise KeyError(secret)
    except KeyError:
        pass
xray_recorder.end_segment()
documents = "".join(map(str, sent))
assert "SendRawEmail" in documents and "MessageRejected" in documents.replace("ClientError", "MessageRejected")
print("secret" in documents, "KeyError" in documents, '"table_name": "t"' in documents or "table_name" in documents)
"""


def emitted(threshold: int) -> str:
    call = CALLS.replace("THRESHOLD", str(threshold))
    done = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_no_document_has_an_address_or_an_object_s_key() -> None:
    assert emitted(100) == "False True True"


def test_nor_has_one_that_is_sent_before_its_segment_ends() -> None:
    assert emitted(0) == "False True True"
