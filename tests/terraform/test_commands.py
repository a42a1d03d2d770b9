"""Terraform's own commands succeed for every module, the root and the examples."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from concurrent.futures import Future

import pytest

from localcloud.provider import terraform_binary
from tests.terraform.conftest import APPLIED, PLANS, TEST_FILES
from tests.terraform.runner import ROOT, SOURCES, Plan


def test_everything_is_formatted() -> None:
    for name in SOURCES:
        done = subprocess.run(
            [terraform_binary(), "fmt", "-check", "-recursive", "-diff"],
            cwd=ROOT / name,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"run make fmt:\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("file", [file for file in TEST_FILES if file != APPLIED])
def test_terraform_test_passes_with(file: str, runs: dict[str, Future[object]]) -> None:
    output = str(runs[file].result())
    passed = re.search(r"Success! (\d+) passed, 0 failed\.", output)
    assert passed is not None, output
    assert int(passed.group(1)) == (ROOT / file).read_text().count('\nrun "'), output


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_succeeds_for(name: str, plan: Callable[[str], Plan]) -> None:
    assert plan(name).resources


def test_only_the_aws_provider_is_used() -> None:
    for path in (ROOT / "modules").glob("*/versions.tf"):
        assert re.findall(r'source\s+= "([^"]+)"', path.read_text()) == ["hashicorp/aws"], path
        assert 'version = ">= 5.100.0, < 7.0.0"' in path.read_text(), path
