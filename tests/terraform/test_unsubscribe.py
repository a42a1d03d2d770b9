"""The unsubscribe page: nothing without it; with it a throttled API, which alone may call its function."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from sesmail_layer.aws.secret_keys import SecretKeys
from sesmail_layer.domain.unsubscribe.events import RESUBSCRIBED, UNSUBSCRIBED
from sesmail_layer.runtime.clock import SystemClock
from tests.terraform.runner import ACCOUNT, REGION, Plan
from tests.terraform.test_functions import environment, function

API = "aws_apigatewayv2_api"


def test_the_default_engine_has_no_api(default: Plan) -> None:
    assert [resource.address for resource in default.resources if "unsubscribe" in resource.address] == []


def test_the_api_has_three_routes_to_one_function(complete: Plan) -> None:
    assert complete.one(API).values["protocol_type"] == "HTTP"
    integration = complete.one("aws_apigatewayv2_integration").values
    assert integration["integration_uri"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:mail-Unsubscribe"
    assert (integration["integration_type"], integration["payload_format_version"]) == ("AWS_PROXY", "2.0")
    routes = {route.values["route_key"] for route in complete.all("aws_apigatewayv2_route")}
    assert routes == {f"{method} /u/{{token}}" for method in ("GET", "HEAD", "POST")}


def test_the_api_waits_longer_than_its_function_runs(complete: Plan) -> None:
    waits = complete.one("aws_apigatewayv2_integration").values["timeout_milliseconds"] / 1000
    assert function(complete, "Unsubscribe")["timeout"] < waits <= 30


def test_the_stage_is_throttled_and_writes_no_log_of_links(complete: Plan) -> None:
    stage = complete.one("aws_apigatewayv2_stage").values
    (settings,) = stage["default_route_settings"]
    assert (settings["throttling_rate_limit"], settings["throttling_burst_limit"]) == (50, 100)
    assert (stage["name"], stage["auto_deploy"], stage.get("access_log_settings", [])) == ("$default", True, [])


def test_only_this_api_may_call_the_function(applied: Plan) -> None:
    permission = applied.one("aws_lambda_permission").values
    assert permission["principal"] == "apigateway.amazonaws.com"
    assert permission["action"] == "lambda:InvokeFunction"
    assert permission["source_arn"] == f"arn:aws:execute-api:{REGION}:{ACCOUNT}:a1b2c3d4e5/*/*/u/*"


def test_no_execution_is_reserved_unless_the_owner_says_so(complete: Plan) -> None:
    assert function(complete, "Unsubscribe")["reserved_concurrent_executions"] == -1


def test_the_sender_writes_links_of_the_api(applied: Plan) -> None:
    url = environment(applied, "EmailSender")["SESMAIL_UNSUBSCRIBE_URL"]
    assert url == applied.one(API).values["api_endpoint"]


def test_a_producer_s_topics_are_in_its_policy(complete: Plan) -> None:
    items = [resource.json("item") for resource in complete.all("aws_dynamodb_table_item")]
    topics = {item["pk"]["S"]: item["topics"] for item in items if "topics" in item}
    assert topics == {
        "producer#marketing.newsletter": {
            "M": {"weekly-digest": {"S": "Weekly digest"}, "events": {"S": "Events near you"}}
        }
    }


def statement(plan: Plan, sid: str) -> Any:
    policy = plan.one("aws_iam_role_policy", role="mail-UnsubscribeRole").json("policy")
    (found,) = [statement for statement in policy["Statement"] if statement["Sid"] == sid]
    return found


def test_the_page_publishes_choices_of_recipients_alone(complete: Plan) -> None:
    source = environment(complete, "Unsubscribe")["SESMAIL_STATUS_EVENT_SOURCE"]
    assert statement(complete, "PublishChoicesOfRecipients")["Condition"] == {
        "ForAllValues:StringEquals": {
            "events:source": [source],
            "events:detail-type": [UNSUBSCRIBED, RESUBSCRIBED],
        },
        # ForAllValues alone is true where a call has no such key.
        "Null": {"events:source": ["false"], "events:detail-type": ["false"]},
    }


def test_the_page_writes_entries_of_topics_alone(complete: Plan) -> None:
    assert statement(complete, "ReadChoicesOfRecipient")["Action"] == ["dynamodb:BatchGetItem"]
    write = statement(complete, "UnsubscribeAndComeBack")
    assert write["Action"] == ["dynamodb:PutItem", "dynamodb:DeleteItem"]
    assert write["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*@*#*"]},
        "Null": {"dynamodb:LeadingKeys": ["false"]},
    }


def test_a_producer_gets_every_event_about_its_emails_here_and_on_its_own_bus(
    plan: Callable[[str], Plan], runs: dict[str, Future[object]]
) -> None:
    """The engine's rule forwards what the bus elsewhere lets in, and what the producer's own rule takes."""
    expected = ["Email Status Changed", UNSUBSCRIBED, RESUBSCRIBED]
    planned = runs["other accounts"].result()
    assert isinstance(planned, dict)
    forwarding = planned["statuses_of_a_producer_and_no_others_go_to_its_bus"].all("aws_cloudwatch_event_rule")
    patterns = [rule.json("event_pattern") for rule in forwarding if rule.values["name"].endswith("-status-bus")]
    assert [pattern["detail-type"] for pattern in patterns] == [expected] * 2

    elsewhere = plan("signed webhook with settings")
    (let_in,) = elsewhere.one("aws_cloudwatch_event_bus_policy").json("policy")["Statement"]
    assert let_in["Condition"]["ForAllValues:StringEquals"]["events:detail-type"] == expected
    for name in ("signed webhook", "signed webhook with settings"):
        pattern = plan(name).one("aws_cloudwatch_event_rule").json("event_pattern")
        assert pattern["detail-type"] == expected
        # A choice has no status.
        assert pattern["detail"]["status"] == ["failed", "bounced", "complained", {"exists": False}]


class Parameters:
    """SSM, as far as keys are created."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def put_parameter(self, *, Name: str, **_: object) -> None:
        self.names.append(Name.rpartition("/")[2])


def test_an_upgrade_that_adds_a_key_calls_the_seeder(default: Plan) -> None:
    """Terraform calls it where its input changes; starters may stay the same."""
    ssm: Any = Parameters()
    SecretKeys(ssm, "mail", SystemClock()).create()
    assert default.one("aws_lambda_invocation").json("input")["keys"] == sorted(ssm.names)
