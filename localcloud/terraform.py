"""Run the project's own Terraform root, with the genuine AWS provider, against an emulator."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.paths import REPOSITORY, LocalCloudError
from localcloud.progress import Progress
from localcloud.provider import GARBAGE_COLLECTION, terraform_binary, terraform_init_args

# An emulator has no real credentials or metadata to check, and no host name for each bucket.
OVERRIDE = """
provider "aws" {
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
}
"""
# The provider waits for each SQS attribute in turn; in parallel, an apply is quick.
PARALLELISM = "-parallelism=40"


class TerraformError(LocalCloudError):
    """Terraform failed; the message holds its diagnostics."""


@dataclass
class Terraform:
    """A copy of terraform/ and modules/ in a work folder, with a state of its own."""

    folder: Path
    environment: Mapping[str, str]
    backend: str
    variables: Mapping[str, Any]
    # Provider settings of this run; empty for a real account.
    override: str = OVERRIDE
    # Files to add to the root.
    additions: tuple[Path, ...] = ()
    # On an interrupt, let Terraform write down what it has made: a local cloud is thrown away, an account is not.
    saves_state_on_interrupt: bool = False

    @property
    def root(self) -> Path:
        return self.folder / "terraform"

    def prepare(self) -> None:
        """Copy the modules again (the state stays), write variables and provider settings, run init."""
        for name in ("terraform", "modules"):
            _copy_sources(REPOSITORY / name, self.folder / name)
        if self.override:
            (self.root / "emulator_override.tf").write_text(self.override)
        for path in self.additions:
            shutil.copy(path, self.root)
        (self.root / "emulator.auto.tfvars.json").write_text(json.dumps(self.variables, indent=2))
        self._run("init", "-input=false", "-no-color", *terraform_init_args())

    def apply(self) -> None:
        """Run apply and show its progress."""
        self._run_with_progress("Terraform apply", "apply", "-auto-approve")

    def destroy(self) -> None:
        """Run destroy and show its progress."""
        self._run_with_progress("Terraform destroy", "destroy", "-auto-approve")

    def outputs(self) -> dict[str, Any]:
        """Return the output values by name."""
        found: dict[str, dict[str, Any]] = json.loads(self._run("output", "-json"))
        return {name: output["value"] for name, output in found.items()}

    def resources(self) -> list[str]:
        """List the addresses in the state."""
        return self._run("state", "list").split() if (self.root / "terraform.tfstate").exists() else []

    def plan(self) -> dict[str, Any]:
        """Plan against the current state; return the plan as Terraform's JSON."""
        self._run("plan", "-input=false", "-no-color", "-out=again.tfplan", PARALLELISM)
        plan: dict[str, Any] = json.loads(self._run("show", "-json", "again.tfplan"))
        return plan

    def _command(self, *arguments: str) -> list[str]:
        return [terraform_binary(), *arguments]

    def _environment(self) -> dict[str, str]:
        own = {
            key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_VAR_", "TF_CLI_ARGS"))
        }
        return GARBAGE_COLLECTION | own | dict(self.environment) | {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}

    def _run(self, *arguments: str) -> str:
        command = self._command(*arguments)
        done = subprocess.run(
            command, cwd=self.root, env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise TerraformError(f"terraform {arguments[0]} failed:\n{(done.stdout + done.stderr).strip()[-4000:]}")
        return done.stdout

    def _run_with_progress(self, title: str, *arguments: str) -> None:
        progress = Progress(title)
        command = self._command(*arguments, "-input=false", "-json", PARALLELISM)
        log_path = self.folder / f"{arguments[0]}.log"
        with (
            log_path.open("w") as log,
            subprocess.Popen(
                command,
                cwd=self.root,
                env=self._environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            ) as process,
        ):
            try:
                for line in process.stdout or ():
                    log.write(line)
                    if line.startswith("{"):
                        progress.event(json.loads(line))
            except BaseException:
                _end(process, save_state=self.saves_state_on_interrupt)
                raise
        progress.finish()
        if process.returncode:
            errors = "\n".join(progress.errors) or log_path.read_text()[-4000:]
            raise TerraformError(f"terraform {arguments[0]} failed:\n{errors}")


def _end(process: subprocess.Popen[str], *, save_state: bool) -> None:
    """End Terraform: at once, or after what it has begun.

    It has a session of its own, so that Ctrl-C reaches it through this process only: a second interrupt would make it
    exit without its state.
    """
    if save_state:
        process.send_signal(signal.SIGINT)
    else:
        os.killpg(process.pid, signal.SIGKILL)  # its provider's processes included
    while process.poll() is None:
        with contextlib.suppress(KeyboardInterrupt):
            process.communicate()


def _copy_sources(source: Path, target: Path) -> None:
    """Replace the target's sources; keep its state and provider."""
    if target.exists():
        for path in target.rglob("*.tf"):
            if ".terraform" not in path.parts:
                path.unlink()
    ignore = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars", "*.tfplan", "tests")
    shutil.copytree(source, target, ignore=ignore, dirs_exist_ok=True)
