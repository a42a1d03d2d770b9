"""Deploy the engine under a throw-away name with a state of its own, and destroy it again."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localcloud.paths import BUILD, REPOSITORY
from localcloud.terraform import OVERRIDE, Terraform, TerraformError
from tools.aws_check.account import Account, RefusedError

FOLDER = BUILD / "aws-check"
NAME = re.compile(r"sesmail-check-[0-9a-f]{8}")
# SNS asks this address to confirm its subscription: no person gets mail of the check.
ADMIN = "success@simulator.amazonses.com"
PROBE = Path(__file__).with_name("probe.tf")
# The least that AWS takes for a queue: five queues fit into a new account's ten executions.
CONCURRENCY = 2


def new_name() -> str:
    """Return a name that no engine has."""
    return f"sesmail-check-{secrets.token_hex(4)}"


@dataclass
class Deployment:
    """The engine's Terraform root, with the check's own resources, in a folder of this run."""

    account: Account
    name: str
    sender: str
    package: Path
    outputs: Mapping[str, Any] = field(default_factory=dict)
    second_plan: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def terraform(self) -> Terraform:
        return Terraform(
            self.folder,
            self.account.environment,
            "ministack" if self.account.is_emulated else "aws",
            self.variables,
            override=OVERRIDE if self.account.is_emulated else "",
            additions=(PROBE,),
            saves_state_on_interrupt=True,
        )

    @property
    def variables(self) -> dict[str, Any]:
        """Return the root's variables: the defaults, as small as they may be, and removable."""
        manifest = json.loads((self.package / "manifest.json").read_text())
        return {
            "name": self.name,
            "admin_email": ADMIN,
            "default_sender_email": self.sender,
            "default_sender_name": "SESMail check",
            "environment": "dev",
            "aws_region": self.account.region,
            "retain_data_on_delete": False,
            "package_dir": str(self.package.resolve()),
            "lambda_architecture": manifest["architecture"],
            "lambda_runtime": f"python{manifest['python']}",
            "check_lambda_quota": False,
            "email_sender_concurrency": CONCURRENCY,
            "bulk_sender_concurrency": CONCURRENCY,
            "feedback_processor_concurrency": CONCURRENCY,
            "tags": {"SESMailCheck": self.name},
        }

    def apply(self) -> None:
        """Create everything. What an interrupted apply has made is in the state, for `destroy`."""
        self.terraform.prepare()
        self.terraform.apply()
        self.outputs = self.terraform.outputs()

    def plan_again(self) -> None:
        """Plan against what was applied."""
        self.second_plan = self.terraform.plan()

    def planned(self, resource_type: str) -> Iterator[Mapping[str, Any]]:
        """Yield the values that the configuration gives each resource of a type."""
        for resource in self.second_plan["resource_changes"]:
            if resource["type"] == resource_type and resource["change"]["after"]:
                yield resource["change"]["after"]

    def trace(self) -> None:
        """Switch tracing on, as an operator would."""
        traced = Terraform(**{**vars(self.terraform), "variables": self.variables | {"tracing_enabled": True}})
        traced.prepare()
        traced.apply()

    def destroy(self) -> None:
        """Destroy what the state holds, once more if a resource was busy: AWS forgets some only after a while."""
        if not self.terraform.resources():
            return
        try:
            self.terraform.destroy()
        except TerraformError:
            self.terraform.destroy()

    def clean(self) -> None:
        """Remove the root and its empty state; the report stays."""
        for folder in ("terraform", "modules"):
            shutil.rmtree(self.folder / folder, ignore_errors=True)
        for log in self.folder.glob("*.log"):
            log.unlink()

    @property
    def destroy_command(self) -> str:
        """Return what a user runs where `destroy` could not."""
        return f"terraform -chdir={self.terraform.root} destroy"


def package(given: str | None) -> Path:
    """Return the folder of the archives: the given one, or a new build as of `make package`. Raises RefusedError."""
    folder = Path(given) if given else FOLDER / "package"
    if not given:
        command = [sys.executable, str(REPOSITORY / "scripts" / "package.py"), "--dist", str(folder)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RefusedError(f"The package could not be built: {(done.stdout + done.stderr)[-2000:]}")
    if not (folder / "manifest.json").is_file():
        raise RefusedError(f"{folder} has no manifest.json: set PACKAGE_DIR to where `make package` has written.")
    return folder
