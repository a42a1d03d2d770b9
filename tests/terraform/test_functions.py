"""The functions as they are deployed: packages, settings, tracing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sesmail_layer.runtime.settings import SeederSettings
from tests.terraform.runner import NEW_ACCOUNT_CONCURRENCY, Plan
from tools.simulation.environment import environment as default_environment

ENGINE_FUNCTIONS = ("EmailSender", "FeedbackProcessor")
# Of the applied engine, not the defaults.
TIMEOUTS = {"EmailSender": "45", "FeedbackProcessor": "12"}
# Lambda's limit for all variables of a function together.
ENVIRONMENT_BYTES = 4096


def function(plan: Plan, name: str) -> dict[str, Any]:
    (found,) = [
        resource.values
        for resource in plan.all("aws_lambda_function")
        if resource.values["function_name"].endswith(f"-{name}")
    ]
    return dict(found)


def environment(plan: Plan, name: str) -> dict[str, str]:
    return dict(function(plan, name)["environment"][0]["variables"])


@pytest.mark.parametrize(("name", "seconds"), TIMEOUTS.items())
def test_each_function_knows_its_own_timeout(name: str, seconds: str, applied: Plan) -> None:
    assert function(applied, name)["timeout"] == int(seconds)
    assert environment(applied, name)["SESMAIL_TIMEOUT_SECONDS"] == seconds


@pytest.mark.parametrize("name", ENGINE_FUNCTIONS)
def test_terraform_sets_what_tests_and_benchmarks_start_with(name: str, applied: Plan) -> None:
    expected = default_environment(
        "a-name-of-forty-letters-is-just-short-en",
        SESMAIL_MAX_SEND_RATE="14",
        SESMAIL_TIMEOUT_SECONDS=TIMEOUTS[name],
        SESMAIL_UNSUBSCRIBE_URL="https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
    )
    assert environment(applied, name) == expected


def test_the_seeder_can_read_its_settings_from_what_terraform_sets(applied: Plan) -> None:
    read = SeederSettings.from_env(environment(applied, "TemplateSeeder"))
    assert read.starters_key == "starters/starters.zip"
    assert read.starters_bucket == read.template_bucket


@pytest.mark.parametrize("name", ENGINE_FUNCTIONS)
def test_the_environment_fits_under_the_longest_name(name: str, applied: Plan) -> None:
    variables = environment(applied, name)
    assert sum(len(key) + len(value) for key, value in variables.items()) < 0.75 * ENVIRONMENT_BYTES


def test_packages_are_named_as_make_package_names_them(default: Plan) -> None:
    files = {name: function(default, name)["filename"] for name in (*ENGINE_FUNCTIONS, "TemplateSeeder")}
    assert {name: path.rpartition("/")[2] for name, path in files.items()} == {
        "EmailSender": "email_sender.zip",
        "FeedbackProcessor": "feedback_processor.zip",
        "TemplateSeeder": "template_seeder.zip",
    }
    assert default.one("aws_lambda_layer_version").values["filename"].endswith("/layer.zip")
    assert default.one("aws_s3_object").values["source"].endswith("/starters.zip")


def test_tracing_is_off_by_default(default: Plan, complete: Plan) -> None:
    for name in (*ENGINE_FUNCTIONS, "TemplateSeeder"):
        assert function(default, name)["tracing_config"] == [{"mode": "PassThrough"}]
        assert function(complete, name)["tracing_config"] == [{"mode": "Active"}]


def test_concurrency_is_reserved_for_sender_and_processor_only_where_the_owner_says_so(
    default: Plan, plan: Callable[[str], Plan]
) -> None:
    reserved = {
        name: [function(planned, name)["reserved_concurrent_executions"] for planned in (default, plan("organisation"))]
        for name in (*ENGINE_FUNCTIONS, "TemplateSeeder")
    }
    assert reserved == {"EmailSender": [-1, 20], "FeedbackProcessor": [-1, 5], "TemplateSeeder": [-1, -1]}


@pytest.mark.parametrize(("name", "asked"), [("default", 25), ("complete", 35)])
def test_a_new_account_is_warned_that_it_runs_fewer_functions_than_the_queues_ask_for(
    name: str, asked: int, plan: Callable[[str], Plan]
) -> None:
    """Each mapping may scale up to its maximum: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
    mappings = plan(name).all("aws_lambda_event_source_mapping")
    assert sum(mapping.values["scaling_config"][0]["maximum_concurrency"] for mapping in mappings) == asked
    (warning,) = plan(name).warnings
    assert f"may run {asked} functions at once, but this account may run only {NEW_ACCOUNT_CONCURRENCY} " in warning


def test_a_reservation_that_the_account_cannot_make_is_warned_of(plan: Callable[[str], Plan]) -> None:
    planned = plan("organisation")
    own = [each.values["reserved_concurrent_executions"] for each in planned.all("aws_lambda_function")]
    reserved = sum(executions for executions in own if executions > 0)
    assert reserved == 20 + 5 + 3
    [warning] = [each for each in planned.warnings if "reserved_concurrency" in each]
    assert f"reserve {reserved} executions together, the account may run 10, and Lambda keeps 100 unreserved" in warning


def test_memory_and_timeouts_are_the_documented_ones(default: Plan) -> None:
    sender, feedback = function(default, "EmailSender"), function(default, "FeedbackProcessor")
    assert (sender["memory_size"], sender["timeout"]) == (512, 30)
    assert (feedback["memory_size"], feedback["timeout"]) == (256, 15)
