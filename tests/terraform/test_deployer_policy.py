"""The deployer's policies cover what the plans contain, name operations that AWS has, and fit into managed policies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import botocore.session
import pytest

from tests.terraform.runner import Plan
from tests.terraform.test_iam import listed
from tools.generators import deployer_policy
from tools.generators.deployer_rights import RIGHTS

# Together they have every type of resource of the engine.
PLANNED = ("default", "organisation", "complete", "cross-account")
# IAM's service to botocore's, where the names differ.
APIS = {"ses": "sesv2", "servicequotas": "service-quotas"}
# Actions that are no operation's name: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
NO_OPERATION = {
    # API Gateway's actions are the methods of its requests.
    *(f"apigateway:{method}" for method in ("DELETE", "GET", "PATCH", "POST", "PUT")),
    "iam:PassRole",
    "lambda:InvokeFunction",
    "lambda:ListTags",
    "s3:DeleteObjectVersion",
    "s3:GetAccelerateConfiguration",
    "s3:GetBucket*",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetObjectVersion",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:ListTagsForResource",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:TagResource",
    "s3:UntagResource",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
}
# A statement that names a resource never allows these: AWS authorizes them without one.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
NO_RESOURCE_LEVEL = {
    "events:PutPermission",
    "events:RemovePermission",
    "lambda:CreateEventSourceMapping",
    "servicequotas:GetAWSDefaultServiceQuota",
    "servicequotas:GetServiceQuota",
    "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
}


@pytest.fixture(scope="module")
def planned(plan: Callable[[str], Plan]) -> set[str]:
    return {
        resource.type
        for name in PLANNED
        for resource in plan(name).resources
        if resource.address.startswith("module.sesmail.")
    }


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(deployer_policy.FOLDER.glob("*.json")):
        yield from ((path.name, statement) for statement in json.loads(path.read_text())["Statement"])


def test_the_deployers_policies_are_those_of_the_plans(planned: set[str]) -> None:
    """A resource of a new type is an error here, until the table says what Terraform calls for it."""
    written = {path.name: path.read_text() for path in deployer_policy.FOLDER.glob("*.json")}
    assert written == deployer_policy.files(planned)
    assert planned == RIGHTS.keys()


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(deployer_policy.UnknownTypeError, match="aws_vpc: add to RIGHTS"):
        deployer_policy.policies({"aws_vpc", "aws_sqs_queue"})


def test_a_managed_policy_takes_each_of_them(planned: set[str]) -> None:
    sizes = [deployer_policy.size(policy) for policy in deployer_policy.policies(planned)]
    assert max(sizes) <= 6144
    # A role takes ten: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    assert len(sizes) <= 3


def test_every_action_is_one_of_aws() -> None:
    session = botocore.session.get_session()
    for file, statement in statements():
        for action in listed(statement["Action"]):
            service, name = action.split(":")
            operations = session.get_service_model(APIS.get(service, service)).operation_names
            assert name in operations or action in NO_OPERATION, (file, action)


def test_a_wildcard_resource_has_its_reason() -> None:
    """Mappings have no name of the engine: they are bound by the function that they feed."""
    found = {statement["Sid"]: statement for _, statement in statements() if "*" in listed(statement["Resource"])}
    allowed = {sid for sid, statement in found.items() if statement["Effect"] == "Allow"}
    assert allowed == {
        "BusPoliciesHaveNoResourceLevel",
        "FeedOwnFunctions",
        "QuotasHaveNoResourceLevel",
        "SubscriptionsHaveNoResourceLevel",
    }
    assert found["FeedOwnFunctions"]["Condition"]["ArnLike"]["lambda:FunctionArn"].endswith(":function:NAME-*")


def test_an_action_without_resource_level_names_no_resource() -> None:
    found = {
        action: statement["Resource"]
        for _, statement in statements()
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
    }
    assert {action: found[action] for action in NO_RESOURCE_LEVEL} == dict.fromkeys(NO_RESOURCE_LEVEL, "*")


def test_every_other_resource_is_named_after_the_engine() -> None:
    # An API has an id for a name.
    apis = ("::/apis", "::/apis/*", "::/tags/*")
    free = ("*", "DATA_KEY", ":log-group:*", ":event-source-mapping:*", ":key/*", *apis)
    for file, statement in statements():
        for arn in listed(statement["Resource"]):
            assert "NAME-" in arn or arn.endswith(("dashboard/NAME", *free)), (file, arn)


def test_roles_are_given_to_lambda_and_to_rules_alone() -> None:
    (passed,) = [statement for _, statement in statements() if "iam:PassRole" in listed(statement["Action"])]
    assert passed["Resource"] == "arn:aws:iam::ACCOUNT:role/NAME-*"
    assert passed["Condition"] == {
        "StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "events.amazonaws.com"]}
    }


def test_a_plan_has_the_policies_of_its_types_alone(tmp_path: Any) -> None:
    module = {"resources": [{"mode": "managed", "type": "aws_sqs_queue"}, {"mode": "data", "type": "aws_region"}]}
    plan = {"planned_values": {"root_module": {"child_modules": [module]}}}
    (policy,) = deployer_policy.policies(deployer_policy.types(plan))
    assert [statement["Sid"] for statement in policy["Statement"]] == ["Queues", "QuotasHaveNoResourceLevel"]
