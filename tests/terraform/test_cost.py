"""docs/performance.md prices what is deployed, as Terraform plans it."""

from __future__ import annotations

from tests.terraform.runner import Plan
from tools.bench import deployed, results


def test_what_is_billed_without_mail_is_what_terraform_plans(default: Plan) -> None:
    found = deployed.counted((resource.type, resource.values) for resource in default.resources)
    assert found == results.load().deployed, "run `python -m tools.bench --plan` with `terraform show -json` of a plan"


def test_prices_are_those_of_the_planned_architecture(default: Plan) -> None:
    found = deployed.counted((resource.type, resource.values) for resource in default.resources)
    assert found.architecture == "arm64"
    assert not found.tracing, "X-Ray is not in the bill"
