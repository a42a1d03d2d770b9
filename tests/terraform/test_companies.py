"""What companies ask for: other accounts, two regions of one name, a key of their own, alarms that call their tools."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.terraform.conftest import ORGANISATION
from tests.terraform.runner import ACCOUNT, REGION, Plan
from tests.terraform.test_iam import listed

KEY = ORGANISATION["data_kms_key_arn"]
# Types whose names are those of an account or of all accounts, with the attribute that holds the name. CloudWatch keeps
# dashboards by account: their ARN has no region.
GLOBAL = {"aws_iam_role": "name", "aws_s3_bucket": "bucket", "aws_cloudwatch_dashboard": "dashboard_name"}
# Named within one of those.
WITHIN = {"aws_iam_role_policy", "aws_s3_object"}


def global_names(plan: Plan) -> set[tuple[str, str]]:
    return {
        (resource.type, resource.values[GLOBAL[resource.type]])
        for resource in plan.resources
        if resource.type in GLOBAL
    }


def test_two_regions_share_no_global_name(plan: Callable[[str], Plan]) -> None:
    here, there = plan("organisation"), plan("elsewhere")

    assert len(global_names(here)) == len(global_names(there)) == 6
    assert global_names(here) & global_names(there) == set()
    assert {resource.address for resource in here.resources} == {resource.address for resource in there.resources}


def test_every_type_with_global_names_is_looked_at(plan: Callable[[str], Plan]) -> None:
    """IAM, S3, Route 53 and CloudFront have no regions."""
    without_region = re.compile("aws_(iam|s3|route53|cloudfront)_")
    found = {resource.type for resource in plan("organisation").resources if without_region.match(resource.type)}
    assert {type_ for type_ in found if not type_.startswith("aws_s3_bucket_")} <= GLOBAL.keys() | WITHIN


def test_names_end_with_the_region_only_where_it_is_asked_for(default: Plan, plan: Callable[[str], Plan]) -> None:
    assert all(name.endswith(f"-{REGION}") for _, name in global_names(plan("organisation")))
    assert all(name.endswith("-us-east-1") for _, name in global_names(plan("elsewhere")))
    assert not any(REGION in name for _, name in global_names(default))


def test_every_alarm_calls_the_owners_actions_and_only_topics_hear_of_its_end(plan: Callable[[str], Plan]) -> None:
    topic, chat = f"arn:aws:sns:{REGION}:{ACCOUNT}:sesmailengine-Alarms", f"arn:aws:sns:{REGION}:{ACCOUNT}:chat"
    incident = f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/mail"
    alarms = plan("organisation").all("aws_cloudwatch_metric_alarm")
    assert len(alarms) >= 20
    for alarm in alarms:
        assert set(alarm.values["alarm_actions"]) == {topic, chat, incident}, alarm.address
        assert set(alarm.values["ok_actions"]) == {topic, chat}, alarm.address


def test_tables_and_bucket_have_the_customers_key(plan: Callable[[str], Plan]) -> None:
    organisation = plan("organisation")
    keys = [
        table.values["server_side_encryption"][0]["kms_key_arn"] for table in organisation.all("aws_dynamodb_table")
    ]
    (rule,) = organisation.one("aws_s3_bucket_server_side_encryption_configuration").values["rule"]
    assert keys == [KEY] * 4
    assert rule["apply_server_side_encryption_by_default"] == [{"sse_algorithm": "aws:kms", "kms_master_key_id": KEY}]


def key_services(plan: Plan, function: str) -> set[str]:
    """The services through which a function may use the data's key."""
    policy = plan.one("aws_iam_role_policy", name=f"sesmailengine-{function}").json("policy")
    return {
        service.split(".")[0]
        for statement in policy["Statement"]
        if KEY in listed(statement["Resource"])
        for service in statement["Condition"]["StringEquals"]["kms:ViaService"]
    }


def data_services(plan: Plan, function: str) -> set[str]:
    """The services of encrypted data that a function uses."""
    policy = plan.one("aws_iam_role_policy", name=f"sesmailengine-{function}").json("policy")
    used = {
        action.split(":")[0]
        for statement in policy["Statement"]
        if statement["Sid"] != "ReadAttachments"
        for action in listed(statement["Action"])
    }
    return used & {"dynamodb", "s3"}


def test_a_function_may_use_the_datas_key_through_the_services_that_it_uses_alone(
    default: Plan, plan: Callable[[str], Plan]
) -> None:
    organisation = plan("organisation")
    for function in ("EmailSender", "FeedbackProcessor", "TemplateSeeder"):
        assert key_services(organisation, function) == data_services(organisation, function), function
        assert key_services(default, function) == set(), function


def test_the_seeder_alone_may_encrypt_templates(plan: Callable[[str], Plan]) -> None:
    allowed = {
        function: {
            action
            for statement in plan("organisation")
            .one("aws_iam_role_policy", name=f"sesmailengine-{function}")
            .json("policy")["Statement"]
            if statement["Sid"].endswith("TemplatesThroughS3Only")
            for action in statement["Action"]
        }
        for function in ("EmailSender", "TemplateSeeder")
    }
    assert allowed == {"EmailSender": {"kms:Decrypt"}, "TemplateSeeder": {"kms:Decrypt", "kms:GenerateDataKey"}}


def test_a_producer_elsewhere_gets_its_statuses_on_its_own_bus(plan: Callable[[str], Plan]) -> None:
    planned = plan("cross-account")
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/shop.orders-statuses"
    (to_bus,) = [target for target in planned.all("aws_cloudwatch_event_target") if target.values.get("arn") == bus]
    (rights,) = planned.one("aws_iam_role_policy", name="mail-StatusEvents").json("policy")["Statement"]
    (accepted,) = [
        policy.json("policy")["Statement"][0]
        for policy in planned.all("aws_cloudwatch_event_bus_policy")
        if policy.address.startswith("module.shop_emails.")
    ]
    assert to_bus.values["event_bus_name"] == "mail-EmailBus"
    assert rights["Resource"] == [bus] == [accepted["Resource"]]
    assert planned.one("aws_cloudwatch_metric_alarm", alarm_name="mail-StatusEventsDLQ-Depth")
