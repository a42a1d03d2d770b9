"""The modules' documentation is up to date and complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.terraform.runner import ROOT
from tools.generators import terraform_docs

MODULES = sorted(path for path in (ROOT / "modules").iterdir() if path.is_dir())
# Modules that users call; all others are parts of the engine.
PUBLIC = [ROOT / "modules" / name for name in ("domain", "producer", "sesmail")]
EVERYWHERE = [*MODULES, ROOT / "terraform", *sorted((ROOT / "examples").iterdir())]
# Any value is allowed: folders, free text, switches.
FREE_TYPES = ("bool", "map(string)")
FREE = {"package_dir"}


def test_generated_files_are_up_to_date() -> None:
    stale = [path for path, text in terraform_docs.generated_files() if not path.exists() or path.read_text() != text]
    assert not stale, f"run make docs: {stale}"


@pytest.mark.parametrize("module", EVERYWHERE, ids=lambda path: path.name)
def test_every_variable_is_typed_and_described(module: Path) -> None:
    for variable in terraform_docs.blocks(module, "variable"):
        assert variable.attribute("type") not in (None, "any"), variable.name
        assert variable.description.endswith("."), variable.name


@pytest.mark.parametrize("module", EVERYWHERE, ids=lambda path: path.name)
def test_every_output_is_described(module: Path) -> None:
    for output in terraform_docs.blocks(module, "output"):
        assert output.description.endswith("."), output.name


@pytest.mark.parametrize("module", PUBLIC, ids=lambda path: path.name)
def test_every_variable_with_invalid_values_is_validated(module: Path) -> None:
    for variable in terraform_docs.blocks(module, "variable"):
        free = variable.attribute("type") in FREE_TYPES or variable.name in FREE
        assert free or variable.rules, f"{variable.name} takes anything"


def test_a_rule_is_in_one_place() -> None:
    """The engine's module validates; its private parts and the root trust it."""
    for module in (*MODULES, ROOT / "terraform"):
        validated = {variable.name for variable in terraform_docs.blocks(module, "variable") if variable.rules}
        assert module in PUBLIC or validated <= {"aws_region"}, module


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_default_of_the_engine_is_not_repeated(module: Path) -> None:
    engine = {variable.name for variable in terraform_docs.blocks(ROOT / "modules/sesmail", "variable")}
    for variable in terraform_docs.blocks(module, "variable"):
        repeated = variable.name in engine - {"tags"} and variable.attribute("default") is not None
        assert module in PUBLIC or not repeated, variable.name


@pytest.mark.parametrize("module", PUBLIC, ids=lambda path: path.name)
def test_every_validation_has_a_test_that_breaks_it(module: Path) -> None:
    tests = "".join(path.read_text() for path in sorted(module.glob("tests/*.tftest.hcl")))
    expected = {
        name
        for listed in re.findall(r"expect_failures = \[(.*?)\]", tests, re.DOTALL)
        for name in re.findall(r"var\.(\w+)", listed)
    }
    assert {variable.name for variable in terraform_docs.blocks(module, "variable") if variable.rules} <= expected


def test_the_root_passes_everything_through() -> None:
    engine, root = ROOT / "modules" / "sesmail", ROOT / "terraform"
    names = {block.name for block in terraform_docs.blocks(engine, "variable")}
    assert {block.name for block in terraform_docs.blocks(root, "variable")} == names | {"aws_region"}
    assert {block.name for block in terraform_docs.blocks(root, "output")} == {
        block.name for block in terraform_docs.blocks(engine, "output")
    }


def test_the_documented_outputs_are_there() -> None:
    names = {block.name for block in terraform_docs.blocks(ROOT / "modules" / "sesmail", "output")}
    assert names >= {
        "event_bus_name",
        "event_bus_arn",
        "template_bucket_name",
        "email_tracking_table_name",
        "suppression_table_name",
        "control_table_name",
        "customer_iam_policy",
        "producer_policies",
        "email_sender_lambda_arn",
        "feedback_processor_lambda_arn",
        "template_seeder_lambda_name",
        "install_templates_command",
        "alarm_notification_topic_arn",
        "ses_configuration_set_name",
        "dashboard_url",
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_has_its_five_parts_and_tests(module: Path) -> None:
    for name in ("main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md"):
        assert (module / name).is_file(), name
    assert list(module.glob("tests/*.tftest.hcl"))
