"""docs/supported-versions.md names the versions that the code, the workflows and the pinned requirements have."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from typing import Any

import yaml

from tests.docs.pages import DOCS, ROOT, rows
from tools.generators.terraform_docs import blocks as terraform_blocks

PAGE = DOCS / "supported-versions.md"
TEXT = " ".join(PAGE.read_text().split())


def cells(thing: str) -> list[str]:
    """Return the other cells of the row about a thing: links are their text."""
    unlinked = ([re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell) for cell in row] for row in rows(PAGE))
    (found,) = (row[1:] for row in unlinked if row[0] == thing)
    return found


def one(found: Iterable[str]) -> str:
    """Return the one value that all places have."""
    (value,) = set(found)
    return value


def pinned(package: str, requirements: str) -> str:
    text = (ROOT / f"requirements/{requirements}.txt").read_text()
    (version,) = re.findall(rf"^{re.escape(package)}==(\S+)", text, re.MULTILINE)
    return str(version)


def project(path: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / path).read_text())["project"]
    return found


def minimum(dependencies: Iterable[str], package: str) -> str:
    (version,) = (each.removeprefix(f"{package}>=") for each in dependencies if each.startswith(f"{package}>="))
    return version


def in_workflows(key: str) -> str:
    """Return what every workflow gives to a `setup-…` action."""
    workflows = [path.read_text() for path in (ROOT / ".github/workflows").glob("*.yml")]
    return one(version for text in workflows for version in re.findall(rf'{key}: "([\d.]+)"', text))


def test_terraform() -> None:
    files = [path for folder in ("modules", "terraform", "examples") for path in (ROOT / folder).rglob("versions.tf")]
    required = one(
        found for path in files for found in re.findall(r'required_version = ">= ([\d.]+)"', path.read_text())
    )
    assert cells("Terraform")[:2] == [f"{required.removesuffix('.0')} or later", in_workflows("terraform_version")]


def test_the_provider() -> None:
    files = [path for folder in ("modules", "terraform") for path in (ROOT / folder).rglob("versions.tf")]
    found = one(each for path in files for each in re.findall(r' version = "(>= [^"]+)"', path.read_text()))
    lowest, below = re.fullmatch(r">= ([\d.]+), < ([\d.]+)", found).groups()  # type: ignore[union-attr]
    assert cells("provider hashicorp/aws")[0] == f"{lowest} or later, below {below}"


def test_the_provider_that_large_requests_need() -> None:
    (variable,) = (
        each for each in terraform_blocks(ROOT / "modules/sesmail", "variable") if each.name == "max_request_kb"
    )
    (needed,) = re.findall(r"needs version ([\d.]+) or later of the AWS provider", variable.description)
    assert f"`max_request_kb` above 256 needs version {needed} or later of the provider." in TEXT


def test_the_lambda_runtime() -> None:
    variables = [
        variable
        for module in ("modules/sesmail", "modules/producer")
        for variable in terraform_blocks(ROOT / module, "variable")
        if variable.name == "lambda_runtime"
    ]
    assert len(variables) == 2
    default = one((variable.attribute("default") or "").strip('"') for variable in variables)
    assert cells(f"`{default}` (default)")
    assert default == f"python{in_workflows('python-version')}"
    listed = re.findall(r"^\| `(python3\.\d+)`", PAGE.read_text(), re.MULTILINE)
    # The module's validation takes these, and nothing below them.
    assert min(listed, key=lambda name: int(name.removeprefix("python3."))) == "python3.11"
    text = (ROOT / "modules/sesmail/variables_functions.tf").read_text()
    assert "lambda_runtime must be python3.11 or later" in text


def test_python_and_its_packages() -> None:
    command, client = project("pyproject.toml"), project("clients/python/pyproject.toml")
    python = one(each["requires-python"].removeprefix(">=") for each in (command, client))
    assert cells("Python")[1:] == [f"{python} or later", in_workflows("python-version")]
    assert cells("boto3")[1] == f"{minimum(command['dependencies'], 'boto3')} or later"
    assert cells("boto3 (Python client)")[1] == f"{minimum(client['dependencies'], 'boto3')} or later"
    assert cells("mcp")[1] == f"{minimum(command['optional-dependencies']['mcp'], 'mcp')} or later"


def test_node_and_its_packages() -> None:
    package = json.loads((ROOT / "clients/typescript/package.json").read_text())
    node = package["engines"]["node"].removeprefix(">=")
    assert cells("Node.js")[1:] == [f"{node} or later", in_workflows("node-version")]
    sdk = one({**package["dependencies"], **package["peerDependencies"]}.values()).removeprefix("^")
    assert cells("AWS SDK for JavaScript")[1] == f"{sdk} or later, below {int(sdk.split('.')[0]) + 1}"


def test_every_version_that_is_supported_has_an_end() -> None:
    text = PAGE.read_text()
    lowest = {
        name: int(found) for name, found in re.findall(r"^\| (Python|Node\.js) \|[^|]+\| (?:3\.)?(\d+) or", text, re.M)
    }
    dated = re.findall(r"^\| (?:\[(?:Python|Node\.js)\]\S+|Python|Node\.js) (?:3\.)?(\d+) \|", text, re.MULTILINE)
    assert set(lowest) == {"Python", "Node.js"}
    assert {str(version) for version in lowest.values()} <= set(dated)


def test_the_x_ray_sdk() -> None:
    assert f"`aws-xray-sdk` {pinned('aws-xray-sdk', 'layer')}." in TEXT


def test_the_emulators() -> None:
    assert cells("ministack")[1] == pinned("ministack", "emulator")
    image = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["localstack"]["image"]
    assert cells("LocalStack")[1].startswith(f"{image.partition(':')[2]}:")
