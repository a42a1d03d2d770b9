"""Deploy the engine to an emulator: package, Terraform, the sender's identity, the alarms' subscription."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.emulator import Emulator
from localcloud.engine import DEFAULT_NAME, SENDER_DOMAIN, Engine
from localcloud.package import architecture, build_package, python_version
from localcloud.paths import BUILD
from localcloud.terraform import Terraform


@dataclass
class Deployment:
    """A deployed engine and the Terraform that deployed it."""

    terraform: Terraform
    engine: Engine


def variables_for(emulator: Emulator, package: Path, name: str = DEFAULT_NAME) -> dict[str, Any]:
    """Return the Terraform variables that every local engine has."""
    variables: dict[str, Any] = {
        "name": name,
        "admin_email": f"admin@{SENDER_DOMAIN}",
        "default_sender_email": f"no-reply@{SENDER_DOMAIN}",
        "default_sender_name": "My Company",
        "environment": "dev",
        "retain_data_on_delete": False,
        "package_dir": str(package),
        "lambda_architecture": architecture(),
        "lambda_runtime": f"python{python_version(emulator.backend)}",
        # No emulator has Service Quotas.
        "check_lambda_quota": False,
    }
    if not emulator.has_full_ses:
        # LocalStack community has no SES v2 and never mounts layers.
        variables |= {"create_configuration_set": False, "layer_delivery": "bundled", "ses_api": "v1"}
    return variables


def deploy(
    emulator: Emulator,
    work: str,
    name: str = DEFAULT_NAME,
    variables: Mapping[str, Any] | None = None,
    root_files: Mapping[str, str] | None = None,
) -> Deployment:
    """Apply the project's Terraform root, with more files in it, in `build/WORK`, from an empty state."""
    folder = BUILD / work
    shutil.rmtree(folder, ignore_errors=True)
    # A copy: a later build must not change what this engine was deployed from.
    package = shutil.copytree(build_package(emulator.backend), folder / "package")
    all_variables = variables_for(emulator, package, name) | dict(variables or {})
    terraform = Terraform(folder, emulator.environment, emulator.backend, all_variables)
    terraform.prepare()
    for file, text in (root_files or {}).items():
        (terraform.root / file).write_text(text)
    terraform.apply()
    engine = Engine(emulator, terraform.outputs(), name)
    engine.verify_sender()
    engine.confirm_alarms()
    return Deployment(terraform, engine)


def change(emulator: Emulator, work: str, variables: Mapping[str, Any]) -> None:
    """Apply again what runs in `build/WORK`, with these variables."""
    folder = BUILD / work
    all_variables = variables_for(emulator, folder / "package") | dict(variables)
    terraform = Terraform(folder, emulator.environment, emulator.backend, all_variables)
    terraform.prepare()
    terraform.apply()
