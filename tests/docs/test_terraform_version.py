"""Every place that names a version of Terraform names the one that CI tests."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT

WORKFLOW = (ROOT / ".github/workflows/ci.yml").read_text()
PROSE = ("README.md", "CONTRIBUTING.md", "docs/supported-versions.md", "localcloud/provider.py")


def version_in_ci() -> str:
    """Return the minor version in CI, such as 1.11."""
    [version] = re.findall(r'terraform_version: "(\d+\.\d+)\.\d+"', WORKFLOW)
    return str(version)


def test_every_module_requires_the_tested_version() -> None:
    files = [path for folder in ("modules", "terraform", "examples") for path in (ROOT / folder).rglob("versions.tf")]
    required = {path: re.findall(r'required_version = ">= (\d+\.\d+)(?:\.0)?"', path.read_text()) for path in files}
    assert len(files) > 10
    assert {path: found for path, found in required.items() if found != [version_in_ci()]} == {}


def test_pages_and_messages_name_the_tested_version() -> None:
    pattern = re.compile(r"Terraform\b[^\n]{0,80}?\b(1\.\d+) or later")
    named = {name: set(pattern.findall((ROOT / name).read_text())) for name in PROSE}
    assert named == {name: {version_in_ci()} for name in PROSE}
