"""The layer's reduced descriptions of AWS's services: nothing that a function calls differs from botocore's own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.service_models import service_models
from sesmail_layer.aws.clients import SERVICES
from tests.functions.conftest import Package

# One call for each service, and S3's bucket in the host's name.
_URLS = """
import json, sys
sys.path[:0] = {path}
from sesmail_layer.aws import clients
if not {reduced}:
    clients._MODELS = clients._MODELS / "none"
calls = {calls}
found = {{}}
for service, (operation, params) in calls.items():
    client = clients.client(service)
    def note(request, **_):
        found[service] = [request.method, request.url, sorted(request.headers), str(request.body)]
        raise KeyboardInterrupt
    client.meta.events.register_first("before-send", note)
    try:
        getattr(client, operation)(**params)
    except KeyboardInterrupt:
        pass
print(json.dumps([found, len(client.meta.service_model.operation_names)]))
"""
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "cloudwatch": ("describe_alarms", {"AlarmNames": ["a"]}),
    "dynamodb": ("get_item", {"TableName": "t", "Key": {"pk": {"S": "1"}}}),
    "events": ("put_events", {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}"}]}),
    "s3": ("get_object", {"Bucket": "some-bucket", "Key": "a b/ä", "IfNoneMatch": "e"}),
    "ses": ("get_send_quota", {}),
    "sesv2": (
        "send_email",
        {"FromEmailAddress": "a@b.cc", "Content": {"Raw": {"Data": "x"}}, "TenantName": "t", "EmailTags": []},
    ),
    "sns": ("publish", {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:t", "Message": "m"}),
    "sqs": (
        "send_message_batch",
        {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/1/q", "Entries": [{"Id": "1", "MessageBody": "m"}]},
    ),
    "ssm": ("get_parameter", {"Name": "n", "WithDecryption": True}),
}


def requests(package: Package, boto3_alone: Path, environment: dict[str, str], *, reduced: bool) -> tuple[Any, int]:
    """The requests as they would be sent, and the number of the last service's operations."""
    path = [str(package.layer), str(boto3_alone)]
    calls = {service: CALLS[service] for service in sorted(SERVICES)}
    code = _URLS.format(path=path, reduced=reduced, calls=calls)
    environment = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", **environment}
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    found, operations = json.loads(ended.stdout)
    return found, operations


@pytest.mark.parametrize(
    "environment",
    [
        {"AWS_DEFAULT_REGION": "eu-west-1"},
        {"AWS_DEFAULT_REGION": "us-east-1"},
        {"AWS_DEFAULT_REGION": "us-gov-west-1"},
        {"AWS_DEFAULT_REGION": "cn-north-1"},
        {"AWS_DEFAULT_REGION": "eu-somewhere-9"},
        {"AWS_DEFAULT_REGION": "us-west-2", "AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://localhost:4566"},
    ],
    ids=lambda environment: "-".join(environment.values()),
)
def test_a_request_is_the_same_as_with_botocores_own_data(
    package: Package, boto3_alone: Path, environment: dict[str, str]
) -> None:
    ours, few = requests(package, boto3_alone, environment, reduced=True)
    botocores, many = requests(package, boto3_alone, environment, reduced=False)

    assert ours == botocores
    assert ours.keys() == SERVICES
    assert few < many / 10


def test_each_service_has_the_operations_that_the_sources_name_and_no_text(tmp_path: Path) -> None:
    (tmp_path / "adapter.py").write_text(
        "client.get_item(); client.get_paginator('query'); client.send_message_batch()"
    )
    files = service_models(["dynamodb", "sqs"], tmp_path)

    assert sorted(files) == [
        "dynamodb/2012-08-10/endpoint-rule-set-1.json",
        "dynamodb/2012-08-10/service-2.json",
        "endpoints.json",
        "sqs/2012-11-05/endpoint-rule-set-1.json",
        "sqs/2012-11-05/service-2.json",
    ]
    dynamodb = json.loads(files["dynamodb/2012-08-10/service-2.json"])
    assert sorted(dynamodb["operations"]) == ["GetItem", "Query"]
    assert "AttributeValue" in dynamodb["shapes"]
    assert "CreateTableInput" not in dynamodb["shapes"]
    assert list(json.loads(files["sqs/2012-11-05/service-2.json"])["operations"]) == ["SendMessageBatch"]
    assert b"<p>" not in b"".join(files.values())


def test_what_the_layer_does_not_contain_is_read_from_botocore(package: Package, boto3_alone: Path) -> None:
    code = (
        f"import sys; sys.path[:0] = {[str(package.layer), str(boto3_alone)]};"
        "from sesmail_layer.aws import clients; loader = clients.session().get_component('data_loader');"
        "print(len(loader.load_service_model('dynamodb', 'paginators-1')['pagination']),"
        " clients.client('dynamodb').can_paginate('query'), '_retry' in str(loader.load_data_with_path('_retry')[1]))"
    )
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        env={"AWS_DEFAULT_REGION": "eu-west-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.split()[1:] == ["True", "True"]
