"""Runs the genuine Terraform with the genuine AWS provider on a copy of the modules: tests, and plans as JSON."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from localcloud.provider import GARBAGE_COLLECTION, terraform_binary, terraform_init_args

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
REGION = "eu-west-1"
SOURCES = ("modules", "terraform", "examples")
PACKAGES = "modules/sesmail/tests/package"

_CALLER_IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::{ACCOUNT}:user/test</Arn><UserId>TEST</UserId><Account>{ACCOUNT}</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""

# A new account: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
NEW_ACCOUNT_CONCURRENCY = 10
_QUOTA_ARN = f"arn:aws:servicequotas:{REGION}:{ACCOUNT}:lambda/L-B99A9384"
_QUOTA = json.dumps({"Quota": {"QuotaArn": _QUOTA_ARN, "Value": NEW_ACCOUNT_CONCURRENCY}})

_MOCKED_PROVIDER = re.compile(r"^mock_provider \"aws\" \{(?:\}|.*?^\})\n", re.MULTILINE | re.DOTALL)


class _Account(BaseHTTPRequestHandler):
    """The only AWS calls of the provider while it plans a new deployment: GetCallerIdentity, and Lambda's quota."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        quota = "ServiceQuotas" in self.headers.get("X-Amz-Target", "")
        body = (_QUOTA if quota else _CALLER_IDENTITY).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1" if quota else "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the test output clean."""


@dataclass(frozen=True)
class Resource:
    """A planned resource: its address, type, and values; what is known after apply only is absent."""

    address: str
    type: str
    values: Mapping[str, Any]

    def json(self, attribute: str) -> Any:
        """An attribute that holds JSON, such as a policy."""
        return json.loads(self.values[attribute])


@dataclass(frozen=True)
class Plan:
    """What Terraform would create, and what its `check` blocks warn of."""

    resources: tuple[Resource, ...]
    warnings: tuple[str, ...] = ()

    def all(self, type_: str) -> tuple[Resource, ...]:
        return tuple(resource for resource in self.resources if resource.type == type_)

    def one(self, type_: str, **values: object) -> Resource:
        """The one resource of a type with these values."""
        found = [
            resource
            for resource in self.all(type_)
            if all(resource.values.get(key) == value for key, value in values.items())
        ]
        assert len(found) == 1, f"{len(found)} resources are {type_} with {values}"
        return found[0]


class Workspace:
    """A copy of the Terraform sources, so that nothing is left in the repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignore = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate*", "terraform.tfvars")
        for name in SOURCES:
            shutil.copytree(ROOT / name, folder / name, ignore=ignore)
        self._sts = ThreadingHTTPServer(("127.0.0.1", 0), _Account)
        threading.Thread(target=self._sts.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._sts.shutdown()
        self._sts.server_close()

    def terraform(self, where: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs Terraform in a folder of the copy; the caller judges the outcome."""
        return subprocess.run(
            [terraform_binary(), *arguments],
            cwd=self.folder / where,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, where: str, *arguments: str) -> str:
        """Runs Terraform and gives its output; anything but success fails the test with what Terraform said."""
        done = self.terraform(where, *arguments)
        assert done.returncode == 0, f"terraform {' '.join(arguments)} in {where}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def init(self, where: str) -> None:
        self.run(where, "init", "-input=false", "-no-color", *terraform_init_args())

    def test(self, test_file: str) -> str:
        """`terraform test` with one test file, named by its path in the repository."""
        where, _, file = test_file.partition("/tests/")
        self.init(where)
        return self.run(where, "test", "-no-color", f"-filter=tests/{file}")

    def test_validation(self, test_file: str) -> str:
        """The same for a file that looks at variables only: without a provider to start, a run takes a blink."""
        where, _, file = test_file.partition("/tests/")
        alone = self._variables(f"variables/{file}", where)
        (alone / "tests").mkdir()
        text = (ROOT / test_file).read_text()
        (alone / "tests" / file).write_text(_MOCKED_PROVIDER.sub("", text))
        self.run(str(alone), "init", "-input=false", "-no-color")
        return self.run(str(alone), "test", "-no-color")

    def rejected(self, values: Mapping[str, str]) -> str:
        """Plan the root with the engine's variables alone, and return what Terraform says to these values."""
        self._variables("rejected", "modules/sesmail")
        root = str(self._variables("rejected", "terraform"))
        shutil.copy(ROOT / "terraform/sesmail.tf", root)
        self.run(root, "init", "-input=false", "-no-color")
        given = [f"-var={name}={value}" for name, value in values.items()]
        done = self.terraform(root, "plan", "-input=false", "-no-color", *given)
        assert done.returncode == 1, done.stdout
        return done.stderr

    def _variables(self, folder: str, where: str) -> Path:
        """Copy a module's variables alone."""
        alone = self.folder / folder / where
        alone.mkdir(parents=True)
        for path in (ROOT / where).glob("variables*.tf"):
            shutil.copy(path, alone)
        return alone

    def plan(self, where: str, variables: Mapping[str, object]) -> Plan:
        """Plans a root as if for an empty account."""
        self.init(where)
        (self.folder / where / "plan.auto.tfvars.json").write_text(json.dumps(variables))
        self.run(where, "plan", "-input=false", "-no-color", "-out=plan.tfplan")
        shown = json.loads(self.run(where, "show", "-json", "plan.tfplan"))
        checked = [instance for check in shown.get("checks", []) for instance in check.get("instances", [])]
        warnings = [problem["message"] for instance in checked for problem in instance.get("problems", [])]
        return Plan(tuple(_resources(shown["planned_values"]["root_module"])), tuple(warnings))

    def applied(self, test_file: str) -> Plan:
        """The state after the last run of a test file, in which mocks make up what AWS would answer."""
        where, _, file = test_file.partition("/tests/")
        self.init(where)
        output = self.run(where, "test", "-json", "-verbose", f"-filter=tests/{file}")
        states = [line["test_state"] for line in map(json.loads, output.splitlines()) if line["type"] == "test_state"]
        assert states, f"{test_file} applied nothing"
        state = states[-1]
        return Plan(tuple(_resources(state.get("root_module") or state["values"]["root_module"])))

    def planned_runs(self, test_file: str) -> dict[str, Plan]:
        """The plan of each run of a test file, in which mocks make up what AWS would answer."""
        where, _, file = test_file.partition("/tests/")
        self.init(where)
        output = self.run(where, "test", "-json", "-verbose", f"-filter=tests/{file}")
        plans = [line for line in map(json.loads, output.splitlines()) if line["type"] == "test_plan"]
        return {line["@testrun"]: Plan(tuple(_changes(line["test_plan"]))) for line in plans}

    def _environment(self) -> dict[str, str]:
        own = {
            key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_VAR_", "TF_CLI_ARGS"))
        }
        return {
            **GARBAGE_COLLECTION,
            **own,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._sts.server_port}",
            "AWS_EC2_METADATA_DISABLED": "true",
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
        }


def _changes(plan: Mapping[str, Any]) -> list[Resource]:
    changes = [change for change in plan["resource_changes"] if change["mode"] == "managed"]
    return [Resource(change["address"], change["type"], change["change"]["after"] or {}) for change in changes]


def _resources(module: Mapping[str, Any]) -> list[Resource]:
    own = [
        Resource(resource["address"], resource["type"], resource.get("values", {}))
        for resource in module.get("resources", [])
        if resource["mode"] == "managed"
    ]
    return own + [resource for child in module.get("child_modules", []) for resource in _resources(child)]
