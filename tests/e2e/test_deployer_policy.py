"""Whoever holds the deployer's policies, and no other right, applies, plans again and destroys the engine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping

import pytest

from localcloud.clients import client
from localcloud.deployment import variables_for
from localcloud.emulator import Emulator, free_port, start_ministack
from localcloud.package import build_package
from localcloud.paths import BUILD
from localcloud.terraform import Terraform
from tests.e2e.harness.plan_defects import unexpected_changes
from tools.generators.deployer_policy import FOLDER

NAME = "bounded"
OTHER_BUS = "arn:aws:events:us-east-1:210987654321:event-bus/shop-statuses"
# Everything that adds a type of resource.
OPTIONS = {
    "archive_days": 7,
    "regional_names": True,
    "producers": {"shop": {"accounts": ["210987654321"], "status_event_bus_arn": OTHER_BUS}},
}


@pytest.fixture
def account() -> Iterator[Emulator]:
    started = start_ministack(port=free_port())
    yield started
    started.stop()


# The emulator takes these operations for others.
MISTAKEN = {
    "lambda:GetLayerVersion": "lambda:ListLayers",
    "lambda:GetEventSourceMapping": "lambda:ListEventSourceMappings",
}

# The provider asks for these and does without; of the latter, the emulator does not know the condition key.
TOLERATED = {"iam:GetUser", "kms:DescribeKey"}


def emulated(text: str) -> str:
    """Return a policy for the emulator, which finds less in a request than AWS.

    A resource that it does not find is `*` to it: `?` is that one character, and no ARN. It takes a bus that is made
    for a rule of the default bus, and does not know the condition key `lambda:FunctionArn`.
    """
    policy = json.loads(text)
    for statement in policy["Statement"]:
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        buses = [arn.replace(":event-bus/", ":rule/default/") for arn in resources if ":event-bus/" in arn]
        statement["Resource"] = [*resources, *buses, "?"]
        statement["Action"] += [MISTAKEN[action] for action in statement["Action"] if action in MISTAKEN]
        if "lambda:FunctionArn" in json.dumps(statement):
            del statement["Condition"]
    return json.dumps(policy)


def deployer(account: Emulator) -> Mapping[str, str]:
    """Create a user with the policies of modules/sesmail/deployer; return the environment of its commands."""
    iam = client(account, "iam")
    identity = client(account, "sts").get_caller_identity()["Account"]
    iam.create_user(UserName="deployer")
    for path in sorted(FOLDER.glob("deployer-*.json")):
        text = path.read_text().replace("NAME", NAME).replace("REGION", account.environment["AWS_REGION"])
        document = emulated(text.replace("ACCOUNT", identity))
        policy = iam.create_policy(PolicyName=path.stem, PolicyDocument=document)["Policy"]["Arn"]
        iam.attach_user_policy(UserName="deployer", PolicyArn=policy)
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    return {
        **account.environment,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def test_the_deployers_policies_are_enough_to_apply_plan_and_destroy(account: Emulator) -> None:
    folder = BUILD / f"e2e/{NAME}"
    shutil.rmtree(folder, ignore_errors=True)
    package = shutil.copytree(build_package(account.backend), folder / "package")
    variables = variables_for(account, package, NAME) | OPTIONS
    terraform = Terraform(folder, deployer(account), account.backend, variables)
    try:
        terraform.prepare()
        terraform.apply()
        assert unexpected_changes(terraform) == []
        terraform.destroy()

        assert terraform.resources() == []
        assert {denial["action"] for denial in account.denials()} <= TOLERATED
    finally:
        shutil.rmtree(folder, ignore_errors=True)
