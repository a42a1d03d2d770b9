"""The root passes values on; the engine's module rejects a wrong one and names its variable."""

from __future__ import annotations

import re
from concurrent.futures import Future

import pytest

from tests.terraform.conftest import REJECTED


@pytest.fixture(scope="session")
def errors(runs: dict[str, Future[object]]) -> str:
    """What Terraform says to wrong values, in one line."""
    return " ".join(str(runs["rejected"].result()).replace("│", " ").split())


@pytest.mark.parametrize("variable", REJECTED)
def test_a_wrong_value_is_rejected_with_its_variable_and_what_is_allowed(variable: str, errors: str) -> None:
    assert re.search(rf"in module \"sesmail\": \d+: {variable} = var\.{variable} ", errors)
    assert f"{variable} " in errors.split(f"{variable} = var.{variable} ")[1].split("Error: ")[0]
