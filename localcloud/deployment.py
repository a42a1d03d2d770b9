"""Brings the engine up on an emulator: package, Terraform, the sender's identity; and takes it away again."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.emulator import Emulator
from localcloud.package import architecture, build_package, python_version
from localcloud.paths import BUILD
from localcloud.stack import DEFAULT_NAME, SENDER_DOMAIN, Stack
from localcloud.terraform import Terraform


@dataclass
class Deployment:
    """A stack and the Terraform that made it."""

    terraform: Terraform
    stack: Stack


def variables_for(emulator: Emulator, package: Path, name: str = DEFAULT_NAME) -> dict[str, Any]:
    """The variables that every local stack has."""
    chosen: dict[str, Any] = {
        "name": name,
        "admin_email": f"admin@{SENDER_DOMAIN}",
        "default_sender_email": f"no-reply@{SENDER_DOMAIN}",
        "default_sender_name": "My Company",
        "environment": "dev",
        "retain_data_on_delete": False,
        "package_dir": str(package),
        "lambda_architecture": architecture(),
        "lambda_runtime": f"python{python_version(emulator.backend)}",
    }
    if not emulator.has_full_ses:
        # LocalStack community has no SES v2 and never mounts layers.
        chosen |= {"create_configuration_set": False, "layer_delivery": "bundled"}
    return chosen


def deploy(
    emulator: Emulator, work: str, name: str = DEFAULT_NAME, variables: Mapping[str, Any] | None = None
) -> Deployment:
    """Apply the project's Terraform root in `build/WORK`, from an empty state."""
    folder = BUILD / work
    shutil.rmtree(folder, ignore_errors=True)
    # A copy: the next build, by whomever, must not change what this stack was made of.
    package = shutil.copytree(build_package(emulator.backend), folder / "package")
    chosen = variables_for(emulator, package, name) | dict(variables or {})
    terraform = Terraform(folder, emulator.environment, emulator.backend, chosen)
    terraform.prepare()
    terraform.apply()
    stack = Stack(emulator, terraform.outputs(), name)
    stack.verify_sender()
    return Deployment(terraform, stack)
